"""Tasks: created, found, changed, deleted. Every change takes the account's next revision.

The caller of a change holds the account's row, see `callers.hold`. Completing a task asks the
price list, since it notes what the item costs at that moment.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from todo_api.errors import Invalid, NotFound
from todo_api.models import Account, Base, HeldAccount, Owner, Task, TaskRow
from todo_api.services import prices, revisions
from todo_api.services.due_order import ByDueDate
from todo_api.services.paging import Order, Plan, plan
from todo_api.services.rows import columns
from todo_api.services.task_filter import TASK_ROWS, Filter, matching
from todo_api.statements import Statement
from todo_api.values import moments, money, names

RESTORABLE_DAYS = 30

_TASK = columns(Task)
_TASKS, _ACCOUNTS = (Base.metadata.tables[each.__tablename__] for each in (Task, Account))
_BLANK = dict.fromkeys(set(_TASKS.columns.keys()) - {"account_id", "id"})
_INSERT = Statement(insert(_TASKS))
_TEXTS = ("name", "note", "item")

DUE_DATE = "due_date"
_ORDERS = {
    order.name: order
    for sign in ("", "-")
    for order in (
        Order(f"{sign}id", (_TASK.id,), bool(sign)),
        Order(f"{sign}name", (_TASK.name_key, _TASK.id), bool(sign)),
        Order(f"{sign}creation_date", (_TASK.creation_date, _TASK.id), bool(sign)),
    )
}

SORTS = (*_ORDERS, DUE_DATE, f"-{DUE_DATE}")
"""The orders that a list may have. `-` in front runs backwards, ties by id included."""

_STORED = select(*TASK_ROWS.columns).where(
    _TASK.account_id == bindparam("owner"), _TASK.id == bindparam("id")
)
_ONE = Statement(_STORED.where(_TASK.deleted_date.is_(None)))
_ANY = Statement(_STORED)
_TOO_OLD = (_TASK.account_id == bindparam("owner"), _TASK.deleted_date <= bindparam("upto"))
_LAST_TOO_OLD = Statement(select(func.max(_TASK.revision)).where(*_TOO_OLD))
_FORGET = Statement(sql_delete(_TASKS).where(*_TOO_OLD))
_NOTE_FORGOTTEN = Statement(
    update(_ACCOUNTS)
    .where(_ACCOUNTS.c.id == bindparam("owner"))
    .values(forgotten_revision=bindparam("last"))
)


def see(session: Session, owner: Owner, task_id: int) -> TaskRow:
    """Return the row of one of the account's tasks; raise NotFound as `get` does."""
    task = TASK_ROWS.one(session, _ONE, _named(owner, task_id))
    if task is None:
        raise NotFound("No such task")
    return task


def listing(
    owner: Owner, wanted: Filter, *, sort: str, limit: int, after: str | None
) -> Plan[TaskRow]:
    """Plan one page of the account's tasks that are wanted, sorted as one of SORTS says."""
    query, values = matching(owner, wanted)
    order = _ORDERS.get(sort) or ByDueDate.named(sort, ZoneInfo(owner.timezone))
    return plan(TASK_ROWS, query, order, limit=limit, after=after, **values)


def create(session: Session, account: HeldAccount, fields: Mapping[str, Any]) -> TaskRow:
    """Store a new task; its id is the revision that creates it."""
    now = moments.now()
    values = {**_BLANK, "quantity": money.SCALE, **_columns(account, fields)}
    if fields.get("completed"):
        values |= _completed(session, now, values["item"])
    revision = revisions.following(session, account)
    values |= {"account_id": account.id, "id": revision, "revision": revision}
    values["creation_date"] = now
    _INSERT.write(session, values)
    return TASK_ROWS.of(map({**values, "era": account.era}.get, TaskRow._fields))


def change(
    session: Session, account: HeldAccount, task: TaskRow, changes: Mapping[str, Any]
) -> TaskRow:
    """Give the task other values, and return it; values that it has already are no change."""
    values = _columns(account, changes)
    if changes.get("completed", task.completed) != task.completed:
        item = values.get("item", task.item)
        values |= _completed(session, moments.now(), item) if changes["completed"] else _OPEN
    if all(getattr(task, name, value) == value for name, value in values.items()):
        return task
    return _stored(session, account, task, values)


def delete(session: Session, account: HeldAccount, task: TaskRow) -> TaskRow:
    """Delete the task; what stays of it is a tombstone, for those who sync and for a restore."""
    _forget(session, account)
    return _stored(session, account, task, {"deleted_date": moments.now()})


def deleted(session: Session, account: Owner, task_id: int) -> TaskRow:
    """Return the row of one of the account's tasks, deleted or not.

    Raises NotFound when it has none of that id, or it was deleted too long ago.
    """
    task = TASK_ROWS.one(session, _ANY, _named(account, task_id))
    if task is None or (task.deleted_date and task.deleted_date <= _forgotten()):
        raise NotFound("No such task")
    return task


def restore(session: Session, account: HeldAccount, task: TaskRow) -> TaskRow:
    """Take back the deletion of the task, if it was deleted."""
    return _stored(session, account, task, {"deleted_date": None}) if task.deleted_date else task


def with_keys(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return `fields` with the key of each of its texts, unless that is there already.

    A long text takes some milliseconds, in which no transaction should be open.
    """
    values = dict(fields)
    for name in _TEXTS:
        if name in fields and f"{name}_key" not in fields:
            text = fields[name]
            values[f"{name}_key"] = None if text is None else names.search_key(text)
    return values


def due_columns(due: date | datetime | None, zone: ZoneInfo) -> dict[str, Any]:
    """Return a due date in the columns that hold it; raise Invalid as `moments.at` does.

    `zone` is that of a wall time.
    """
    try:
        moment = None if due is None else moments.at(due, zone)
    except ValueError as error:
        raise Invalid(errors={"due_date": [str(error)]}) from None
    if isinstance(due, datetime):
        return {"due_at": moment, "due_on": None}
    return {"due_at": None, "due_on": due}


def _named(owner: Owner, task_id: int) -> dict[str, Any]:
    """Return the values of _ONE and _ANY."""
    return {"owner": owner.id, "era": owner.era, "id": task_id}


def _stored(
    session: Session, account: HeldAccount, task: TaskRow, values: Mapping[str, Any]
) -> TaskRow:
    """Give the task's row other values, under the account's next revision, and return it."""
    values = {**values, "revision": revisions.following(session, account)}
    which = {"owner": account.id, "which": task.id}
    _update(frozenset(values)).write(session, {**which, **values})
    shown = {name: value for name, value in values.items() if name in TaskRow._fields}
    return task._replace(**shown)


@cache
def _update(names: frozenset[str]) -> Statement:
    """Return what gives one task other values in some columns; there are a few such statements."""
    one = (_TASK.account_id == bindparam("owner"), _TASK.id == bindparam("which"))
    values: dict[str, Any] = {name: bindparam(name) for name in sorted(names)}
    return Statement(update(_TASKS).where(*one).values(values))


def _forgotten() -> datetime:
    return moments.days_from(moments.now(), -RESTORABLE_DAYS)


def _forget(session: Session, account: HeldAccount) -> None:
    """Throw away the tombstones that are too old, and note up to where."""
    old = {"owner": account.id, "upto": _forgotten()}
    (last,) = _LAST_TOO_OLD.first(session, old) or (None,)
    if last is not None:
        _NOTE_FORGOTTEN.write(session, {"owner": account.id, "last": last})
        _FORGET.write(session, old)
        account.forgotten_revision = last


_OPEN = {"completed_date": None, "paid_price": None, "paid_currency": None}


def _columns(account: Owner, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that hold `fields`, but for whether it is done."""
    values = dict(fields)
    values.pop("completed", None)
    if "due_date" in values:
        values |= due_columns(values.pop("due_date"), ZoneInfo(account.timezone))
    return with_keys(values)


def _completed(session: Session, now: datetime, item: str | None) -> dict[str, Any]:
    """Return when it was done and, since prices change, the price that its item has now."""
    price = prices.find(session, item) if item else None
    paid = {"paid_price": price.price, "paid_currency": price.currency} if price else {}
    return {"completed_date": now, **paid}
