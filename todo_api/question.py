"""Questions: statements that are put outside of a session, which would cost several times as much.

This is for what nearly every request asks.
"""

from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection, Select
from sqlalchemy.exc import DBAPIError

from todo_api.database import Database
from todo_api.failures import understood
from todo_api.place import Place
from todo_api.statements import Row, Statement


class Question:
    """A select of at most one row."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._statement = Statement(statement)

    def put(self, database: Database, **values: Any) -> Row | None:
        """Return the row, None if there is none; it sees one state of the database by itself.

        Raises what `Database.reading` raises.
        """
        engine, guard = database.engine, database.guard
        if guard.is_due:
            with database.reading():
                pass
        with understood(engine, guard):
            pooled = _taken(engine)
            try:
                place = Place(engine, pooled, pooled.driver_connection)
                return self._statement.first_at(place, values)
            finally:
                pooled.close()


def _taken(engine: Engine) -> PoolProxiedConnection:
    """Take a connection from the pool; raise what SQLAlchemy raises if there is none."""
    failure = engine.dialect.loaded_dbapi.Error
    try:
        return engine.raw_connection()
    except failure as error:
        raise DBAPIError.instance(None, None, error, failure) from error
