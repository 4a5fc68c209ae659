"""Export and import: an account's tasks, out and in again as they were, but for id and revision.

What a task is due is placed as the tasks' own service does it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.orm import Session, defer

from todo_api.errors import Invalid
from todo_api.models import Base, HeldAccount, Owner, Task
from todo_api.services import revisions
from todo_api.services.task_filter import of
from todo_api.services.tasks import due_columns
from todo_api.values import moments, money, names

Row = dict[str, Any]
"""The columns of a task that is to be stored, but for its account, its id and its revision."""

HIGHEST_PRICE = 100_000_000
"""What a price list may ask for an item, and so what may have been paid for one."""

_AT_ONCE = 100

_TASKS = Base.metadata.tables[Task.__tablename__]


def export(session: Session, account: Owner) -> Iterator[Task]:
    """Yield the account's tasks in the order of their ids, never all of them in memory.

    They come without their keys, which nobody is shown and which are as long as the texts.
    """
    keys = (defer(key) for key in (Task.name_key, Task.note_key, Task.item_key))
    by_id = of(account).order_by(Task.id).options(*keys)
    yield from session.scalars(by_id.execution_options(yield_per=_AT_ONCE))


def row(fields: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> Row:
    """Return the columns of an imported task; raise Invalid for what cannot be true together.

    Unlike a task that a client creates, it brings along when it was created and completed, and what
    was paid. What it does not say is `now` and nothing. `zone` is that of the account, and so of
    each wall time.
    """
    created = _moment("creation_date", fields, zone) or now
    completed = _moment("completed_date", fields, zone)
    if fields["completed"] is False and completed:
        raise Invalid(errors={"completed_date": ["Only what is completed has one."]})
    if fields["completed"]:
        completed = completed or now
    texts = {name: fields[name] for name in ("name", "note", "item")}
    keys = {f"{name}_key": text and names.search_key(text) for name, text in texts.items()}
    return {
        **texts,
        **keys,
        **due_columns(fields["due_date"], zone),
        "quantity": fields["quantity"],
        "creation_date": created,
        "completed_date": completed,
        **_paid(fields["paid"], fields["quantity"], completed),
    }


def store(
    session: Session, account: HeldAccount, rows: Sequence[Row], *, dry: bool = False
) -> None:
    """Store new tasks, each under a revision of its own. The caller holds the account's row.

    A `dry` call only takes the revisions: to store what is rolled back would hold up all writers.
    """
    if not rows:
        return
    for revision, each in enumerate(rows, account.revision + 1):
        each["account_id"] = account.id
        each["id"] = each["revision"] = revision
    revisions.following(session, account, len(rows))
    if not dry:
        session.execute(insert(_TASKS), rows)


def _moment(name: str, fields: Mapping[str, Any], zone: ZoneInfo) -> datetime | None:
    if fields[name] is None:
        return None
    try:
        return moments.at(fields[name], zone)
    except ValueError as error:
        raise Invalid(errors={name: [str(error)]}) from None


def _paid(
    paid: Mapping[str, Any] | None, quantity: int, completed: datetime | None
) -> dict[str, Any]:
    """Return the price that was paid; a file may tell it, or the amount that follows from it."""
    if paid is None:
        return {"paid_price": None, "paid_currency": None}
    if not completed:
        raise Invalid(errors={"paid": ["Only what is completed was paid."]})
    price, amount, currency = paid.get("price"), paid.get("amount"), paid["currency"]
    if price is None:
        price = _price_of(amount, quantity, currency)
    elif amount is not None and money.cost(price, quantity, currency) != money.plain(amount):
        raise Invalid(errors={"paid": ["The amount is not the price times the quantity."]})
    return {"paid_price": price, "paid_currency": currency}


def _price_of(amount: int | None, quantity: int, currency: str) -> int:
    if amount is None:
        raise Invalid(errors={"paid": ["Its amount or its price is missing."]})
    try:
        price = money.price_of(amount, quantity, currency)
    except ValueError as error:
        raise Invalid(errors={"paid": [str(error)]}) from None
    if price > HIGHEST_PRICE * money.SCALE:
        raise Invalid(errors={"paid": ["The amount is more than the quantity can have cost."]})
    return price
