"""Totals: what the tasks cost, exactly. Tasks and the price list meet here."""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, or_
from sqlalchemy.orm import Session

from todo_api.models import ItemPrice, Owner, Tagged, Task
from todo_api.services.rows import columns
from todo_api.services.task_filter import ERA, Filter, matching
from todo_api.statements import Statement
from todo_api.values import money

UNPRICED_SHOWN = 1_000
"""Tasks without a price that a total names, those with the lowest ids."""

Priced = tuple[Statement, dict[str, Any]]
"""A query and its values, for what is _Needed of each task."""

_TASK, _PRICE = columns(Task), columns(ItemPrice)


class _Columns(NamedTuple):
    id: int
    name: str
    item: str | None
    quantity: int
    price: int | None
    currency: str | None
    revision: int
    era: str


class _Needed(Tagged, _Columns):
    """What a task has to say about what it costs, and the price of its item, if that has one."""

    __slots__ = ()


@dataclass(frozen=True)
class Total:
    """The sum in each currency, how many tasks are in it, and those whose item has no price."""

    totals: list[dict[str, Decimal | str]]
    priced: int
    unpriced: list[Any]


def priced(owner: Owner, wanted: Filter) -> Priced:
    """Return the query for the wanted tasks that have an item or were paid, and the prices.

    Without a filter these are the open ones.

    Completed tasks count with the price that was paid, open ones with today's. Raises Invalid as
    `matching` does.
    """
    wanted = replace(wanted, completed=bool(wanted.completed))
    query, values = matching(owner, wanted)
    return _priced(query, paid=bool(wanted.completed)), values


def total(session: Session, plan: Priced) -> Total:
    """Add up price times quantity of the tasks that are planned.

    The products are exact, and each sum is rounded half up once to its currency's minor unit.
    """
    sums: Counter[str] = Counter()
    count, unpriced = 0, list[_Needed]()
    query, values = plan
    for task in map(_Needed._make, query.all(session, values)):
        if task.price is None or task.currency is None:
            if len(unpriced) < UNPRICED_SHOWN:
                unpriced.append(task)
        else:
            count += 1
            sums[task.currency] += task.price * task.quantity
    totals: list[dict[str, Decimal | str]] = [
        {"currency": currency, "amount": money.rounded(amount, currency)}
        for currency, amount in sorted(sums.items())
    ]
    return Total(totals, count, unpriced)


@lru_cache
def _priced(query: Select[Any], *, paid: bool) -> Statement:
    prices = (_TASK.paid_price, _TASK.paid_currency) if paid else (_PRICE.price, _PRICE.currency)
    item_price = ItemPrice.__table__
    return Statement(
        query.where(or_(_TASK.item_key.is_not(None), prices[0].is_not(None)))
        .outerjoin(item_price, _PRICE.name_key == _TASK.item_key)
        .with_only_columns(
            _TASK.id, _TASK.name, _TASK.item, _TASK.quantity, *prices, _TASK.revision, ERA
        )
        .order_by(_TASK.id)
    )
