"""Checkpoints: SQLite's log is kept small, however many readers there always are.

SQLite itself brings its log into the file without waiting for anybody, so the log grows for as long
as some reader still sees an older state. Once it is large, a writer waits for those readers.
"""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

LARGE = 16 * 2**20
"""Bytes of the log from which on a writer tries to bring it into the file, once a second."""

TOO_LARGE = 2 * LARGE
"""Bytes of the log from which on it waits longer for those who read an older state."""

_EVERY = 1.0
_SHORT_WAIT, _LONG_WAIT = 50, 1_000
"""Milliseconds."""


class Checkpoints:
    """Keeps the log of the database in `file` small; a writer says when it has committed."""

    def __init__(self, file: str) -> None:
        self._log = Path(f"{file}-wal")
        self._due = 0.0

    def limit_log(self, connection: sqlite3.Connection, busy_timeout: int) -> None:
        """Bring the log into the file if it is large, and wait a moment for older readers.

        The connection has the `busy_timeout`, in milliseconds, again afterwards.
        """
        now = time.monotonic()
        if now < self._due:
            return
        try:
            size = self._log.stat().st_size
        except OSError:
            return
        if size < LARGE:
            return
        self._due = now + _EVERY
        wait = _SHORT_WAIT if size < TOO_LARGE else _LONG_WAIT
        with suppress(sqlite3.Error):  # What was committed is, whatever becomes of the log.
            try:
                connection.execute(f"PRAGMA busy_timeout = {wait}")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {busy_timeout}")
