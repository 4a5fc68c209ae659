"""Which VTODOs of a calendar are tasks: of each the newest one, and when a series is due next.

A task that repeats is a VTODO with an RRULE. A repetition that was changed, or is done, is another
VTODO with the same UID and a RECURRENCE-ID. It is a task of its own here, since a task here does
not repeat. The series without these is one task.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta

from todo_api.schemas import calendar_rules
from todo_api.schemas.calendar_todos import Calendar, Property, Todo
from todo_api.values import moments


def tasks(calendar: Calendar) -> list[Todo]:
    """Return the VTODOs in their order; of several with the same UID the newest, which is noted.

    Each series knows the repetitions that are not its own any more.
    """
    newest: dict[tuple[str, str] | int, Todo] = {}
    for todo in calendar.entries:
        uid, repetition = todo.value("UID").strip(), todo.value("RECURRENCE-ID").strip()
        key = (uid, repetition) if uid else todo.line
        if key in newest:
            older, newer = sorted((newest[key], todo), key=lambda each: _version(calendar, each))
            calendar.skipped.note(older.line, "VTODO", "Another VTODO of the same UID is newer.")
            newest[key] = newer
        else:
            newest[key] = todo
    for todo in newest.values():
        series = newest.get((todo.value("UID").strip(), ""))
        if series and "RECURRENCE-ID" in todo.has:
            series.excluded.append(todo.has["RECURRENCE-ID"])
    return sorted(newest.values(), key=lambda each: each.line)


def _version(calendar: Calendar, todo: Todo) -> tuple[int, datetime]:
    """Return what is greater for a newer version of a VTODO."""
    sequence = 0
    with suppress(ValueError):
        sequence = int(todo.value("SEQUENCE")[:10])
    for name in ("LAST-MODIFIED", "DTSTAMP"):
        if name in todo.has:
            with suppress(ValueError, OverflowError):
                return sequence, calendar.moment(calendar.when(name, todo.has[name], told=False))
    return sequence, moments.EARLIEST


def days_to_next(calendar: Calendar, series: Todo) -> timedelta | None:
    """Return how long after its start a series has a repetition of its own, None if it has none.

    At most one repetition more is looked at than are excluded. Raises ValueError or OverflowError
    if the rule is not worked out.
    """
    rule = calendar_rules.parse(series.value("RRULE"))
    name = "DTSTART" if "DTSTART" in series.has else "DUE"
    if name not in series.has:
        raise ValueError("The series has no start.")
    start = series.has[name]
    by_day = "T" not in start.value
    excluded = _excluded(calendar, series, by_day=by_day)
    end = _time(calendar, replace(start, value=rule.until)) if rule.until else None
    first = date.fromisoformat(start.value.strip()[:8])
    for number, day in enumerate(rule.days(first)):
        when = calendar.when(name, start, day - first, told=False)
        if number == rule.count or (end and _is_after(calendar, when, day, end)):
            return None
        if when not in excluded and day not in excluded:
            return day - first
    raise ValueError("The rule has no repetition more.")


def _excluded(calendar: Calendar, series: Todo, *, by_day: bool) -> set[date | datetime]:
    """Return the repetitions that are excluded: moments and days; only days if `by_day`."""
    found = set[date | datetime]()
    for each in series.excluded:
        for text in each.value.split(","):
            with suppress(ValueError, OverflowError):
                when = _time(calendar, replace(each, value=text))
                if by_day and isinstance(when, datetime):
                    when = when.astimezone(calendar.zone).date()
                found.add(when)
    return found


def _is_after(calendar: Calendar, when: date | datetime, day: date, end: date | datetime) -> bool:
    """Return whether a repetition at `when` is after the UNTIL of its rule."""
    return calendar.moment(when) > end if isinstance(end, datetime) else day > end


def _time(calendar: Calendar, time: Property) -> date | datetime:
    return calendar.when("", time, told=False)
