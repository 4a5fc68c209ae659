"""Questions: statements that are put outside of a session, which on PostgreSQL are one round trip.

This is for what nearly every request asks.
"""

from typing import Any

from sqlalchemy import Select

from todo_api.database import Database
from todo_api.failures import understood
from todo_api.statements import Row, Statement


class Question:
    """A select of at most one row."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._statement = Statement(statement)

    def put(self, database: Database, **values: Any) -> Row | None:
        """Return the row, None if there is none; it sees one state of the database by itself.

        Raises what `Database.reading` raises.
        """
        guard = database.guard
        if guard.is_due:
            with database.reading():
                pass
        with understood(database.engine, guard):
            place = database.place()
            try:
                return self._statement.first_at(place, values)
            finally:
                place.pooled.close()
