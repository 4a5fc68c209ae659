"""Prices: looked up by anybody, changed by admins. Every change raises the list's revision."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from todo_api.database import Database
from todo_api.errors import Conflict, NotFound
from todo_api.models import ItemPrice, ItemPriceRow, PriceList, PriceListRow
from todo_api.question import Question
from todo_api.services.paging import Order, Plan, plan
from todo_api.services.position import Position
from todo_api.services.rows import Kind, columns
from todo_api.statements import Statement
from todo_api.values import moments, names

_PRICE, _LIST = columns(ItemPrice), columns(PriceList)
_PRICES = Kind(ItemPriceRow, ItemPrice, era=select(_LIST.era).scalar_subquery())
_LISTS = Kind(PriceListRow, PriceList)
_BY_NAME = Order("name", (_PRICE.name_key,))

_ALL = select(*_PRICES.columns)
_NAMED = _ALL.where(Position(_PRICE.name_key, bindparam("q")) > 0)
_ONE = Statement(_ALL.where(_PRICE.name_key == bindparam("key")))
_THE_LIST = Statement(select(*_LISTS.columns))

_ASKED = Question(select(_PRICE.price).where(_PRICE.name_key == bindparam("key")))

Price = TypeVar("Price", ItemPrice, ItemPriceRow)

TAKEN = "There is a price of this name."


def price_list(session: Session) -> PriceList:
    """Return the price list's own row: its era and its revision."""
    return session.scalars(select(PriceList)).one()


def take_list(session: Session) -> PriceList:
    """Return the price list's row and hold it to the transaction's end, so that writers queue."""
    return session.scalars(select(PriceList).with_for_update()).one()


def see_list(session: Session) -> PriceListRow:
    """Return the price list's own row to read it."""
    (found,) = _LISTS.all(_THE_LIST.all(session))
    return found


def find(session: Session, name: str) -> ItemPriceRow | None:
    """Return the row of the price of `name`, in whatever case, or None."""
    key = names.sought_key(name)
    return None if key is None else _PRICES.one(session, _ONE, {"key": key})


def ask(database: Database, name: str) -> int:
    """Return what `name` costs, in ten-thousandths; what nobody has priced costs 0."""
    key = names.sought_key(name)
    found = None if key is None else _ASKED.put(database, key=key)
    return found[0] if found else 0


def see(session: Session, name: str) -> ItemPriceRow:
    """Return the row of the price of `name`; raise NotFound as `get` does."""
    return _the(find(session, name))


def get(session: Session, name: str) -> ItemPrice:
    """Return the price of `name`; raise NotFound when there is none."""
    key = names.sought_key(name)
    return _the(None if key is None else session.get(ItemPrice, key))


def listing(*, q: str | None, limit: int, after: str | None) -> Plan[ItemPriceRow]:
    """Plan one page of the prices by name, of those whose name holds `q`."""
    if q is None:
        return plan(_PRICES, _ALL, _BY_NAME, limit=limit, after=after)
    return plan(_PRICES, _NAMED, _BY_NAME, limit=limit, after=after, q=names.key(q))


def create(session: Session, prices: PriceList, fields: Mapping[str, Any]) -> ItemPrice:
    """Store a new price; raise Conflict when there is one of its name."""
    price = ItemPrice(
        **fields,
        name_key=names.key(fields["name"]),
        updated_date=moments.now(),
        revision=prices.next_revision(),
    )
    session.add(price)
    _unless_taken(session)
    return price


def change(
    session: Session, prices: PriceList, price: ItemPrice, changes: Mapping[str, Any]
) -> None:
    """Give the price other values; values that it has already are no change.

    Another name renames it; raises Conflict when that one is taken.
    """
    for name, value in changes.items():
        setattr(price, name, value)
    if not session.is_modified(price):
        return
    price.name_key = names.key(price.name)
    price.updated_date = moments.now()
    price.revision = prices.next_revision()
    _unless_taken(session)


def delete(session: Session, prices: PriceList, price: ItemPrice) -> None:
    """Take the price off the list."""
    prices.next_revision()
    session.delete(price)


def _the(price: Price | None) -> Price:
    if price is None:
        raise NotFound("No such price")
    return price


def _unless_taken(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(TAKEN, errors={"name": [TAKEN]}) from None
