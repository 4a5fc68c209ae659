"""Which of an account's tasks are meant: by state, due date and text."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, String, and_, bindparam, or_, select

from todo_api.errors import Invalid
from todo_api.models import Owner, Task, TaskRow
from todo_api.services import due_order
from todo_api.services.position import Position
from todo_api.services.rows import Kind, columns
from todo_api.values import moments, names

ERA = bindparam("era", type_=String)
"""The era of the account, which is known beforehand and the same in every row."""

TASK_ROWS = Kind(TaskRow, Task, era=ERA)

_TASK = columns(Task)
_OVERDUE = and_(
    _TASK.completed_date.is_(None),
    or_(
        and_(_TASK.due_at.is_not(None), _TASK.due_at < bindparam("now")),
        and_(_TASK.due_on.is_not(None), _TASK.due_on < bindparam("today")),
    ),
)
"""The condition for open tasks whose moment is over at `now`, or whose whole day before `today`."""


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


def matching(owner: Owner, wanted: Filter) -> tuple[Select[Any], dict[str, Any]]:
    """Return the query for the rows of the tasks of `owner` that are `wanted`, and its values.

    It is one of a few, and always the same object. Raises Invalid when a due date lies outside of
    the years that there are.
    """
    zone = ZoneInfo(owner.timezone)
    values: dict[str, Any] = {"owner": owner.id, "era": owner.era}
    if wanted.due_before is not None:
        values |= _due("due_before", due_order.values_before, wanted.due_before, zone)
    if wanted.due_after is not None:
        values |= _due("due_after", due_order.values_after, wanted.due_after, zone)
    if wanted.overdue is not None:
        values["now"] = moments.now()
        values["today"] = values["now"].astimezone(zone).date()
    if wanted.q is not None:
        values["q"] = names.key(wanted.q)
    return _query(wanted.completed, wanted.overdue, frozenset(values)), values


def of(owner: Owner) -> Select[Task]:
    """Return the query for all tasks of `owner`, without the tombstones."""
    return select(Task).where(Task.account_id == owner.id, Task.deleted_date.is_(None))


@cache
def _query(completed: bool | None, overdue: bool | None, values: frozenset[str]) -> Select[Any]:
    query = select(*TASK_ROWS.columns).where(
        _TASK.account_id == bindparam("owner"), _TASK.deleted_date.is_(None)
    )
    if completed is not None:
        done = _TASK.completed_date.is_not(None)
        query = query.where(done if completed else ~done)
    if "before_day" in values:
        query = query.where(due_order.BEFORE)
    if "after_day" in values:
        query = query.where(due_order.AFTER)
    if overdue is not None:
        query = query.where(_OVERDUE if overdue else ~_OVERDUE)
    if "q" in values:
        keys = (_TASK.name_key, _TASK.note_key)
        query = query.where(or_(*(Position(key, bindparam("q")) > 0 for key in keys)))
    return query


def _due(
    name: str,
    values: Callable[[date | datetime, ZoneInfo], dict[str, Any]],
    due: date | datetime,
    zone: ZoneInfo,
) -> dict[str, Any]:
    """Return the values of a condition on the due date; raise Invalid for the parameter `name`."""
    try:
        return values(due, zone)
    except ValueError as error:
        raise Invalid(errors={name: [str(error)]}) from None
