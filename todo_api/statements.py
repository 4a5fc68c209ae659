"""Statements of SQLAlchemy's Core that are made once, compiled once, and put to the driver itself.

See `place` for what that spares.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, methodcaller
from typing import Any

from sqlalchemy import Delete, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session

from todo_api.place import Place
from todo_api.sessions import place_of

Row = tuple[Any, ...]
_Change = Callable[[Any], Any]

_NOTHING: Mapping[str, Any] = {}

_all: Callable[[Any], list[Row]] = methodcaller("fetchall")
_first: Callable[[Any], Row | None] = methodcaller("fetchone")
_count: Callable[[Any], int] = attrgetter("rowcount")


@dataclass(frozen=True)
class _Compiled:
    """A statement as a driver takes it, and what becomes of values on the way there and back.

    `names` has the names of its values in their order, None where a driver takes them by name.
    """

    text: str
    names: Sequence[str] | None
    fixed: Mapping[str, Any]
    given: Sequence[tuple[str, _Change]]
    found: Sequence[tuple[int, _Change]]

    def bound(self, values: Mapping[str, Any]) -> Any:
        """Return the values as the driver takes them."""
        bound = {**self.fixed, **values}
        for name, change in self.given:
            bound[name] = change(bound[name])
        return bound if self.names is None else [bound[name] for name in self.names]

    def row(self, found: Row) -> Row:
        """Return a row with the values that the types of its columns have."""
        if not self.found:
            return found
        values = list(found)
        for place, change in self.found:
            values[place] = change(values[place])
        return tuple(values)

    def rows(self, found: list[Row]) -> list[Row]:
        """Return many such rows, which takes a third of the time by their columns."""
        if not self.found or not found:
            return found
        columns: list[Any] = list(zip(*found, strict=True))
        for place, change in self.found:
            columns[place] = map(change, columns[place])
        return list(zip(*columns, strict=True))


class Statement:
    """A select, insert, update or delete that is the same each time but for its values.

    What the session has not flushed is not seen. There is no IN with many values, and no default of
    a column that Python would know.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def all(self, session: Session, values: Mapping[str, Any] = _NOTHING) -> list[Row]:
        """Return all rows that are found, or that a write returns."""
        place = place_of(session)
        compiled = self._for(place.dialect)
        return compiled.rows(place.put(compiled.text, compiled.bound(values), _all))

    def first(self, session: Session, values: Mapping[str, Any] = _NOTHING) -> Row | None:
        """Return the first row, None if there is none."""
        return self.first_at(place_of(session), values)

    def first_at(self, place: Place, values: Mapping[str, Any]) -> Row | None:
        """Return the same where there is no session."""
        compiled = self._for(place.dialect)
        found = place.put(compiled.text, compiled.bound(values), _first, single=True)
        return None if found is None else compiled.row(found)

    def write(self, session: Session, values: Mapping[str, Any] = _NOTHING) -> int:
        """Insert, update or delete, and return how many rows that was."""
        place = place_of(session)
        compiled = self._for(place.dialect)
        return place.put(compiled.text, compiled.bound(values), _count, single=True)

    def _for(self, dialect: Dialect) -> _Compiled:
        return self._compiled.get(dialect.name) or self._compile(dialect)

    def _compile(self, dialect: Dialect) -> _Compiled:
        statement: Any = self._statement
        compiled: Any = statement.compile(dialect=dialect)
        kinds = {name: bind.type.dialect_impl(dialect) for name, bind in compiled.binds.items()}
        given = [(name, kind.bind_processor(dialect)) for name, kind in kinds.items()]
        columns = [column.type.dialect_impl(dialect) for column in statement.exported_columns]
        found = enumerate(kind.result_processor(dialect, None) for kind in columns)
        made = self._compiled[dialect.name] = _Compiled(
            str(compiled),
            compiled.positiontup,
            {name: bind.value for name, bind in compiled.binds.items() if not bind.required},
            [(name, change) for name, change in given if change],
            [(place, change) for place, change in found if change],
        )
        return made
