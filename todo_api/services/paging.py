"""Keyset paging: a page begins after the last row of the one before, found by the index.

The cursor that a client sees is opaque; inside are the sort it belongs to and the key of that row.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from todo_api.errors import Invalid

LARGEST = 200
DEFAULT = 50

Row = TypeVar("Row")


@dataclass(frozen=True)
class Order:
    """What a list is sorted by: columns that together are unique, all running the same way.

    Of these the first may be null, which sorts last in both directions. `name` tells the cursors of
    one order from those of another.
    """

    name: str
    columns: tuple[InstrumentedAttribute[Any], ...]
    descending: bool = False


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor of the next page, None on the last one."""

    rows: Sequence[Row]
    after: str | None


@dataclass(frozen=True)
class Plan(Generic[Row]):
    """A page that was asked for in words that make sense; `page` fetches it."""

    query: Select[Row]
    by: Order
    limit: int
    place: list[Any] | None

    def page(self, session: Session) -> Page[Row]:
        """Return at most `limit` rows in the order `by`, those after `place`."""
        rows: list[Row] = []
        for stretch in _stretches(self.query, self.by, self.place):
            rows += session.scalars(stretch.limit(self.limit + 1 - len(rows)))
            if len(rows) > self.limit:
                last = rows[self.limit - 1]
                return Page(rows[: self.limit], _closed(last, self.by))
        return Page(rows, None)

    def count(self, session: Session) -> int:
        """Return how many rows all pages have together."""
        rows = select(func.count()).select_from(self.query.subquery())
        return session.scalars(rows).one()


def plan(query: Select[Row], by: Order, *, limit: int, after: str | None) -> Plan[Row]:
    """Return the plan for at most `limit` rows of `query` in the order `by`.

    Raises Invalid when `after` is not a cursor that a page in this order gave out.
    """
    return Plan(query, by, limit, None if after is None else _opened(after, by))


def _stretches(query: Select[Row], by: Order, place: list[Any] | None) -> Iterator[Select[Row]]:
    """Yield the parts of the list that come after `place`: first what has a value, then the nulls.

    Two plain ranges of the index cost the same at any depth; one condition for both would not.
    """
    first, *rest = by.columns
    if place is None or place[0] is not None:
        valued = query.where(first.is_not(None)) if first.nullable else query
        yield _range(valued, by, by.columns, place)
        place = None
    if first.nullable:
        yield _range(query.where(first.is_(None)), by, tuple(rest), place and place[1:])


def _range(
    query: Select[Row],
    by: Order,
    columns: tuple[InstrumentedAttribute[Any], ...],
    place: list[Any] | None,
) -> Select[Row]:
    if place is not None:
        here = tuple_(*columns)
        there = tuple_(*(literal(v, c.type) for v, c in zip(place, columns, strict=True)))
        query = query.where(here < there if by.descending else here > there)
    return query.order_by(*(column.desc() if by.descending else column for column in columns))


def _closed(row: Any, by: Order) -> str:
    place = [getattr(row, column.key) for column in by.columns]
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


def _typed(value: Any, column: InstrumentedAttribute[Any]) -> Any:
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
