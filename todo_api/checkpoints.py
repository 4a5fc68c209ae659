"""Checkpoints: SQLite's log is kept small, however many readers there always are.

SQLite itself brings its log into the file without waiting for anybody, so the log grows for as long
as some reader still sees an older state. Once it is large, a writer waits a moment for the readers.
Long reads, which would hold up the writers, wait instead before they begin.
"""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

LARGE = 16 * 2**20
"""Bytes of the log from which on a writer tries to bring it into the file, once a second."""

TOO_LARGE = 2 * LARGE
"""Bytes of the log from which on long reads wait until it is small again."""

PATIENCE = 5.0
"""Seconds for which a long read waits: others that have begun before it end meanwhile."""

_EVERY = 1.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 2.0, 10.0
"""Seconds until a writer waits long again, where that has brought nothing into the file."""

_LOOK_EVERY = 0.05
_SHORT_WAIT, _LONG_WAIT = 50, 1_000
"""Milliseconds that a writer waits for readers, while all other writers wait for it."""


class Checkpoints:
    """Keeps the log of the database in `file` small.

    A writer says when it has committed, a long read when it is about to begin.
    """

    def __init__(self, file: str) -> None:
        self._log = Path(f"{file}-wal")
        self._due = 0.0
        self._long_wait_due = 0.0
        self._pause = _SHORTEST_PAUSE

    def limit_log(self, connection: sqlite3.Connection, busy_timeout: int) -> None:
        """Bring the log into the file if it is large, and wait a moment for older readers.

        The connection has the `busy_timeout`, in milliseconds, again afterwards.
        """
        now = time.monotonic()
        if now < self._due or (size := self._size()) < LARGE:
            return
        self._due = now + _EVERY
        is_long = size >= TOO_LARGE and now >= self._long_wait_due
        _truncate(connection, _LONG_WAIT if is_long else _SHORT_WAIT, busy_timeout)
        if is_long:
            has_failed = self._size() >= TOO_LARGE
            self._long_wait_due = now + self._pause if has_failed else now
            self._pause = min(_LONGEST_PAUSE, 2 * self._pause) if has_failed else _SHORTEST_PAUSE

    def make_room(self, connection: sqlite3.Connection, busy_timeout: int) -> None:
        """Wait until the log is small enough for a long read to begin, PATIENCE at most.

        Without this wait, long reads that overlap would keep the log from ever being brought into
        the file. The connection, which is in no transaction, has the `busy_timeout` afterwards.
        """
        end = time.monotonic() + PATIENCE
        while self._size() >= TOO_LARGE and time.monotonic() < end:
            _truncate(connection, 0, busy_timeout)
            if self._size() >= TOO_LARGE:
                time.sleep(_LOOK_EVERY)

    def _size(self) -> int:
        """Return the bytes of the log."""
        try:
            return self._log.stat().st_size
        except OSError:
            return 0


def _truncate(connection: sqlite3.Connection, wait: int, busy_timeout: int) -> None:
    """Bring the log into the file if all readers of an older state end within `wait` ms."""
    with suppress(sqlite3.Error):  # The commit stands, whatever becomes of the log.
        try:
            connection.execute(f"PRAGMA busy_timeout = {wait}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {busy_timeout}")
