"""SQLite's writers: one at a time, first come, first served, and a batch of them with one commit.

SQLite has one writer at a time and lets the others poll, by which some wait for ever. So the
threads of a process queue up for its one connection that writes, and processes take turns by a file
beside the database. A writer that knows nothing of all this is waited for, too.

A commit waits for the disk. So a thread that has several writes to do does them in a batch: one
transaction, in which each write after the first has a savepoint of its own. A failed write rolls
back only its own savepoint. Nobody may be answered before the batch is committed.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from todo_api.checkpoints import Checkpoints
from todo_api.errors import Unavailable
from todo_api.place import Place, nothing
from todo_api.sqlite import Driver, Part
from todo_api.turnstile import Turnstile

_RETRY_AFTER = 1


class FairLock:
    """A lock that its waiters get in the order in which they came."""

    def __init__(self) -> None:
        self._is_held = False
        self._waiting = deque[threading.Lock]()
        self._changing = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait for the lock."""
        return len(self._waiting)

    def acquire(self, seconds: float) -> bool:
        """Wait for the lock for up to so many seconds; return whether it is held now.

        A waiter to which the lock is handed in the very moment in which its time ends holds it.
        """
        with self._changing:
            if not self._is_held:
                self._is_held = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=max(0.0, seconds)):
            return True
        with self._changing:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        return True

    def release(self) -> None:
        """Hand the lock on to the one that has waited longest, if there is one."""
        with self._changing:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False


class Writers:
    """The writers of one process, which `take` a connection of the engine's, always the same one.

    `seconds` is how long one waits for its turn, unless it says otherwise.
    """

    def __init__(self, engine: Engine, take: Callable[[], Place], seconds: int) -> None:
        self.seconds = seconds
        self.turnstile = Turnstile(f"{engine.url.database}-writers")
        self.lock = FairLock()
        self._take = take
        self.checkpoints = Checkpoints(str(engine.url.database))
        self._own = threading.local()

    @contextmanager
    def write(self, seconds: float, on: Place | None = None) -> Iterator[tuple[Place, bool]]:
        """Be the one that writes; yield where, and whether a new transaction was begun for it.

        It is committed at the end if the driver was told to commit, which within a batch is no more
        than a note. Raises Unavailable if it is not the writer's turn within so many seconds. A
        writer may bring the connection that it works `on`.
        """
        batch: Batch | None = getattr(self._own, "batch", None)
        if batch:
            with batch.write(seconds) as shared:
                yield shared
            return
        with self.transaction(time.monotonic() + seconds, on) as place:
            place.driver.take(Part.FIRST)
            yield place, True

    @contextmanager
    def transaction(self, until: float, on: Place | None = None) -> Iterator[Place]:
        """Hold the one transaction that may write, begun by `until` in time.monotonic().

        At the end it is committed if something of it is to be kept, else rolled back.
        """
        if not self.lock.acquire(until - time.monotonic()):
            raise Unavailable(retry_after=_RETRY_AFTER)
        try:
            if not self.turnstile.take(until):
                raise Unavailable(retry_after=_RETRY_AFTER)
            try:
                with self._connected(on) as place:
                    place.driver.begin_writing(until - time.monotonic())
                    yield place
                    self._commit(place)
            finally:
                self.turnstile.give_back()
        finally:
            self.lock.release()

    @contextmanager
    def batch(self) -> Iterator["Batch"]:
        """Let what this thread writes share one transaction, which is committed at the end."""
        batch = self._own.batch = Batch(self)
        try:
            yield batch
        finally:
            del self._own.batch
            batch.end()

    @contextmanager
    def _connected(self, on: Place | None) -> Iterator[Place]:
        place = on or self._take()
        try:
            yield place
        finally:
            place.driver.take(Part.ALL)
            if on:
                place.driver.rollback()
            else:
                place.pooled.close()  # Which rolls back what was not committed.

    def _commit(self, place: Place) -> None:
        driver: Driver = place.driver
        if driver.is_kept and driver.in_transaction:
            place.put("COMMIT", (), nothing)
            driver.committed()
            self.checkpoints.limit_log(driver, 1000 * driver.patience)


class Batch:
    """Writes of one thread that share a transaction, which begins with the first of them.

    `since` says, in time.monotonic(), since when the next one waits.
    """

    def __init__(self, writers: Writers) -> None:
        self.since = time.monotonic()
        self._writers = writers
        self._open = ExitStack()
        self._place: Place | None = None
        self._has_writes = False
        self._is_committed = False
        self._held: Any = None

    @property
    def is_lost(self) -> bool:
        """Whether something of it was done, and is not stored, nor ever will be."""
        if self._place is None or not self._has_writes or self._is_committed:
            return False
        return not self._place.driver.in_transaction

    @contextmanager
    def write(self, seconds: float) -> Iterator[tuple[Place, bool]]:
        """Be the one that writes, as `Writers.write`; to return is not yet to have it stored."""
        if self.is_lost:
            # Another transaction would begin here, which is not lost.
            raise Unavailable(retry_after=_RETRY_AFTER)
        if self._place is None:
            transaction = self._writers.transaction(self.since + seconds)
            self._place = self._open.enter_context(transaction)
            self._held = self._place.driver.found
        driver: Driver = self._place.driver
        is_first = not self._has_writes
        held, self._held = self._held, None
        driver.take(Part.FIRST if is_first else Part.NEXT, held)
        yield self._place, is_first
        if driver.is_kept:
            self._held = driver.held
            self._has_writes = True

    def end(self) -> None:
        """Commit, if there is anything; where that fails, the batch is lost."""
        if self._place is None:
            return
        driver: Driver = self._place.driver
        driver.is_kept = self._has_writes
        driver.leaves = self._held
        is_whole = not self.is_lost
        with suppress(DBAPIError):
            self._open.close()
            self._is_committed = is_whole
