"""SQLite's writes of many, done by one thread together: it need not wait for the disk after each.

Each is a part of one transaction, as where writers share a commit, see `sqlite_writers`. What is
answered to whom is true only when that is committed; whoever does the work has to ask.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from todo_api.errors import Unavailable
from todo_api.part import Part, Work
from todo_api.place import Place
from todo_api.sqlite_writers import Group, Writer, Writers

_RETRY_AFTER = 1


class Together(Work):
    """A transaction that begins with the first part of it."""

    def __init__(self, writers: Writers) -> None:
        self.since = time.monotonic()
        self._writers = writers
        self._writer = Writer(alone=True)
        self._group: Group | None = None

    @property
    def is_lost(self) -> bool:
        """Whether something of it was done, and is not on the disk, nor ever will be."""
        group = self._group
        if group is None or not group.holds:
            return False
        return not (group.is_committed or group.driver.in_transaction)

    @contextmanager
    def part(self, patience: float) -> Iterator[tuple[Place, bool]]:
        """Be the one who writes, as `Writers.part`; but to return is not yet to have it stored."""
        if self.is_lost:
            # Another one would begin here, which is not lost.
            raise Unavailable(retry_after=_RETRY_AFTER)
        group = self._group = self._group or self._begun(self.since + patience)
        is_first = not group.holds
        held, self.held = self.held, None
        group.driver.take(Part.FIRST if is_first else Part.NEXT, held)
        yield group.place, is_first
        if group.driver.is_kept:
            self.held = group.driver.held
            if is_first:
                group.holds.append(self._writer)

    def end(self) -> None:
        """Commit, if there is anything."""
        if self._group:
            self._group.driver.leaves = self.held
            self._writers.end(self._group)

    def _begun(self, until: float) -> Group:
        try:
            if self._writers.line_up(self._writer):
                self._writer.wait(max(0, until - time.monotonic()))
            group = self._writers.begun(None, until)
        except BaseException as error:
            self._writers.leave(self._writer, error)
            raise
        self.held = group.driver.found
        return group


@contextmanager
def together(writers: Writers) -> Iterator[Together]:
    """Let what this thread writes be parts of one transaction, which is committed at the end."""
    work = Together(writers)
    writers.own.part = work.part
    try:
        yield work
    finally:
        del writers.own.part
        work.end()
