"""Rows: what is read only to be shown, by statements that are made once.

An object of the session costs several times what its row costs, and a statement that is made anew
most of what it takes to send it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from todo_api.models import Base
from todo_api.statements import Row as Found
from todo_api.statements import Statement

Row = TypeVar("Row", bound=tuple[Any, ...])


class Kind(Generic[Row]):
    """A class of rows, and the columns that it has: those of its table, and `others` beside."""

    def __init__(self, row: type[Row], model: type[Base], **others: ColumnElement[Any]) -> None:
        names: tuple[str, ...] = getattr(row, "_fields", ())
        own = columns(model)
        self.columns: list[ColumnElement[Any]] = [
            others[name].label(name) if name in others else own[name] for name in names
        ]
        self.of: Callable[[Iterable[Any]], Row] = partial(tuple.__new__, row)
        """Return a row of what was found for the columns."""

    def all(self, found: Sequence[Found]) -> list[Row]:
        """Return the rows of all that was found, of which each may have more columns at its end."""
        count = len(self.columns)
        if found and len(found[0]) > count:
            return [self.of(each[:count]) for each in found]
        return list(map(self.of, found))

    def one(self, session: Session, query: Statement, values: Mapping[str, Any]) -> Row | None:
        """Return the one row that `query` finds, or None."""
        found = query.first(session, values)
        return None if found is None else self.of(found)


def columns(model: type[Base]) -> ReadOnlyColumnCollection[str, Column[Any]]:
    """Return the columns of a table itself, which are no attributes of objects."""
    return Base.metadata.tables[model.__tablename__].c
