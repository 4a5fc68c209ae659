"""Tasks from a calendar: of each VTODO what can be said of a task, and a note of what cannot."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import vDuration

from todo_api.errors import Invalid
from todo_api.schemas.calendar_todos import NOTHING_LIKE_IT, Calendar, Todo, read
from todo_api.schemas.skipped import Skipped
from todo_api.schemas.task_file import Record, reasons, row
from todo_api.schemas.task_ics import (
    CURRENCY,
    EXACT,
    FIELDS,
    PRICE,
    QUANTITY,
    TEXTS,
    TIMES,
    exact_text,
    exact_time,
)
from todo_api.services.exchange import Row

_duration: Any = vDuration.from_ical  # The library's functions have no annotations.


def load(content: bytes, zone: ZoneInfo) -> tuple[list[Row], Skipped]:
    """Return the rows of the tasks in a calendar, for an account in `zone`, and what was skipped.

    Raises Malformed and Invalid as `read` does.
    """
    calendar = read(content, zone)
    rows = [_row(calendar, todo) for todo in calendar.entries]
    return [each for each in rows if each], calendar.skipped


def _row(calendar: Calendar, todo: Todo) -> Row | None:
    """Return the row of a VTODO without what is wrong in it, None if it is no task then."""
    try:
        record = _record(calendar, todo)
        while True:
            try:
                return row(record, calendar.zone)
            except Invalid as error:
                wrong = [name for name in FIELDS if FIELDS[name] in (error.errors or {})]
                if not wrong or "SUMMARY" in wrong:
                    raise
                for name in wrong:
                    del record[FIELDS[name]]
                    line = todo.has[name].line if name in todo.has else todo.line
                    calendar.skipped.note(line, name, reasons(error)[0])
    except Invalid as error:
        calendar.skipped.note(todo.line, "VTODO", reasons(error)[0])
        return None


def _record(calendar: Calendar, todo: Todo) -> Record:
    """Return the record of a VTODO; raise Invalid if it is none of a task."""
    if todo.value("STATUS").upper() == "CANCELLED":
        raise Invalid("It is cancelled.")
    if "SUMMARY" not in todo.has:
        raise Invalid("It has no SUMMARY.")
    record: Record = {"completed": _is_completed(calendar, todo)}
    for name, each in TEXTS.items():
        if name in todo.has:
            record[each] = exact_text(todo.value(name), todo.value(f"{EXACT}{name}"))
    _take_times(calendar, todo, record)
    if QUANTITY in todo.has:
        record["quantity"] = todo.value(QUANTITY)
    if PRICE in todo.has:
        record["paid"] = {"price": todo.value(PRICE), "currency": todo.value(CURRENCY)}
    return record


def _is_completed(calendar: Calendar, todo: Todo) -> bool:
    """Return whether it is done; a COMPLETED counts more than a STATUS, as in RFC 5545, 3.6.2."""
    # vCalendar 1.0 writes NEEDS ACTION.
    status = todo.value("STATUS").strip().upper().replace(" ", "-")
    percent = todo.value("PERCENT-COMPLETE").strip()
    completed = "COMPLETED" in (status, *todo.has) or (not status and percent == "100")
    said = {
        "STATUS": (status, "COMPLETED" if completed else "NEEDS-ACTION"),
        "PERCENT-COMPLETE": (percent, "100" if completed else "0"),
    }
    for name, (value, kept) in said.items():
        if name in todo.has and value != kept:
            state = "completed" if completed else "open"
            reason = f"A task is open or completed, and this one is {state}."
            calendar.skipped.note(todo.has[name].line, name, reason)
    return completed


def _take_times(calendar: Calendar, todo: Todo, record: Record) -> None:
    for name, each in TIMES.items():
        if name in todo.has:
            with _noting(calendar, todo, name):
                when = calendar.when(name, todo.has[name])
                exact = todo.value(f"{EXACT}{name}")
                record[each] = exact_time(todo.value(name), exact) if exact else when.isoformat()
    if "DTSTART" in todo.has:
        calendar.skipped.note(todo.has["DTSTART"].line, "DTSTART", NOTHING_LIKE_IT)
    if "DURATION" in todo.has:
        with _noting(calendar, todo, "DURATION"):
            record["due_date"] = _due_after_start(calendar, todo)


def _due_after_start(calendar: Calendar, todo: Todo) -> str:
    """Return the end of the DURATION, where that stands for a DUE; raise ValueError if not."""
    if "DUE" in todo.has or "DTSTART" not in todo.has:
        raise ValueError("It needs a DTSTART beside it, and no DUE.")
    days, _, hours = todo.value("DURATION").partition("T")
    sign = days.partition("P")[0]
    later = _duration(days), _duration(f"{sign}PT{hours}")
    return calendar.when("DTSTART", todo.has["DTSTART"], *later).isoformat()


@contextmanager
def _noting(calendar: Calendar, todo: Todo, name: str) -> Iterator[None]:
    """Note that a property is skipped if it makes no sense."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        calendar.skipped.note(todo.has[name].line, name, str(error))
