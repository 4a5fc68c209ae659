"""Keyset paging: a page begins after the last row of the one before, found by an index.

The cursor that a client sees is opaque; inside are the order it belongs to and the key of that row.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, Generic

import orjson
from sqlalchemy import Column, ColumnElement, Select, bindparam, func, tuple_
from sqlalchemy.orm import Session

from todo_api.errors import Invalid
from todo_api.services.rows import Kind, Row
from todo_api.statements import Row as Found
from todo_api.statements import Statement

LARGEST = 200
DEFAULT = 50

_STATEMENTS = 256
"""Statements that are cached, at some 16 kB each, of the thousand that filters and orders make."""


Key = Sequence[Any]
"""Where a row is in a list: the values by which the list is sorted."""


@dataclass(frozen=True, eq=False)
class Range:
    """Rows of a list that one index holds in their order.

    They are the rows for which `where` holds, sorted by `columns`, which are never null there and
    together are unique.
    """

    columns: tuple[Column[Any], ...]
    where: ColumnElement[bool] | None = None


Start = tuple[Range, Key | None]
"""A range, and the values of its columns behind which to begin; None begins at its first row."""


@dataclass(frozen=True, eq=False)
class Order:
    """How a list is sorted: by columns that together are unique, all running the same way.

    None of them is null, or a subclass says where those rows are. `name` tells the cursors of one
    order from those of another.
    """

    name: str
    columns: tuple[Column[Any], ...]
    descending: bool = False

    def starts_after(self, key: Key | None) -> Iterable[Sequence[Start]]:
        """Yield the ranges of the list after `key`; those that come together are to be merged."""
        return (((_range_of(self.columns), key),),)

    def key(self, values: Sequence[Any]) -> Key:
        """Return the key of a row from the values of the columns."""
        return values

    def comparable(self, key: Key) -> Any:
        """Return by what the keys of ranges that are merged compare."""
        return key

    def checked(self, values: Sequence[Any]) -> Key:
        """Return the key that a cursor holds; raise ValueError or TypeError if it is none."""
        return [typed(*each) for each in zip(values, self.columns, strict=True)]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor of the next page, None on the last one."""

    rows: Sequence[Row]
    after: str | None


@dataclass(frozen=True)
class Plan(Generic[Row]):
    """A page that was asked for in words that make sense; `page` fetches it.

    `query` finds the columns of `kind`. It is one of a few, with `values` for its parameters.
    """

    kind: Kind[Row]
    query: Select[Any]
    values: Mapping[str, Any]
    order: Order
    limit: int
    after: Key | None

    def page(self, session: Session) -> Page[Row]:
        """Return at most `limit` rows, in order, those after the key `after`."""
        found: list[Found] = []
        cursor = None
        for starts in self.order.starts_after(self.after):
            left = self.limit + 1 - len(found)
            parts = [self._rows(session, *start, left) for start in starts]
            found += parts[0] if len(parts) == 1 else self._merged(parts)[:left]
            if len(found) > self.limit:
                del found[self.limit :]
                cursor = _cursor(self.order, self._key(found[-1]))
                break
        return Page(self.kind.all(found), cursor)

    def count(self, session: Session) -> int:
        """Return how many rows all pages have together."""
        (count,) = _counting(self.query).first(session, self.values) or (0,)
        return int(count)

    def _rows(self, session: Session, of: Range, after: Key | None, most: int) -> list[Found]:
        """Return the first rows of a range after some values of its columns."""
        columns, descending = self.order.columns, self.order.descending
        statement = _statement(
            self.query, columns, of, descending=descending, is_first=after is None
        )
        place = {f"after{number}": value for number, value in enumerate(after or ())}
        return statement.all(session, {**self.values, **place, "most": most})

    def _merged(self, parts: list[list[Found]]) -> list[Found]:
        """Return the rows of several ranges in the order of the list."""
        rows = [row for part in parts for row in part]
        comparable = self.order.comparable
        rows.sort(key=lambda row: comparable(self._key(row)), reverse=self.order.descending)
        return rows

    def _key(self, row: Found) -> Key:
        shown = _shown(self.query, self.order.columns)
        return self.order.key([row[shown.index(column)] for column in self.order.columns])


def plan(
    kind: Kind[Row],
    query: Select[Any],
    order: Order,
    *,
    limit: int,
    after: str | None,
    **values: Any,
) -> Plan[Row]:
    """Return the plan for at most `limit` rows of `query`, sorted by `order`.

    Raises Invalid when `after` is not a cursor that a page in this order gave out.
    """
    return Plan(kind, query, values, order, limit, None if after is None else _key_in(after, order))


@cache
def _range_of(columns: tuple[Column[Any], ...]) -> Range:
    return Range(columns)


@lru_cache(_STATEMENTS)
def _shown(query: Select[Any], key: tuple[Column[Any], ...]) -> tuple[Column[Any], ...]:
    """Return the columns that a page reads: those of the query, and after them those of the key."""
    shown: list[Any] = list(query.selected_columns)
    return (*shown, *(column for column in key if column not in set(shown)))


@lru_cache(_STATEMENTS)
def _statement(
    query: Select[Any],
    key: tuple[Column[Any], ...],
    of: Range,
    *,
    descending: bool,
    is_first: bool,
) -> Statement:
    """Return what reads the first rows of a range, or those after some values of its columns."""
    if of.where is not None:
        query = query.where(of.where)
    if not is_first:
        here = tuple_(*of.columns)
        after = (bindparam(f"after{n}", type_=each.type) for n, each in enumerate(of.columns))
        there = tuple_(*after)
        query = query.where(here < there if descending else here > there)
    return Statement(
        query.with_only_columns(*_shown(query, key))
        .order_by(*(column.desc() if descending else column for column in of.columns))
        .limit(bindparam("most"))
    )


@lru_cache(_STATEMENTS)
def _counting(query: Select[Any]) -> Statement:
    return Statement(query.with_only_columns(func.count(), maintain_column_froms=True))


def _cursor(order: Order, key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([order.name, *key])).decode().rstrip("=")


def _key_in(cursor: str, order: Order) -> Key:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, *values = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if name == order.name:
            return order.checked(values)
    except (binascii.Error, TypeError, ValueError):
        pass
    raise Invalid(errors={"after": ["Not a cursor from this list."]})


def typed(value: Any, column: Column[Any]) -> Any:
    """Return a value in a cursor as its column has it; raise ValueError when that cannot be."""
    kind = column.type.python_type
    if kind is datetime and isinstance(value, str):
        value = datetime.fromisoformat(value)
        if value.tzinfo is None:
            raise ValueError("A moment has an offset.")
        try:
            value = value.astimezone(UTC)
        except OverflowError:
            raise ValueError("Out of range.") from None
    elif kind is date and isinstance(value, str):
        value = date.fromisoformat(value)
    in_range = not isinstance(value, int) or -(2**63) <= value < 2**63
    if type(value) is not kind or not in_range or "\0" in str(value):
        raise ValueError("Not of the column's type.")
    return value
