"""Totals: what the tasks cost, exactly. Tasks and the price list meet here."""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from todo_api.models import Account, ItemPrice, Task
from todo_api.services.task_filter import Filter, matching
from todo_api.values import money

Priced = Select[int, str, str | None, int, int | None, str | None]
"""Rows of a task's id, name, item and quantity, and of its price and currency, if it has one."""


@dataclass(frozen=True)
class Total:
    """The sum in each currency, how many tasks are in it, and the tasks that have no price."""

    totals: list[dict[str, Decimal | str]]
    priced: int
    unpriced: list[Any]


def priced(account: Account, wanted: Filter) -> Priced:
    """Return the query for the tasks that are wanted, by default the open ones, and their prices.

    Completed tasks count with the price that was paid, open ones with today's. Raises Invalid as
    `matching` does.
    """
    wanted = replace(wanted, completed=bool(wanted.completed))
    price, currency = Task.paid_price, Task.paid_currency
    if not wanted.completed:
        price, currency = ItemPrice.price, ItemPrice.currency
    return (
        matching(account, wanted)
        .outerjoin(ItemPrice, ItemPrice.name_key == Task.item_key)
        .with_only_columns(Task.id, Task.name, Task.item, Task.quantity, price, currency)
        .order_by(Task.id)
    )


def total(session: Session, query: Priced) -> Total:
    """Add up price times quantity of the tasks that `query` finds.

    The products are exact, and each sum is rounded half up once to its currency's minor unit.
    """
    sums: Counter[str] = Counter()
    count, unpriced = 0, []
    for row in session.execute(query):
        *_, quantity, price, currency = row
        if price is None or currency is None:
            unpriced.append(row)
        else:
            count += 1
            sums[currency] += price * quantity
    totals: list[dict[str, Decimal | str]] = [
        {"currency": currency, "amount": money.rounded(amount, currency)}
        for currency, amount in sorted(sums.items())
    ]
    return Total(totals, count, unpriced)
