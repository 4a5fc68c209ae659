"""Questions: statements compiled once, and put to the driver itself.

Through SQLAlchemy's execution such a statement costs 60 µs, of which its own are 3. So this is for
what nearly every request asks. Who listens to the statements of the engine does not hear of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from todo_api.database import Database
from todo_api.failures import understood

Row = tuple[Any, ...]


@dataclass(frozen=True)
class _Compiled:
    """A statement as a driver takes it: its text, and what its values are by name or by place."""

    text: str
    names: list[str] | None
    convert: Mapping[str, Callable[[Any], Any]]

    def bound(self, values: Mapping[str, Any]) -> Any:
        converted = {**values, **{name: to(values[name]) for name, to in self.convert.items()}}
        return converted if self.names is None else [converted[name] for name in self.names]


class Question:
    """A select of at most one row, of columns that both drivers give back as they are stored."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def put(self, database: Database, **values: Any) -> Row | None:
        """Return the row, None if there is none; it sees one state of the database by itself.

        Raises what `Database.reading` raises.
        """
        guard = database.guard
        if guard.is_due:
            with database.reading():
                pass
        with understood(database.engine, guard):
            return self._put(database, values)

    def _put(self, database: Database, values: Mapping[str, Any]) -> Row | None:
        engine = database.engine
        compiled = self._compiled.get(engine.dialect.name) or self._compile(engine.dialect)
        failure, taken = engine.dialect.loaded_dbapi.Error, None
        try:
            taken = database.asking()
            driver: Any = taken.driver_connection
            row: Row | None = driver.execute(compiled.text, compiled.bound(values)).fetchone()
            return row
        except failure as error:
            if taken:
                taken.invalidate(error)
            ended = engine.dialect.is_disconnect(error, None, None)
            raise DBAPIError.instance(
                compiled.text, None, error, failure, connection_invalidated=ended
            ) from error
        finally:
            if taken:
                taken.close()

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiled: Any = self._statement.compile(dialect=dialect)
        convert = {}
        for name, bind in compiled.binds.items():
            if to := bind.type.dialect_impl(dialect).bind_processor(dialect):
                convert[name] = to
        made = _Compiled(str(compiled), compiled.positiontup, convert)
        self._compiled[dialect.name] = made
        return made
