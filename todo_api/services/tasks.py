"""Tasks: created, found, changed, deleted. Every change takes the account's next revision.

The caller of a change holds the account's row, see `accounts.take`. Completing a task asks the
price list, since it notes what the item costs at that moment.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from todo_api.errors import Invalid, NotFound
from todo_api.models import Account, Base, Owner, Task, TaskRow
from todo_api.services import prices
from todo_api.services.paging import Order, Plan, plan
from todo_api.services.rows import columns
from todo_api.services.task_filter import TASK_ROWS, Filter, matching, of
from todo_api.statements import Statement
from todo_api.values import moments, money, names

RESTORABLE_DAYS = 30

_TASK = columns(Task)
_TASKS, _ACCOUNTS = (Base.metadata.tables[each.__tablename__] for each in (Task, Account))
_COLUMNS = _TASKS.columns.keys()
_BLANK = dict.fromkeys(set(_COLUMNS) - {"account_id", "id"}) | {"quantity": money.SCALE}
_INSERT = insert(_TASKS)
_RAISE = (
    update(_ACCOUNTS)
    .where(_ACCOUNTS.c.id == bindparam("owner"))
    .values(revision=bindparam("raised"))
)

_KEYS = {
    "id": (_TASK.id,),
    "name": (_TASK.name_key, _TASK.id),
    "due_date": (_TASK.due_order, _TASK.id),
    "creation_date": (_TASK.creation_date, _TASK.id),
}

SORTS = {
    sign + name: Order(sign + name, columns, descending=bool(sign))
    for sign in ("", "-")
    for name, columns in _KEYS.items()
}
"""The orders that a list may have. `-` in front runs backwards, ties by id included."""

_ONE = Statement(
    select(*TASK_ROWS.columns).where(
        _TASK.account_id == bindparam("owner"),
        _TASK.id == bindparam("id"),
        _TASK.deleted_date.is_(None),
    )
)


def see(session: Session, owner: Owner, task_id: int) -> TaskRow:
    """Return the row of one of the account's tasks; raise NotFound as `get` does."""
    task = TASK_ROWS.one(session, _ONE, {"owner": owner.id, "id": task_id})
    if task is None:
        raise NotFound("No such task")
    return task


def get(session: Session, account: Owner, task_id: int) -> Task:
    """Return one of the account's tasks; raise NotFound when it has none of that id."""
    task = session.scalars(of(account).where(Task.id == task_id)).one_or_none()
    if task is None:
        raise NotFound("No such task")
    return task


def listing(
    owner: Owner, wanted: Filter, *, sort: str, limit: int, after: str | None
) -> Plan[TaskRow]:
    """Plan one page of the account's tasks that are wanted, sorted as one of SORTS says."""
    query, values = matching(owner, wanted)
    return plan(TASK_ROWS, query, SORTS[sort], limit=limit, after=after, **values)


def create(session: Session, account: Account, fields: Mapping[str, Any]) -> Task:
    """Store a new task; its id is the revision that creates it.

    It is inserted as a row and then taken into the session, which takes 100 µs; a flush, 300.
    """
    task = Task(**_BLANK, account_id=account.id, id=_raised(session, account))
    task.revision, task.creation_date = task.id, moments.now()
    _set(session, account, task, fields)
    session.execute(_INSERT, {name: getattr(task, name) for name in _COLUMNS})
    make_transient_to_detached(task)
    session.add(task)
    return task


def change(session: Session, account: Account, task: Task, changes: Mapping[str, Any]) -> None:
    """Give the task other values; values that it has already are no change."""
    with session.no_autoflush:
        _set(session, account, task, changes)
    if session.is_modified(task):
        task.revision = _raised(session, account)
        session.flush()


def delete(session: Session, account: Account, task: Task) -> None:
    """Delete the task; what stays of it is a tombstone, for those who sync and for a restore."""
    _forget(session, account)
    task.revision = _raised(session, account)
    task.deleted_date = moments.now()


def deleted(session: Session, account: Owner, task_id: int) -> Task:
    """Return one of the account's tasks, deleted or not.

    Raises NotFound when it has none of that id, or it was deleted too long ago.
    """
    task = session.get(Task, (account.id, task_id))
    if task is None or (task.deleted_date and task.deleted_date <= _forgotten()):
        raise NotFound("No such task")
    return task


def restore(account: Account, task: Task) -> None:
    """Take back the deletion of the task, if it was deleted."""
    if task.deleted_date:
        task.revision = account.next_revision()
        task.deleted_date = None


def placed(due: date | datetime | None, zone: ZoneInfo) -> dict[str, Any]:
    """Return a due date in the columns that hold it, placed in `zone`; raise Invalid as needed."""
    try:
        order = None if due is None else moments.order(due, zone)
        moment = moments.at(due, zone) if isinstance(due, datetime) else None
    except ValueError as error:
        raise Invalid(errors={"due_date": [str(error)]}) from None
    day = None if isinstance(due, datetime) else due
    return {"due_order": order, "due_at": moment, "due_on": day}


def _raised(session: Session, account: Account) -> int:
    """Raise the account's counter, at once, and return it."""
    revision = account.revision + 1
    session.execute(_RAISE, {"owner": account.id, "raised": revision})
    set_committed_value(account, "revision", revision)
    return revision


def _forgotten() -> datetime:
    return moments.days_from(moments.now(), -RESTORABLE_DAYS)


def _forget(session: Session, account: Account) -> None:
    """Throw away the tombstones that are too old, and note up to where."""
    old = (Task.account_id == account.id, Task.deleted_date <= _forgotten())
    last = session.scalars(select(func.max(Task.revision)).where(*old)).one()
    if last is not None:
        account.forgotten_revision = last
        session.execute(sql_delete(Task).where(*old))


def _set(session: Session, account: Account, task: Task, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name == "due_date":
            for column, place in placed(value, ZoneInfo(account.timezone)).items():
                setattr(task, column, place)
        elif name != "completed":
            setattr(task, name, value)
    task.name_key = names.key(task.name)
    task.note_key = names.key(task.note) if task.note is not None else None
    task.item_key = names.key(task.item) if task.item is not None else None
    completed = fields.get("completed", task.completed)
    if completed and not task.completed:
        _complete(session, task)
    elif task.completed and not completed:
        task.completed_date = task.paid_price = task.paid_currency = None


def _complete(session: Session, task: Task) -> None:
    """Note when it was done and, since prices change, the price that its item has now."""
    task.completed_date = moments.now()
    price = prices.find(session, task.item) if task.item else None
    if price:
        task.paid_price, task.paid_currency = price.price, price.currency
