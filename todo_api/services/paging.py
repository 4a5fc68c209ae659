"""Keyset paging: a page begins after the last row of the one before, found by the index.

The cursor that a client sees is opaque; inside is the key of that last row.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from todo_api.errors import Invalid

LARGEST = 200
DEFAULT = 50

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor of the next page, None on the last one."""

    rows: Sequence[Row]
    after: str | None


def page(
    session: Session,
    query: Select[Row],
    by: InstrumentedAttribute[Any],
    *,
    limit: int,
    after: str | None,
) -> Page[Row]:
    """Return at most `limit` rows of `query` in the order of the unique column `by`.

    Raises Invalid when `after` is not a cursor that such a page gave out.
    """
    if after is not None:
        query = query.where(by > _opened(after, by.type.python_type))
    rows = session.scalars(query.order_by(by).limit(limit + 1)).all()
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], _closed(getattr(rows[limit - 1], by.key)))


def _closed(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([value])).decode().rstrip("=")


def _opened(cursor: str, kind: type) -> Any:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        (value,) = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, TypeError, ValueError):
        value = None
    in_range = not isinstance(value, int) or -(2**63) <= value < 2**63
    if type(value) is not kind or not in_range or "\0" in str(value):
        raise Invalid(errors={"after": ["Not a cursor from this list."]})
    return value
