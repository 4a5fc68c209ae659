"""Connections for questions alone: taken and given back in a twentieth of the pool's time.

SQLAlchemy's pool keeps count, rolls back and waits for a place; that takes longer than what SQLite
needs to answer. A question is one statement that changes nothing and begins no transaction, so
there is nothing to be rolled back, and each thread that asks finds a connection or makes one.
"""

from collections import deque
from typing import Any

from sqlalchemy import Engine


class Asker:
    """A connection that is taken; to be used, and given back, as one of the pool is."""

    def __init__(self, engine: Engine, free: "deque[Asker]") -> None:
        pooled = engine.raw_connection()
        self.driver_connection: Any = pooled.driver_connection
        pooled.detach()
        self._free = free
        self._is_good = True

    def invalidate(self, _error: BaseException) -> None:
        """Let nobody use it again."""
        self._is_good = False

    def close(self) -> None:
        """Give it back, unless somebody has begun what should be rolled back."""
        if self._is_good and not self.driver_connection.in_transaction:
            self._free.append(self)
        else:
            self.driver_connection.close()


class Askers:
    """The connections to one database that are free for questions."""

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
