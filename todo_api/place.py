"""Where a statement is put straight to the driver: beside what SQLAlchemy does, and heard as that.

SQLAlchemy's own execution of one costs 30 to 60 µs, of which the driver's part is 3 to 10.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, PoolProxiedConnection
from sqlalchemy.engine import Dialect, Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError

from todo_api.asking import Asker
from todo_api.spare import OfPool

Pooled = PoolProxiedConnection | Asker | OfPool

Taken = TypeVar("Taken")


def nothing(cursor: object) -> None:
    """Take nothing of what a statement gave."""


class _Failure(ExceptionContext):
    """What those who listen to errors are told: where it was, and what the driver raised."""

    connection: Any

    def __init__(self, place: "Place", error: BaseException) -> None:
        self.connection = place
        self.original_exception = error


class Place(NamedTuple):
    """A connection that was taken, and the driver's own that is in it.

    Who listens to the statements of the engine is handed this instead of a Connection.
    """

    engine: Engine
    pooled: Pooled
    driver: Any

    @classmethod
    def of(cls, connection: Connection) -> "Place":
        """Return where a connection of SQLAlchemy is at work."""
        pooled = connection.connection
        return cls(connection.engine, pooled, pooled.dbapi_connection)

    @property
    def proxied(self) -> PoolProxiedConnection:
        """What SQLAlchemy's own Connection takes."""
        return self.pooled.proxied if isinstance(self.pooled, Asker | OfPool) else self.pooled

    @property
    def dialect(self) -> Dialect:
        """What is spoken there."""
        return self.engine.dialect

    @property
    def info(self) -> dict[Any, Any]:
        """What listeners keep, as long as the connection lives."""
        return self.pooled.info

    def put(
        self, text: str, values: Any, take: Callable[[Any], Taken], *, single: bool = False
    ) -> Taken:
        """Put a text to the driver, and return what `take` takes of its cursor.

        Of one that is put again and again, and finds a `single` row at most, the driver keeps what
        it has made of it. Who listens hears of it and can change nothing. Raises what SQLAlchemy
        would raise; nobody gets a connection again that has ended.
        """
        listening = self.engine.dispatch
        try:
            driver = self.driver
            cursor = driver.cursor_with(text, values) if single else driver.cursor()
            for hear in listening.before_cursor_execute:
                hear(self, cursor, text, values, None, False)
            cursor.execute(text, values)
            taken = take(cursor)
        except self.dialect.loaded_dbapi.Error as error:
            raise self._failure(text, error) from error
        for hear in listening.after_cursor_execute:
            hear(self, cursor, text, values, None, False)
        return taken

    def commit(self) -> None:
        """Commit; who listens hears of it. Raises as `put`."""
        for hear in self.engine.dispatch.commit:
            hear(self)
        try:
            self.driver.commit()
        except self.dialect.loaded_dbapi.Error as error:
            raise self._failure("COMMIT", error) from error

    def rollback(self) -> None:
        """Roll back. A connection that cannot has ended, and what was not committed with it."""
        with suppress(self.dialect.loaded_dbapi.Error):
            self.driver.rollback()

    def _failure(self, text: str, error: Any) -> BaseException:
        """Return what SQLAlchemy would raise, and tell whoever listens of the error."""
        for hear in self.dialect.dispatch.handle_error:
            hear(_Failure(self, error))
        ended = self.dialect.is_disconnect(error, self.driver, None)
        if ended:
            self.pooled.invalidate(error)
        base = self.dialect.loaded_dbapi.Error
        failure: BaseException = DBAPIError.instance(
            text, None, error, base, connection_invalidated=ended
        )
        return failure
