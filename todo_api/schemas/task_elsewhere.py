"""Tasks as other programs export them: what can be part of a task here, and a note of the rest.

Todoist, TickTick and Outlook, which exports those of Microsoft To Do, write CSV. Google Tasks
writes JSON.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from todo_api.errors import Invalid
from todo_api.schemas import csv_table
from todo_api.schemas.calendar_todos import NOTHING_LIKE_IT
from todo_api.schemas.csv_table import Table
from todo_api.schemas.skipped import (
    CANCELLED,
    ONLY_A_DAY,
    THE_IMPORT,
    Skipped,
    no_state,
    not_when,
    unknown_zone,
)
from todo_api.schemas.task_file import Record, must_be_few, row
from todo_api.services.bad_rows import MOST_BAD, BadRow, reasons, refusal
from todo_api.services.exchange import Row
from todo_api.values import moments, names
from todo_api.values.quotes import quoted

Loaded = tuple[list[Row], Skipped]

CURE = "Set `date_order` to `mdy` or `dmy`."
NO_TIME = "It is no date or time"
MOST_NOTE = 10_000

_DAY = re.compile(r"([0-9]{1,4})([/.-])([0-9]{1,2})\2([0-9]{1,4})")
_MIDNIGHT = re.compile(r"00:00:00(\.0+)?Z")
_NOON = 12
_YEAR = 4
_GOOGLE = ("tasks#taskLists", "tasks#tasks")


@dataclass
class Entry:
    """A row of a file, of which a program's reader takes what it understands."""

    line: int
    cells: dict[str, str]
    file: "File"

    def take(self, column: str) -> str:
        """Return the cell in a column, which counts as read; empty if there is none."""
        return self.cells.pop(column, "")

    def skip(self, column: str, reason: str) -> None:
        """Note that a cell was skipped."""
        self.file.skipped.note(self.line, self.file.shown.get(column, column), reason)

    def day(self, column: str) -> date | None:
        """Take a day, written as in the rest of the file; note one that makes no sense."""
        text = self.take(column).strip()
        try:
            return self.file.day(text) if text else None
        except _Ambiguous as error:
            reason = f"{self.file.shown[column]}: {error}"
            self.file.bad.append(BadRow(f"line {self.line}", [reason]))
        except ValueError:
            self.skip(column, f"{NO_TIME}: {quoted(text)}.")
        return None

    def moment(self, column: str) -> date | datetime | None:
        """Take an ISO date or time; note one that makes no sense."""
        text = self.take(column).strip()
        if not text:
            return None
        # A program that writes 03/04/2030 may mean another day than `moments.parse` reads.
        with suppress(ValueError):
            if "/" not in text:
                return moments.parse(text)
        self.skip(column, f"{NO_TIME}: {quoted(text)}.")
        return None

    def zone(self, column: str) -> ZoneInfo:
        """Take a time zone, that of the account if there is none; note one that is not known."""
        name = self.take(column).strip()
        if name in moments.time_zones():
            return ZoneInfo(name)
        if name:
            self.skip(column, unknown_zone(name))
        return self.file.zone


class _Ambiguous(ValueError):
    """A day that is another one in another order of day and month."""


@dataclass
class File:
    """A file as a whole. The `order` of its dates is `dmy`, `mdy` or, if nobody knows, empty."""

    zone: ZoneInfo
    order: str = ""
    shown: Mapping[str, str] = field(default_factory=dict)
    skipped: Skipped = field(default_factory=Skipped)
    bad: list[BadRow] = field(default_factory=list)

    def day(self, text: str) -> date:
        """Return the day that a text writes; raise ValueError if it writes none, or two."""
        found = _DAY.fullmatch(text)
        if not found:
            raise ValueError(text)
        first, mark, second, last = found.groups()
        if len(first) == _YEAR:
            return date(int(first), int(second), int(last))
        if len(last) != _YEAR:
            raise ValueError(text)
        day_first = int(last), int(second), int(first)
        month_first = int(last), int(first), int(second)
        order = "dmy" if mark == "." or first == second else self.order or _order_of(found)
        if not order:
            days = f"{date(*month_first)} or {date(*day_first)}"
            raise _Ambiguous(f"May be {days}: {quoted(text)}. {CURE}")
        return date(*(day_first if order == "dmy" else month_first))


Reader = Callable[[Entry, Record | None], Record | None]
"""Makes a record of an entry. It may add to the record before it instead, and return None."""


@dataclass(frozen=True)
class Program:
    """The columns by which a program's file is known, and how it is read.

    A cell of a `silent` column is not told, nor is one that says the same as no cell.
    """

    columns: frozenset[str]
    read: Reader
    silent: frozenset[str] = frozenset()
    says_nothing: Mapping[str, str] = field(default_factory=dict)


def in_csv(
    content: bytes, zone: ZoneInfo, *, delimiter: str | None = None, order: str | None = None
) -> Loaded | None:
    """Return the rows of the tasks in another program's file, and what was skipped.

    Returns None if the file is none of those that are known. Raises Malformed and Invalid as
    `csv_table.reading` does, Invalid for days of which nobody knows whether the month comes first.
    """
    with csv_table.reading(BytesIO(content), _ALL_COLUMNS, delimiter) as whole:
        table = _behind_preamble(whole)
        program = next((each for each in PROGRAMS if each.columns <= {*table.header}), None)
        if program is None:
            return None
        shown = dict(zip(table.header, table.shown, strict=True))
        file = File(zone, order or "", shown)
        entries = list(_entries(table, file))
    file.order = file.order or _order_in(entries)
    rows = _rows(_records(entries, program), file)
    if file.bad:
        raise refusal(file.bad, "task")
    return rows, file.skipped


def in_json(sent: Any, zone: ZoneInfo) -> Loaded | None:
    """Return the rows of the tasks of Google Tasks in a JSON value, and what was skipped.

    Skipped values are told with the numbers of the tasks. Returns None if it is another value.
    """
    if not isinstance(sent, dict) or sent.get("kind") not in _GOOGLE:
        return None
    file = File(zone)
    lists = _members(sent) if sent["kind"] == "tasks#taskLists" else [sent]
    return _rows(_of_google(lists, file), file), file.skipped


def _rows(records: Iterable[tuple[int, Record]], file: File) -> list[Row]:
    found = (_row(record, line, file) for line, record in records)
    return [each for each in found if each]


def _row(record: Record, line: int, file: File) -> Row | None:
    """Return the row of a record without what is wrong in it, None if it is no task then."""
    while True:
        try:
            return row(record, file.zone)
        except Invalid as error:
            told = reasons(error, record)
            wrong = [name for name in error.errors or {} if name in record and name != "name"]
            if not wrong or "name" in (error.errors or {}):
                file.skipped.note(line, "task", told[0])
                return None
            for name in wrong:
                reason = next(each for each in told if each.startswith(f"{name}:"))
                file.skipped.note(line, name, reason.removeprefix(f"{name}: "))
                del record[name]
                if name == "completed_date":
                    file.skipped.note(line, name, not_when(THE_IMPORT))


def _behind_preamble(table: Table) -> Table:
    """Return the table without the lines with which TickTick begins, if it has them."""
    if table.shown[0].startswith("Date: "):
        for _, cells in table.rows:
            if len(cells) > 1:
                return table.below(cells)
    return table


def _entries(table: Table, file: File) -> Iterator[Entry]:
    for number, (line, cells) in enumerate(table.rows, 1):
        must_be_few(number)
        named = zip(table.header, cells, strict=False)
        yield Entry(line, {name: cell for name, cell in named if name and cell.strip()}, file)


def _records(entries: Iterable[Entry], program: Program) -> Iterator[tuple[int, Record]]:
    held: tuple[int, Record] | None = None
    for entry in entries:
        record = program.read(entry, held and held[1])
        for column, cell in entry.cells.items():
            nothing = program.says_nothing.get(column) == names.key(cell)
            if column not in program.silent and not nothing:
                entry.skip(column, NOTHING_LIKE_IT)
        if len(entry.file.bad) > MOST_BAD:
            break
        if record is None:
            continue
        if held:
            yield held
        held = entry.line, record
    if held:
        yield held


def _order_in(entries: Iterable[Entry]) -> str:
    """Return the one order that the days of a file have, empty if there is none or more."""
    cells = (
        cell.strip()
        for entry in entries
        for column, cell in entry.cells.items()
        if "date" in column  # A note that is a day says nothing of how the program writes days.
    )
    orders = {_order_of(found) for cell in cells if (found := _DAY.fullmatch(cell))} - {""}
    return orders.pop() if len(orders) == 1 else ""


def _order_of(found: re.Match[str]) -> str:
    """Return the order that a day has by itself, empty if both are possible."""
    first, mark, second, last = found.groups()
    if len(last) != _YEAR or mark == ".":
        return ""
    return "dmy" if int(first) > _NOON else "mdy" if int(second) > _NOON else ""


def _todoist(entry: Entry, before: Record | None) -> Record | None:
    kind = names.key(entry.take("type"))
    if kind == "note" and before:
        notes = [each for each in (before.get("note"), entry.cells.get("content")) if each]
        if len("\n\n".join(notes)) <= MOST_NOTE:
            before["note"] = "\n\n".join(notes)
            entry.take("content")
        return None
    if kind != "task":
        entry.skip(kind[:100] or "type", NOTHING_LIKE_IT)
        entry.cells.clear()
        return None
    due = entry.moment("date")
    if isinstance(due, datetime) and not due.tzinfo:
        due = due.replace(tzinfo=entry.zone("timezone"))
    note = entry.take("description") or None
    return {"name": entry.take("content"), "note": note, "due_date": due and due.isoformat()}


def _outlook(entry: Entry, _: Record | None) -> Record:
    due, day = entry.day("due date"), entry.day("date completed")
    said = {column: entry.take(column).strip() for column in _OUTLOOK_STATES}
    status, percent = map(names.key, said.values())
    done = status == "completed" or day is not None or percent in ("100", "100%")
    for column, text in said.items():
        if text and names.key(text) not in _OUTLOOK_STATES[column][done]:
            entry.skip(column, no_state(done=done))
    record = {
        "name": entry.take("subject"),
        "note": entry.take("notes") or None,
        "due_date": due and due.isoformat(),
        "completed": done,
    }
    if day:
        entry.skip("date completed", ONLY_A_DAY)
        record["completed_date"] = f"{day}T00:00:00"  # A wall time in the account's zone.
    elif done:
        entry.skip("status" if status else "% complete", not_when(THE_IMPORT))
    return record


_OUTLOOK_STATES: dict[str, dict[bool, tuple[str, ...]]] = {
    "status": {True: ("completed",), False: ("not started",)},
    "% complete": {True: ("1", "100", "100%"), False: ("0", "0%")},
}
"""The cells of tasks that are done, and of those that are not, by column; 1 is all of a task."""


def _ticktick(entry: Entry, _: Record | None) -> Record | None:
    status = entry.take("status").strip()
    if status == _WILL_NOT_BE_DONE:
        entry.skip("task", CANCELLED)
        entry.cells.clear()
        return None
    if entry.cells.get("start date") == entry.cells.get("due date"):
        entry.take("start date")
    due = entry.moment("due date")
    completed, created = entry.moment("completed time"), entry.moment("created time")
    is_all_day = names.key(entry.take("is all day")) == "true"
    if is_all_day or any(_is_wall_time(each) for each in (due, completed, created)):
        zone = entry.zone("timezone")
        due, completed, created = (_placed(each, zone) for each in (due, completed, created))
        if is_all_day and isinstance(due, datetime):
            due = _day_of(entry, due, zone)
    done = status in _TICKTICK_DONE or completed is not None
    if status and status not in (_TICKTICK_DONE if done else ("0",)):
        entry.skip("status", no_state(done=done))
    if done and not completed:
        entry.skip("status", not_when(THE_IMPORT))
    record = {
        "name": entry.take("title"),
        "note": entry.take("content") or None,
        "due_date": due and due.isoformat(),
        "completed": done,
    }
    times = {"completed_date": completed, "creation_date": created}
    return {**record, **{name: each.isoformat() for name, each in times.items() if each}}


def _day_of(entry: Entry, due: datetime, zone: ZoneInfo) -> date | None:
    """Return the day that starts at a moment; note that it does not, or that there is none."""
    try:
        day = due.astimezone(zone).date()
        if moments.at(day, zone) != due:
            entry.skip("due date", f"It is no start of a day in {zone.key}: its day is taken.")
    except (ValueError, OverflowError):
        entry.skip("due date", moments.OUT_OF_RANGE)
        return None
    return day


_TICKTICK_DONE = ("1", "2")
_WILL_NOT_BE_DONE = "-1"


def _is_wall_time(when: date | datetime | None) -> bool:
    return isinstance(when, datetime) and not when.tzinfo


def _placed(when: date | datetime | None, zone: ZoneInfo) -> date | datetime | None:
    """Return a wall time as a moment in the zone, and all else as it is."""
    if isinstance(when, datetime) and not when.tzinfo:
        return when.replace(tzinfo=zone)
    return when


def _of_google(lists: Iterable[Any], file: File) -> Iterator[tuple[int, Record]]:
    number = 0
    for each in lists:
        for place, task in enumerate(_members(each)):
            number += 1
            must_be_few(number)
            if place == 0 and each.get("title"):
                file.skipped.note(number, "list", NOTHING_LIKE_IT)
            if not isinstance(task, dict):
                file.skipped.note(number, "task", "It is no object.")
            elif task.get("deleted") is True:
                file.skipped.note(number, "task", "It is deleted.")
            else:
                yield number, _google_record(task, number, file)


def _google_record(task: Mapping[str, Any], number: int, file: File) -> Record:
    for name, value in task.items():
        if value and name not in _GOOGLE_READ:
            file.skipped.note(number, name, NOTHING_LIKE_IT)
    due, status, completed = task.get("due"), task.get("status"), task.get("completed")
    if isinstance(due, str):
        # Google keeps the day alone, and writes it as midnight in UTC.
        due, _, time = due.partition("T")
        if time and not _MIDNIGHT.fullmatch(time):
            file.skipped.note(number, "due", "Only its day is taken.")
    done = status == "completed"
    if status and not done and status != "needsAction":
        file.skipped.note(number, "status", no_state(done=done))
    if completed and not done:
        file.skipped.note(number, "completed", no_state(done=done))
    if done and not completed:
        file.skipped.note(number, "status", not_when(THE_IMPORT))
    record = {
        "name": task.get("title"),
        "note": task.get("notes"),
        "due_date": due,
        "completed": done,
    }
    if task.get("created"):
        record["creation_date"] = task["created"]
    if done and completed:
        record["completed_date"] = completed
    return record


def _members(value: Any) -> list[Any]:
    items = value.get("items") if isinstance(value, dict) else None
    return items if isinstance(items, list) else []


_GOOGLE_READ = frozenset(
    {"kind", "id", "etag", "title", "notes", "due", "status", "completed", "created", "updated"}
    | {"task_type", "position", "selfLink", "webViewLink"}
)

PROGRAMS = (
    Program(
        frozenset({"type", "content", "priority", "indent"}),
        _todoist,
        silent=frozenset({"date_lang", "timezone", "is_collapsed", "view_style"}),
        says_nothing={"priority": "4", "indent": "1"},
    ),
    Program(
        frozenset({"subject", "due date", "% complete"}),
        _outlook,
        silent=frozenset({"reminder date", "reminder time"}),
        says_nothing={
            "reminder on/off": "false",
            "total work": "0",
            "actual work": "0",
            "priority": "normal",
            "private": "false",
            "sensitivity": "normal",
        },
    ),
    Program(
        frozenset({"list name", "title", "status", "is all day"}),
        _ticktick,
        silent=frozenset(
            {"is floating", "order", "taskid", "column order", "view mode", "timezone"}
        ),
        says_nothing={"kind": "text", "is check list": "n", "priority": "0"},
    ),
)
"""The programs whose CSV is known."""

_ALL_COLUMNS = frozenset().union(*(program.columns for program in PROGRAMS))
