"""The order of tasks by due date: moments and bare dates merged, and at the end what has neither.

When a bare date begins depends on the account's time zone, so no index can hold both together. Each
has an index of its own, and a page merges the two. So a new time zone rewrites no task.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, ColumnElement, bindparam, or_

from todo_api.models import Task
from todo_api.services.paging import Key, Order, Range, Start, typed
from todo_api.services.rows import columns
from todo_api.values import moments

_TASK = columns(Task)
_UTC = ZoneInfo("UTC")
_MOMENTS = Range((_TASK.due_at, _TASK.id), _TASK.due_at.is_not(None))
_DATES = Range((_TASK.due_on, _TASK.id), _TASK.due_on.is_not(None))
_UNDATED = Range((_TASK.id,), _TASK.due_at.is_(None) & _TASK.due_on.is_(None))

_BEFORE_ALL, _AFTER_ALL = -1, 2**63 - 1
"""Ids that are less, and not less, than those that tasks have."""

BEFORE: ColumnElement[bool] = or_(
    _TASK.due_at < bindparam("before_moment"), _TASK.due_on < bindparam("before_day")
)
"""The condition for what is due before a due date; `values_before` gives its values."""

AFTER: ColumnElement[bool] = or_(
    _TASK.due_at > bindparam("after_moment"), _TASK.due_on > bindparam("after_day")
)
"""The condition for what is due after a due date; `values_after` gives its values."""


def values_before(due: date | datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Return the values of BEFORE; raise ValueError as `moments.at` does."""
    moment = moments.at(due, zone)
    day = moments.next_day(moments.last_day_begun(moment, zone)) if _is_moment(due) else due
    return {"before_moment": moment, "before_day": day}


def values_after(due: date | datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Return the values of AFTER; raise ValueError as `moments.at` does."""
    moment = moments.at(due, zone)
    if _is_moment(due):
        return {"after_moment": moment, "after_day": moments.last_day_begun(moment, zone)}
    # The day's own first moment comes after the bare date.
    return {"after_moment": moment - moments.TICK, "after_day": due}


@dataclass(frozen=True, eq=False)
class ByDueDate(Order):
    """The order of an account's tasks by when they are due in its time zone.

    The key of a task is its due date and its id. A bare date comes before each moment of its day.
    """

    columns: tuple[Column[Any], ...] = (_TASK.due_at, _TASK.due_on, _TASK.id)
    zone: ZoneInfo = _UTC

    @classmethod
    def named(cls, name: str, zone: ZoneInfo) -> "ByDueDate":
        """Return the order in a time zone; `-` before its name runs it backwards."""
        return cls(name, descending=name.startswith("-"), zone=zone)

    def starts_after(self, key: Key | None) -> Iterable[Sequence[Start]]:
        """Yield the ranges of moments and of dates together, then what has no due date."""
        if key is None:
            yield (_MOMENTS, None), (_DATES, None)
        elif key[0] is not None:
            yield (_MOMENTS, self._among_moments(*key)), (_DATES, self._among_dates(*key))
        is_undated = key is not None and key[0] is None
        yield ((_UNDATED, key[1:] if key and is_undated else None),)

    def key(self, values: Sequence[Any]) -> Key:
        """Return the due date and the id."""
        moment, day, task_id = values
        return day or moment, task_id

    def comparable(self, key: Key) -> Any:
        """Return when it is due, with the day itself for two that begin at once.

        So does a day that a time zone has left out, and the day after it.
        """
        due, task_id = key
        is_moment = _is_moment(due)
        return moments.at(due, self.zone), is_moment, None if is_moment else due, task_id

    def checked(self, values: Sequence[Any]) -> Key:
        """Return the due date and the id that a cursor holds."""
        due, task_id = values
        if due is not None:
            is_day = isinstance(due, str) and len(due) == len("2030-01-01")
            due = typed(due, _TASK.due_on if is_day else _TASK.due_at)
            moments.at(due, self.zone)
        return due, typed(task_id, _TASK.id)

    def _among_moments(self, due: date | datetime, task_id: int) -> Key:
        """Return behind which moment and id to go on after a task."""
        return moments.at(due, self.zone), task_id if _is_moment(due) else _BEFORE_ALL

    def _among_dates(self, due: date | datetime, task_id: int) -> Key:
        """Return behind which date and id to go on after a task."""
        if not _is_moment(due):
            return due, task_id
        return moments.last_day_begun(moments.at(due, self.zone), self.zone), _AFTER_ALL


def _is_moment(due: date | datetime) -> bool:
    return isinstance(due, datetime)
