"""Which of an account's tasks are meant: by state, due date and text."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, or_, select

from todo_api.errors import Invalid
from todo_api.models import Account, Task
from todo_api.values import moments, names


@dataclass(frozen=True)
class Filter:
    """What a task must be to be meant; None asks for nothing.

    `due_before` and `due_after` are strict. `q` is looked for in the name and the note, in the form
    in which names are compared.
    """

    completed: bool | None = None
    due_before: date | datetime | None = None
    due_after: date | datetime | None = None
    overdue: bool | None = None
    q: str | None = None


def matching(account: Account, wanted: Filter) -> Select[Task]:
    """Return the query for the tasks of `account` that are `wanted`.

    Raises Invalid when a due date lies outside of the years that there are.
    """
    zone = ZoneInfo(account.timezone)
    query = of(account)
    if wanted.completed is not None:
        done = Task.completed_date.is_not(None)
        query = query.where(done if wanted.completed else ~done)
    if wanted.due_before is not None:
        query = query.where(Task.due_order < _order("due_before", wanted.due_before, zone))
    if wanted.due_after is not None:
        query = query.where(Task.due_order > _order("due_after", wanted.due_after, zone))
    if wanted.overdue is not None:
        query = query.where(_overdue(zone) if wanted.overdue else ~_overdue(zone))
    if wanted.q is not None:
        text = names.key(wanted.q)
        found = [key.contains(text, autoescape=True) for key in (Task.name_key, Task.note_key)]
        query = query.where(or_(*found))
    return query


def of(account: Account) -> Select[Task]:
    """Return the query for all tasks of `account`, without the tombstones."""
    return select(Task).where(Task.account_id == account.id, Task.deleted_date.is_(None))


def _overdue(zone: ZoneInfo) -> ColumnElement[bool]:
    """Return the condition for open tasks whose moment, or whose whole day in `zone`, is over."""
    now = moments.now()
    today = now.astimezone(zone).date()
    return and_(
        Task.completed_date.is_(None),
        or_(
            and_(Task.due_at.is_not(None), Task.due_at < now),
            and_(Task.due_on.is_not(None), Task.due_on < today),
        ),
    )


def _order(name: str, due: date | datetime, zone: ZoneInfo) -> int:
    try:
        return moments.order(due, zone)
    except ValueError as error:
        raise Invalid(errors={name: [str(error)]}) from None
