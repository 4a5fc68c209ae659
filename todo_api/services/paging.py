"""Keyset paging: a page begins after the last row of the one before, found by the index.

The cursor that a client sees is opaque; inside are the sort it belongs to and the key of that row.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic

import orjson
from sqlalchemy import Column, Select, bindparam, func, tuple_
from sqlalchemy.orm import Session

from todo_api.errors import Invalid
from todo_api.services.rows import Kind, Row
from todo_api.statements import Row as Found
from todo_api.statements import Statement

LARGEST = 200
DEFAULT = 50

_STATEMENTS = 1_024
"""How many are kept, of all filters in all orders; there are a few more."""


@dataclass(frozen=True, eq=False)
class Order:
    """What a list is sorted by: columns that together are unique, all running the same way.

    Of these the first may be null, which sorts last in both directions. `name` tells the cursors of
    one order from those of another.
    """

    name: str
    columns: tuple[Column[Any], ...]
    descending: bool = False


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
    by: Order
    limit: int
    place: list[Any] | None

    def page(self, session: Session) -> Page[Row]:
        """Return at most `limit` rows in the order `by`, those after `place`."""
        found: list[Found] = []
        after = None
        for stretch, place in _stretches(self.query, self.by, self.place):
            values = {**self.values, **place, "most": self.limit + 1 - len(found)}
            found += stretch.statement.all(session, values)
            if len(found) > self.limit:
                del found[self.limit :]
                after = _closed(self.by, [found[-1][at] for at in stretch.key])
                break
        return Page(self.kind.all(found), after)

    def count(self, session: Session) -> int:
        """Return how many rows all pages have together."""
        (count,) = _counting(self.query).first(session, self.values) or (0,)
        return int(count)


@dataclass(frozen=True)
class _Stretch:
    """A range of a list, and which columns of its rows are the key by which it is sorted."""

    statement: Statement
    key: tuple[int, ...]


def plan(
    kind: Kind[Row],
    query: Select[Any],
    by: Order,
    *,
    limit: int,
    after: str | None,
    **values: Any,
) -> Plan[Row]:
    """Return the plan for at most `limit` rows of `query` in the order `by`.

    Raises Invalid when `after` is not a cursor that a page in this order gave out.
    """
    return Plan(kind, query, values, by, limit, None if after is None else _opened(after, by))


def _stretches(
    query: Select[Any], by: Order, place: list[Any] | None
) -> Iterator[tuple[_Stretch, dict[str, Any]]]:
    """Yield the parts of the list that come after `place`: first what has a value, then the nulls.

    Two plain ranges of the index cost the same at any depth; one condition for both would not.
    """
    if place is None or place[0] is not None:
        yield _range(query, by, placed=place is not None), _values(place or ())
        place = None
    if by.columns[0].nullable:
        yield _range(query, by, nulls=True, placed=place is not None), _values((place or ())[1:])


def _values(place: Sequence[Any]) -> dict[str, Any]:
    return {f"place{number}": value for number, value in enumerate(place)}


@lru_cache(_STATEMENTS)
def _range(query: Select[Any], by: Order, *, nulls: bool = False, placed: bool = False) -> _Stretch:
    first, *rest = by.columns
    columns = rest if nulls else by.columns
    if first.nullable:
        query = query.where(first.is_(None) if nulls else first.is_not(None))
    if placed:
        here = tuple_(*columns)
        place = (bindparam(f"place{n}", type_=column.type) for n, column in enumerate(columns))
        there = tuple_(*place)
        query = query.where(here < there if by.descending else here > there)
    shown = list(query.selected_columns)
    shown += [column for column in by.columns if column not in set(shown)]
    query = (
        query.with_only_columns(*shown)
        .order_by(*(column.desc() if by.descending else column for column in columns))
        .limit(bindparam("most"))
    )
    return _Stretch(Statement(query), tuple(shown.index(column) for column in by.columns))


@lru_cache(_STATEMENTS)
def _counting(query: Select[Any]) -> Statement:
    return Statement(query.with_only_columns(func.count(), maintain_column_froms=True))


def _closed(by: Order, place: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([by.name, *place])).decode().rstrip("=")


def _opened(cursor: str, by: Order) -> list[Any]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, *place = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if name == by.name:
            return [_typed(v, c) for v, c in zip(place, by.columns, strict=True)]
    except (binascii.Error, TypeError, ValueError):
        pass
    raise Invalid(errors={"after": ["Not a cursor from this list."]})


def _typed(value: Any, column: Column[Any]) -> Any:
    """Return a cursor's value as its column has it; raise ValueError when that cannot be."""
    kind = column.type.python_type
    if value is None and column.nullable:
        return None
    if kind is datetime and isinstance(value, str):
        value = datetime.fromisoformat(value)
        if value.tzinfo is None:
            raise ValueError("A moment has an offset.")
    in_range = not isinstance(value, int) or -(2**63) <= value < 2**63
    if type(value) is not kind or not in_range or "\0" in str(value):
        raise ValueError("Not of the column's type.")
    return value
