"""PostgreSQL's writes of many, done by one thread together: it waits for the disk once.

Who writes holds the row of its account until its commit is on the disk, so those who write to one
account come one after the other. Here each has a part of one transaction, in a savepoint, as on
SQLite, see `sqlite_together`. All are to be of one account: who held the rows of several, in any
order, could wait for somebody who waits for one of them.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy.orm import Session

from todo_api.announcing import Announcer, topics_of
from todo_api.errors import MustBeAlone, Unavailable
from todo_api.generation import Guard
from todo_api.part import Part, Work
from todo_api.place import Place, nothing

_RETRY_AFTER = 1


class Together(Work):
    """A transaction that begins with the first part of it."""

    def __init__(self, take: Callable[[], Place], guard: Guard) -> None:
        self.topics = set[int]()
        """What it is about, to be told once it is committed."""
        self._take = take
        self._guard = guard
        self._place: Place | None = None
        self._holds = 0
        self._is_committed = False

    @property
    def is_lost(self) -> bool:
        """Whether something of it was done, and is not on the disk, nor ever will be."""
        if not self._holds or self._is_committed or self.is_unknown:
            return False
        return self._status != TransactionStatus.INTRANS

    @property
    def _status(self) -> TransactionStatus:
        place = self._place
        return place.driver.pgconn.transaction_status if place else TransactionStatus.IDLE

    @contextmanager
    def part(self) -> Iterator[Place]:
        """Begin what writes; to return is not yet to have it stored."""
        if self.is_lost:
            raise Unavailable(retry_after=_RETRY_AFTER)
        place = self._connected()
        held, self.held = self.held, None
        if self._status == TransactionStatus.INTRANS:
            place.put("SAVEPOINT part", None, nothing)
            place.driver.take(Part.NEXT, held)
        else:
            place.driver.take(Part.FIRST)
            self._guard.hold(place)
        try:
            yield place
        except MustBeAlone:
            self.sent_away = True
            raise
        if place.driver.is_kept:
            self._holds += 1
            self.held = place.driver.held

    def _connected(self) -> Place:
        if self._place and self._place.driver.closed:
            self._place.pooled.close()
            self._place = None
        self._place = self._place or self._take()
        return self._place

    def end(self) -> None:
        """Commit, if there is anything."""
        if self._place is None:
            return
        place, is_lost = self._place, self.is_lost
        place.driver.take(Part.ALL)
        try:
            if self._holds and not is_lost:
                place.driver.end_writing()
                self._is_committed = True
        except psycopg.Error as error:
            self.is_unknown = place.driver.closed
            place.pooled.invalidate(error)
        finally:
            place.pooled.close()


class Sharing:
    """Those who share transactions of one database, each thread its own."""

    def __init__(self, take: Callable[[], Place], guard: Guard, announcer: Announcer) -> None:
        self._take = take
        self._guard = guard
        self._announcer = announcer
        self._own = threading.local()

    @contextmanager
    def writing(self) -> Iterator[Place]:
        """Begin what writes, on a schema that this program knows, alone or as a part."""
        if work := self._work:
            with work.part() as place:
                yield place
            return
        place = self._take()
        try:
            self._guard.hold(place)
            yield place
        finally:
            place.pooled.close()

    def tell(self, session: Session) -> None:
        """Tell what `session` was about, now that it is committed, or once that is so."""
        topics = topics_of(session)
        if work := self._work:
            work.topics |= topics
        else:
            self._announcer.tell(topics)

    @contextmanager
    def together(self) -> Iterator[Together]:
        """Let what this thread writes be parts of one transaction, told once it is committed."""
        work = self._own.work = Together(self._take, self._guard)
        try:
            yield work
        finally:
            del self._own.work
            work.end()
        if not work.is_lost:
            self._announcer.tell(work.topics)

    @property
    def _work(self) -> Together | None:
        """What this thread is at work on."""
        return getattr(self._own, "work", None)
