"""Notices: who commits tells the processes that wait, on every node, what it was about.

On PostgreSQL they are told by NOTIFY, with the topic, a number. A SQLite file has a version that
each commit raises; that something was committed is all that can be told from it.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from todo_api.announcing import CHANNEL
from todo_api.database import Database
from todo_api.errors import Unavailable

LOOK_EVERY = 0.1
"""Seconds between two looks at the version of a SQLite file; one costs some microseconds."""


class Listener:
    """Hears what all processes commit, over a connection of its own; raises errors.Unavailable."""

    def __init__(self, database: Database) -> None:
        self._version = 0
        with _unavailable():
            pooled = database.engine.raw_connection()
            connection: Any = pooled.driver_connection
            # It stays for long, so it must not be one of those that requests share.
            pooled.detach()
            if database.is_sqlite:
                connection.execute("PRAGMA query_only = ON")
            else:
                connection.autocommit = True
                connection.execute(f"LISTEN {CHANNEL}")
            self._connection = connection

    def hear(self, seconds: float) -> set[int] | None:
        """Return the topics that come up within `seconds`; None is: something, who knows what."""
        with _unavailable():
            if isinstance(self._connection, psycopg.Connection):
                heard = self._connection.notifies(timeout=seconds, stop_after=1)
                return {int(notice.payload) for notice in heard}
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(LOOK_EVERY)
                if self._look():
                    return None
        return set()

    def close(self) -> None:
        """Give the connection up."""
        self._connection.close()

    def _look(self) -> bool:
        """Return whether the version has moved, see sqlite.org/pragma.html#pragma_data_version."""
        before = self._version
        (self._version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return self._version != before


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout, sqlite3.Error, psycopg.Error) as error:
        raise Unavailable from error
