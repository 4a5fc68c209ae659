"""Many prices at once: compared with the price list first, then merged into it.

To compare takes long and needs no lock. What is written then goes to the database as JSON in large
pieces, since to bind the values of each row takes several times as long as to store them.
"""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from todo_api.models import Base, ItemPrice, PriceList
from todo_api.services.bad_rows import BadRow, refusal
from todo_api.values import etags, moments

_AT_ONCE = 10_000
"""How many rows make a piece."""

_PRICES = Base.metadata.tables[ItemPrice.__tablename__]
_SAID = [_PRICES.c[name] for name in ("name_key", "name", "price", "currency", "unit")]
_WRITTEN = [*_SAID, _PRICES.c.revision, _PRICES.c.updated_date]


class Entry(NamedTuple):
    """A price to be stored, and where it stands in what was sent.

    An `updated_date` and an `etag` are what the client believes to be stored.
    """

    place: str
    key: str
    name: str
    price: int
    currency: str
    unit: str | None
    updated_date: datetime | None
    etag: str | None = None


@dataclass(frozen=True)
class Difference:
    """How entries, no two of one key, differ from the price list as it was at `version`.

    `documents` are the rows to be written, as JSON; their revisions are counted from the list's.
    """

    entries: list[Entry]
    version: str
    new: int
    changed: int
    documents: list[str]


def compare(session: Session, price_list: PriceList, entries: list[Entry]) -> Difference:
    """Return what storing `entries` would change, and leave them in the order of their keys.

    Raises Invalid when an entry has an `updated_date` or an `etag` that is not the stored one.
    """
    entries.sort(key=attrgetter("key"))  # Neighbours are found, and stored, several times as fast.
    documents: list[str] = []
    stale: list[BadRow] = []
    new = written = 0
    for start in range(0, len(entries), _AT_ONCE):
        some = entries[start : start + _AT_ONCE]
        stored = _stored(session, some)
        rows = []
        for entry in some:
            old, date, revision = stored.get(entry.key, (None, None, None))
            values = (entry.name, entry.price, entry.currency, entry.unit)
            sent = entry.updated_date
            if sent and not (date and moments.is_sent_back(sent, date)):
                stale.append(BadRow(entry.place, ["updated_date: Read-only."]))
            elif entry.etag and entry.etag != etags.strong(f"{price_list.era}.{revision}"):
                stale.append(BadRow(entry.place, ["etag: Read-only."]))
            if old != values:
                new += old is None
                written += 1
                rows.append((entry.key, *values, written))
        if rows:
            documents.append(_document(rows))
    if stale:
        raise refusal(stale)
    return Difference(entries, price_list.version, new, written - new, documents)


def merge(session: Session, price_list: PriceList, difference: Difference) -> dict[str, int]:
    """Store what `difference` says; return how many prices are new, changed and unchanged.

    Each row that is new or changed gets the next revision, in the order of the keys. If the list is
    another one by now, the entries are compared again.
    """
    if price_list.version != difference.version:
        difference = compare(session, price_list, difference.entries)
    statement = _upsert(session)
    before, now = price_list.revision, moments.now()
    for document in difference.documents:
        session.execute(statement, {"document": document, "before": before, "now": now})
    written = difference.new + difference.changed
    price_list.revision += written
    return {
        "new": difference.new,
        "changed": difference.changed,
        "unchanged": len(difference.entries) - written,
    }


def _stored(session: Session, entries: list[Entry]) -> dict[str, tuple[Any, datetime, int]]:
    """Return by key, of the entries that the list knows, what it says, since when and revision."""
    (key,) = _columns(session, 1)
    columns = (*_SAID, _PRICES.c.updated_date, _PRICES.c.revision)
    query = select(*columns).where(_PRICES.c.name_key.in_(select(key)))
    keys = _document([[entry.key] for entry in entries])
    found = session.execute(query, {"document": keys})
    return {row[0]: (row[1:5], row[5], row[6]) for row in found}


def _upsert(session: Session) -> Any:
    """Return the statement that stores a document."""
    key, name, price, currency, unit, step = _columns(session, 6)
    sent = select(
        key,
        name,
        cast(price, BigInteger),
        currency,
        unit,
        cast(step, BigInteger) + bindparam("before", type_=BigInteger),
        bindparam("now", type_=_PRICES.c.updated_date.type),
    ).where(literal(True))  # Without it SQLite would take ON CONFLICT for a join.
    insert = sqlite.insert if _is_sqlite(session) else postgresql.insert
    statement = insert(_PRICES).from_select(_WRITTEN, sent)
    return statement.on_conflict_do_update(
        index_elements=["name_key"],
        set_={each.name: statement.excluded[each.name] for each in _WRITTEN[1:]},
    )


def _document(rows: list[Any]) -> str:
    return orjson.dumps(rows).decode()


def _columns(session: Session, width: int) -> list[ColumnElement[str]]:
    """Return the columns of a document's rows, as text."""
    document = bindparam("document", type_=Text)
    if _is_sqlite(session):
        opened = func.json_each(document)
    else:
        opened = func.json_array_elements(cast(document, JSON))
    row = opened.table_valued(column("value", JSON)).c.value
    return [row[place].as_string() for place in range(width)]


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
