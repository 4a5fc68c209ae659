"""SQLite's writers: they queue, and those of one process who wait share a commit.

SQLite has one writer at a time and lets the others poll, by which some wait for ever. So here the
threads of a process queue up, first come, first served, and the first one waits for its process's
turn, by a file beside the database. Who writes without knowing of all this is waited for, too.

A commit waits for the disk. So who has written, while others wait in the same process, leaves the
transaction open to the next one and waits for its commit. That goes on, each in a savepoint, until
nobody waits, or the group is large or old enough for others to have their turn. The last one
commits for all, and before that nobody returns. Who fails takes back no more than what is its own.
Where the commit fails, or SQLite gives up the whole transaction, all fail who are part of it. A
single writer waits for nobody, and needs no savepoint.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from todo_api import part
from todo_api.errors import Unavailable
from todo_api.part import Part
from todo_api.place import Place, nothing
from todo_api.sqlite import Driver
from todo_api.turnstile import Turnstile

_RETRY_AFTER = 1


class Group:
    """A transaction, those whose writes it holds, and what has become of it."""

    def __init__(self, place: Place, closing: ExitStack) -> None:
        self.place = place
        self.driver: Driver = place.driver
        self.closing = closing
        self.begun = time.monotonic()
        self.size = 1
        self.holds: list[Writer] = []
        self.is_committed = False
        self.error: BaseException | None = None

    @property
    def is_open(self) -> bool:
        """Whether another one may join in."""
        is_young = self.size < part.MOST and time.monotonic() < self.begun + part.LONGEST
        return is_young and self.driver.in_transaction

    def failure(self) -> BaseException:
        """Return what to raise; each thread needs one of its own."""
        if self.error:
            return DBAPIError.instance("COMMIT", None, self.error, sqlite3.Error)
        return Unavailable(retry_after=_RETRY_AFTER)


class Writer:
    """Somebody in the queue; when its turn comes it is told of the group that it joins, if any."""

    def __init__(self, *, alone: bool) -> None:
        self.alone = alone
        self.group: Group | None = None
        self._call = threading.Lock()
        self._call.acquire()

    def call(self) -> None:
        """Let it go on."""
        self._call.release()

    def wait(self, seconds: float = -1) -> None:
        """Wait for a call; raise Unavailable if there is none within `seconds`, if that is said."""
        if not self._call.acquire(timeout=seconds):
            raise Unavailable(retry_after=_RETRY_AFTER)


class Writers:
    """The writers of one process, who `take` a connection of the engine's, always the same one.

    `patience`, in seconds, is how long they usually wait.
    """

    def __init__(self, engine: Engine, take: Callable[[], Place], patience: int) -> None:
        self.patience = patience
        self._take = take
        self.turnstile = Turnstile(f"{engine.url.database}-writers")
        self._changing = threading.Lock()
        self.queue: deque[Writer] = deque()
        self._busy = False
        self.own = threading.local()
        """A thread's own way to get its part, if it has one, see `sqlite_together`."""

    @contextmanager
    def part(
        self, patience: float, *, alone: bool = False, on: Place | None = None
    ) -> Iterator[tuple[Place, bool]]:
        """Be the one who writes; yield where, and whether the transaction is a new one.

        The driver is to begin there, and to commit or roll back what is this writer's own. To
        return is to have that on the disk. Raises Unavailable if it is not the writer's turn within
        `patience` seconds. One who may take long is better `alone`, so that nobody's commit waits
        for that. It may bring the place that it works `on`.
        """
        if own := getattr(self.own, "part", None):
            with own(patience) as shared:
                yield shared
            return
        until = time.monotonic() + patience
        writer = Writer(alone=alone)
        has_to_wait = self.line_up(writer)
        error: BaseException | None = None
        try:
            if has_to_wait:
                writer.wait(patience)
            is_new = writer.group is None
            group = writer.group = writer.group or self.begun(on, until)
            group.driver.take(Part.FIRST if is_new else Part.NEXT)
            yield group.place, is_new
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.leave(writer, error)

    def line_up(self, writer: Writer) -> bool:
        """Queue up; return whether the writer has to wait."""
        with self._changing:
            if self._busy:
                self.queue.append(writer)
                return True
            self._busy = True
            return False

    def begun(self, on: Place | None, until: float) -> Group:
        """Begin a transaction, as the only writer of this process."""
        if not self.turnstile.take(until):
            raise Unavailable(retry_after=_RETRY_AFTER)
        with ExitStack() as failing:
            failing.callback(self.turnstile.give_back)
            place = on or self._take()
            failing.callback(place.driver.rollback if on else place.pooled.close)
            place.driver.begin_writing(until - time.monotonic())
            return Group(place, failing.pop_all())

    def leave(self, writer: Writer, error: BaseException | None) -> None:
        """Hand on the turn, and do not return before the commit if there is something in it."""
        with self._changing:
            if writer in self.queue:
                self.queue.remove(writer)
                return
        group = writer.group
        if group is None:
            self._hand_on()
            return
        is_in_it = error is None and group.driver.is_kept
        if is_in_it:
            group.holds.append(writer)
        if writer.alone or not group.is_open or not self._hand_on(group):
            self.end(group)
        if is_in_it:
            writer.wait()
            if not group.is_committed:
                raise group.failure()

    def end(self, group: Group) -> None:
        """Commit for all who are in it, and let them, and others, go on."""
        try:
            if group.holds and group.driver.in_transaction:
                group.place.put("COMMIT", (), nothing)
                group.driver.committed()
                group.is_committed = True
        except DBAPIError as error:
            group.error = error.orig
        finally:
            group.driver.take(Part.ALL)
            try:
                group.closing.close()
            finally:
                self._hand_on()
                for each in group.holds:
                    each.call()

    def _hand_on(self, group: Group | None = None) -> bool:
        """Call the next one, if there is one, or one who will join in `group`; return whether."""
        with self._changing:
            if not self.queue:
                self._busy = group is not None
                return False
            if group and self.queue[0].alone:
                return False
            following = self.queue.popleft()
            following.group = group
        if group:
            group.size += 1
        following.call()
        return True
