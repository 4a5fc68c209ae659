"""Tasks from a calendar: of each VTODO what can be said of a task, and a note of what cannot."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import vDuration

from todo_api.errors import Invalid
from todo_api.schemas.calendar_series import days_to_next, tasks
from todo_api.schemas.calendar_todos import NOTHING_LIKE_IT, Calendar, Todo, read
from todo_api.schemas.skipped import (
    CANCELLED,
    ONLY_A_DAY,
    THE_IMPORT,
    Skipped,
    no_state,
    not_when,
)
from todo_api.schemas.task_file import LONGEST_NOTE, Record, row
from todo_api.schemas.task_ics import (
    CURRENCY,
    EXACT,
    FIELDS,
    PRICE,
    QUANTITY,
    TEXTS,
    exact_text,
    exact_time,
)
from todo_api.services.bad_rows import reasons
from todo_api.services.exchange import Row
from todo_api.values import moments, names

_EXCLUDED = "excluded or a task of its own"

_duration: Any = vDuration.from_ical  # The library's functions have no annotations.


def load(content: bytes, zone: ZoneInfo) -> tuple[list[Row], Skipped]:
    """Return the rows of the tasks in a calendar, for an account in `zone`, and what was skipped.

    Raises Malformed and Invalid as `read` does.
    """
    calendar = read(content, zone)
    rows = [_row(calendar, todo) for todo in tasks(calendar)]
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
                    calendar.skipped.note(line, name, reasons(error, {})[0])
    except Invalid as error:
        calendar.skipped.note(todo.line, "VTODO", reasons(error, {})[0])
        return None


def _record(calendar: Calendar, todo: Todo) -> Record:
    """Return the record of a VTODO; raise Invalid if it is none of a task."""
    if _status(todo) == "CANCELLED":
        raise Invalid(CANCELLED)
    record: Record = {}
    for name, each in TEXTS.items():
        if name in todo.has:
            record[each] = exact_text(todo.value(name), todo.value(f"{EXACT}{name}"))
    _name(calendar, todo, record)
    if "RECURRENCE-ID" in todo.has:
        reason = "The repetition is a task of its own here."
        calendar.skipped.note(todo.has["RECURRENCE-ID"].line, "RECURRENCE-ID", reason)
    _take_completion(calendar, todo, record)
    _take_creation(calendar, todo, record)
    later = timedelta(0) if record["completed"] else _later(calendar, todo)
    _take_due(calendar, todo, record, later)
    if QUANTITY in todo.has:
        record["quantity"] = todo.value(QUANTITY)
    if PRICE in todo.has:
        record["paid"] = {"price": todo.value(PRICE), "currency": todo.value(CURRENCY)}
    elif CURRENCY in todo.has:
        calendar.skipped.note(todo.has[CURRENCY].line, CURRENCY, f"It needs {PRICE} beside it.")
    return record


def _name(calendar: Calendar, todo: Todo, record: Record) -> None:
    """Give the record a name and a note that are short enough; raise Invalid if it has no name."""
    name, note = record.get("name", ""), record.get("note", "")
    line = next((todo.has[each].line for each in TEXTS if each in todo.has), todo.line)
    if not names.key(name):
        beginnings = (each.strip() for each in note.splitlines())
        name = next((each for each in beginnings if names.key(each)), "")
        if not name:
            raise Invalid("It has neither a SUMMARY nor a DESCRIPTION.")
        reason = "There is none: the first line of the DESCRIPTION is the name."
        calendar.skipped.note(line, "SUMMARY", reason)
        record["name"] = _cut(name)
    elif (cut := _cut(name)) != name:
        reason = "It is too long for a name: it is cut, and stands whole in front of the note."
        calendar.skipped.note(line, "SUMMARY", reason)
        record["name"], note = cut, f"{name}\n\n{note}" if note else name
        record["note"] = note
    if len(note) > LONGEST_NOTE:
        record["note"] = note[:LONGEST_NOTE]
        line = todo.has["DESCRIPTION"].line if "DESCRIPTION" in todo.has else line
        reason = f"It is too long: it is cut after {LONGEST_NOTE:,} characters."
        calendar.skipped.note(line, "DESCRIPTION", reason)


def _cut(name: str) -> str:
    """Return a text as a name, with an ellipsis where the rest was if it is too long for one."""
    if len(name) <= names.LONGEST_NAME and len(names.key(name)) <= names.LONGEST_KEY:
        return name
    cut = f"{name.strip()[: names.LONGEST_NAME - 1].rstrip()}…"
    while len(names.key(cut)) > names.LONGEST_KEY:
        cut = f"{cut[: len(cut) // 2].rstrip()}…"
    return cut


def _status(todo: Todo) -> str:
    """Return the STATUS as iCalendar spells it; vCalendar 1.0 writes NEEDS ACTION."""
    return todo.value("STATUS").strip().upper().replace(" ", "-")


def _take_completion(calendar: Calendar, todo: Todo, record: Record) -> None:
    """Take whether the task is done, and when that was.

    A COMPLETED in the past says that it is, whatever the STATUS says. One that is empty, impossible
    or in the future says nothing about that: programs write those into open tasks.
    """
    when, day = None, False
    if "COMPLETED" in todo.has:
        with _noting(calendar, todo, "COMPLETED"):
            when, day = _moment(calendar, todo, "COMPLETED")
    status = _status(todo)
    percent = todo.value("PERCENT-COMPLETE").strip()
    is_past = bool(when and when <= calendar.now)
    done = status == "COMPLETED" or is_past or (not status and percent == "100")
    _note_state(calendar, todo, status, percent, done=done)
    record["completed"] = done
    if done and when:
        record["completed_date"] = when.isoformat()
        if day:
            calendar.skipped.note(todo.has["COMPLETED"].line, "COMPLETED", ONLY_A_DAY)
    elif done:
        source, then = _last_change(calendar, todo)
        record["completed_date"] = then.isoformat()
        name = "STATUS" if status else "PERCENT-COMPLETE"
        calendar.skipped.note(todo.has[name].line, name, not_when(source))
    elif when:
        reason = "It is later than now, and the task is open."
        calendar.skipped.note(todo.has["COMPLETED"].line, "COMPLETED", reason)


def _note_state(calendar: Calendar, todo: Todo, status: str, percent: str, *, done: bool) -> None:
    said = {
        "STATUS": (status, "COMPLETED" if done else "NEEDS-ACTION"),
        "PERCENT-COMPLETE": (percent, "100" if done else "0"),
    }
    for name, (value, kept) in said.items():
        if name in todo.has and value != kept:
            calendar.skipped.note(todo.has[name].line, name, no_state(done=done))


def _last_change(calendar: Calendar, todo: Todo) -> tuple[str, datetime]:
    """Return when the task was changed last, and what says so; at the latest, it was now."""
    for name in ("LAST-MODIFIED", "DTSTAMP"):
        if name in todo.has:
            with suppress(ValueError, OverflowError):
                when, _ = _moment(calendar, todo, name)
                if when <= calendar.now:
                    return name, when
    return THE_IMPORT, calendar.now


def _take_creation(calendar: Calendar, todo: Todo, record: Record) -> None:
    if "CREATED" in todo.has:
        with _noting(calendar, todo, "CREATED"):
            when, day = _moment(calendar, todo, "CREATED")
            record["creation_date"] = when.isoformat()
            if day:
                calendar.skipped.note(todo.has["CREATED"].line, "CREATED", ONLY_A_DAY)


def _later(calendar: Calendar, todo: Todo) -> timedelta:
    """Return how long after its first repetition a task is due; raise Invalid if none is left."""
    if not todo.excluded or "RRULE" not in todo.has:
        return timedelta(0)
    line = todo.has["RRULE"].line
    try:
        later = days_to_next(calendar, todo)
    except (ValueError, OverflowError):
        reason = "The repetitions are not worked out: the task is due at the first one."
        calendar.skipped.note(line, "RRULE", reason)
        return timedelta(0)
    if later is None:
        raise Invalid(f"Each of its repetitions is {_EXCLUDED}.")
    if later:
        reason = f"The task is due at the first repetition that is not {_EXCLUDED}."
        calendar.skipped.note(line, "RRULE", reason)
    return later


def _take_due(calendar: Calendar, todo: Todo, record: Record, later: timedelta) -> None:
    """Take when the task is due, so much later than its first repetition.

    A task that has only a start is due at that.
    """
    if "DUE" in todo.has:
        with _noting(calendar, todo, "DUE"):
            record["due_date"] = _time(calendar, todo, "DUE", later).isoformat()
    if "DURATION" in todo.has:
        with _noting(calendar, todo, "DURATION"):
            record["due_date"] = _due_after_start(calendar, todo, later)
    if "DTSTART" in todo.has:
        reason = NOTHING_LIKE_IT
        with _noting(calendar, todo, "DTSTART"):
            if "DURATION" not in todo.has and not _has_due(todo):
                start = calendar.when("DTSTART", todo.has["DTSTART"], later)
                record["due_date"] = start.isoformat()
                reason = "There is no DUE: it is taken as the due date."
            calendar.skipped.note(todo.has["DTSTART"].line, "DTSTART", reason)


def _has_due(todo: Todo) -> bool:
    """Return whether there is a DUE that says something; some programs write an empty one."""
    return bool(todo.value("DUE").strip())


def _moment(calendar: Calendar, todo: Todo, name: str) -> tuple[datetime, bool]:
    """Return the moment of a property, and whether the property names only the day."""
    when = _time(calendar, todo, name)
    return calendar.moment(when), not isinstance(when, datetime)


def _time(
    calendar: Calendar, todo: Todo, name: str, later: timedelta = timedelta(0)
) -> date | datetime:
    """Return the date or the moment of a property, as exactly as the file has it, or later."""
    when = calendar.when(name, todo.has[name], later)
    if later:
        return when
    exact = todo.value(f"{EXACT}{name}")
    if exact.endswith("Z") and exact_time(todo.value(name), exact) == exact:
        with suppress(ValueError):
            return moments.parse(exact)
    return when


def _due_after_start(calendar: Calendar, todo: Todo, later: timedelta) -> str:
    """Return the end of the DURATION, where that stands for a DUE; raise ValueError if not."""
    if _has_due(todo) or "DTSTART" not in todo.has:
        raise ValueError("It needs a DTSTART beside it, and no DUE.")
    days, _, hours = todo.value("DURATION").partition("T")
    sign = days.partition("P")[0]
    later += _duration(days)
    hours_later = _duration(f"{sign}PT{hours}")
    return calendar.when("DTSTART", todo.has["DTSTART"], later, hours_later).isoformat()


@contextmanager
def _noting(calendar: Calendar, todo: Todo, name: str) -> Iterator[None]:
    """Note that a property is skipped if it makes no sense."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        calendar.skipped.note(todo.has[name].line, name, str(error))
