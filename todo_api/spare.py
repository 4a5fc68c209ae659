"""A spare connection to PostgreSQL, which whoever comes next has without the pool's work.

SQLAlchemy's pool keeps count, waits for a place and rolls back what nobody has begun; that takes
25 µs, a third of what a short question takes. The connection that was used last stays out of it.
"""

from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool


class OfPool:
    """A connection that is taken; to be used, and given back, as one of the pool is.

    SQLAlchemy's Connection takes what is `proxied`.
    """

    def __init__(self, proxied: PoolProxiedConnection, spare: "Spare") -> None:
        self.proxied = proxied
        self.driver_connection: Any = proxied.driver_connection
        self.info = proxied.info
        self._spare = spare

    def invalidate(self, error: BaseException) -> None:
        """Let nobody use it again."""
        self.proxied.invalidate(error)

    def close(self) -> None:
        """Give it back, with nothing of what was begun."""
        if not (self.driver_connection.is_idle and self._spare.keep(self)):
            self.proxied.close()


class Spare:
    """The spare connection of an engine, if there is one; who listens to its pool hears of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept = list[OfPool]()

    @property
    def _pool(self) -> Any:
        assert isinstance(self._engine.pool, QueuePool)
        return self._engine.pool

    def take(self) -> OfPool:
        """Return it, or one of the pool; raise what that raises."""
        try:
            taken = self._kept.pop()
        except IndexError:
            return self._of_pool()
        try:
            for hear in self._pool.dispatch.checkout:
                hear(taken.driver_connection, taken, taken)
        except DisconnectionError as error:
            taken.invalidate(error)
            return self._of_pool()
        return taken

    def keep(self, taken: OfPool) -> bool:
        """Let a connection be the spare one, unless there is one or somebody may wait for it."""
        pool = self._pool
        if self._kept or pool.checkedout() >= pool.size():
            return False
        for hear in pool.dispatch.checkin:
            hear(taken.driver_connection, taken)
        self._kept.append(taken)
        return True

    def close(self) -> None:
        """Give it back to the pool."""
        while self._kept:
            self._kept.pop().proxied.close()

    def _of_pool(self) -> OfPool:
        return OfPool(self._engine.raw_connection(), self)
