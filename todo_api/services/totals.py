"""Totals: what the tasks cost, exactly. Tasks and the price list meet here."""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from todo_api.models import Account, ItemPrice, Task
from todo_api.services.task_filter import Filter, matching
from todo_api.values import money


@dataclass(frozen=True)
class Total:
    """The sum in each currency, how many tasks are in it, and the tasks that have no price."""

    totals: list[dict[str, Decimal | str]]
    priced: int
    unpriced: list[Any]


def total(session: Session, account: Account, wanted: Filter) -> Total:
    """Add up price times quantity of the tasks that are wanted, by default the open ones.

    Completed tasks count with the price that was paid, open ones with today's. The products are
    exact, and each sum is rounded half up once to its currency's minor unit.
    """
    wanted = replace(wanted, completed=bool(wanted.completed))
    price, currency = Task.paid_price, Task.paid_currency
    if not wanted.completed:
        price, currency = ItemPrice.price, ItemPrice.currency
    columns = (Task.id, Task.name, Task.item, Task.quantity, price, currency)
    query = (
        matching(account, wanted)
        .outerjoin(ItemPrice, ItemPrice.name_key == Task.item_key)
        .with_only_columns(*columns)
        .order_by(Task.id)
    )
    sums: Counter[str] = Counter()
    priced, unpriced = 0, []
    for row in session.execute(query):
        *_, quantity, unit_price, code = row
        if unit_price is None or code is None:
            unpriced.append(row)
        else:
            priced += 1
            sums[code] += unit_price * quantity
    totals: list[dict[str, Decimal | str]] = [
        {"currency": code, "amount": money.rounded(amount, code)}
        for code, amount in sorted(sums.items())
    ]
    return Total(totals, priced, unpriced)
