"""The VTODOs of a calendar, which any program may have written, and its time zones.

What cannot be part of a task is noted, so that nothing is lost silently. Not noted are PRODID,
VERSION and CALSCALE, which are about the file, and UID, DTSTAMP, LAST-MODIFIED and SEQUENCE, in
place of which a new task gets an id and a revision of its own.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from todo_api.schemas.calendar_lines import BEGIN, END, Line, Path, lines
from todo_api.schemas.calendar_texts import decoded, unescaped, unescaped_of_old
from todo_api.schemas.calendar_zones import Zones
from todo_api.schemas.skipped import Skipped, unknown_zone
from todo_api.schemas.task_file import must_be_few
from todo_api.schemas.task_ics import CURRENCY, EXACT, FIELDS, TEXTS, TIMES
from todo_api.values import moments

NOTHING_LIKE_IT = "Tasks have nothing like it here."

_NONE = timedelta(0)
_TIME = re.compile(r"\d{8}(T\d{6}Z?)?", re.ASCII)

_MIDNIGHT = re.compile(r"(?<=\d)T000000Z?\s*\Z", re.ASCII)
"""The text that some programs write behind a date."""

_ZONES_OF_THE_FILE = ("TZ", "DAYLIGHT", "X-WR-TIMEZONE")
_IN_THE_ACCOUNTS = "A time that names no zone is in the account's, not in this one."

_OF_THE_ENTRY = ("UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE")
_OF_A_SERIES = ("RRULE", "EXDATE")
"""What a task has not, but what says when it is due."""

_OF_THE_FILE = ("PRODID", "VERSION", "CALSCALE", END, *_OF_THE_ENTRY)
_OLD_NAMES = {"DCREATED": "CREATED"}
"""Properties of vCalendar 1.0 that iCalendar has given another name."""

_TIMES = (*TIMES, "DTSTART", "DTSTAMP", "LAST-MODIFIED", "RECURRENCE-ID", "EXDATE")
_SAYS_HOW_TO_READ = ("TZID", "VALUE", "ENCODING")
_READ = {
    *FIELDS,
    *(f"{EXACT}{name}" for name in (*TEXTS, *TIMES)),
    *(CURRENCY, "DTSTART", "DURATION", "STATUS", "PERCENT-COMPLETE", "RECURRENCE-ID"),
}


@dataclass(frozen=True)
class Property:
    """A property: its line, its value without escapes, and its TZID."""

    line: int
    value: str
    tzid: str | None


@dataclass
class Todo:
    """A VTODO: the line where it begins, and its properties by name."""

    line: int
    has: dict[str, Property] = field(default_factory=dict)
    excluded: list[Property] = field(default_factory=list)
    """The repetitions that it has not, or that are VTODOs of their own."""

    def value(self, name: str) -> str:
        """Return the value of a property, empty if it is not there."""
        return self.has[name].value if name in self.has else ""


@dataclass
class Calendar:
    """The tasks that a file holds, for an account in `zone`."""

    zone: ZoneInfo
    entries: list[Todo] = field(default_factory=list)
    zones: Zones = field(default_factory=Zones)
    skipped: Skipped = field(default_factory=Skipped)
    now: datetime = field(default_factory=moments.now)
    is_old: bool = False
    """Whether the lines that are being read are of vCalendar 1.0."""

    def take(self, path: Path, line: Line) -> None:
        """Take the next line of the file."""
        inside = path[1:] if path[:1] == ("VCALENDAR",) else path
        if not inside:
            self._take_of_file(path, line)
        elif inside == ("VTODO",) and line.name != END:
            self._take_of_todo(self.entries[-1], line)
        elif inside[0] == "VTIMEZONE":
            self.zones.take(inside, line)

    def _take_of_file(self, path: Path, line: Line) -> None:
        name = line.name
        begun = line.component if name == BEGIN else ""
        if name == "VERSION" or begun == "VCALENDAR":
            self.is_old = line.component == "1.0"
        if begun == "VTODO":
            must_be_few(len(self.entries) + 1)
            self.entries.append(Todo(line.number))
        elif begun == "VTIMEZONE":
            self.zones.take((), line)
        elif begun and (begun != "VCALENDAR" or path):
            self.skipped.note(line.number, begun, "Only a VTODO is a task.")
        elif not begun and name not in _OF_THE_FILE:
            is_zone = name in _ZONES_OF_THE_FILE
            reason = _IN_THE_ACCOUNTS if is_zone else "It is not part of a task."
            self.skipped.note(line.number, name or "A line", reason)

    def _take_of_todo(self, todo: Todo, line: Line) -> None:
        name = _OLD_NAMES.get(line.name, line.name)
        if name in _OF_THE_ENTRY or name in _OF_A_SERIES:
            self._take_property(todo, name, line, Skipped())  # Nothing is told of their parts.
        if name in _OF_THE_ENTRY:
            return
        if name not in _READ:
            what = line.component if name == BEGIN else name
            self.skipped.note(line.number, what or "A line", NOTHING_LIKE_IT)
        else:
            self._take_property(todo, name, line, self.skipped)

    def _take_property(self, todo: Todo, name: str, line: Line, skipped: Skipped) -> None:
        if name in todo.has and name != "EXDATE":
            skipped.note(line.number, name, "It is there more than once.")
            return
        try:
            parameters, value = line.parts(is_time=name in _TIMES)
        except ValueError:
            skipped.note(line.number, name, "It cannot be parsed.")
            return
        try:
            value = decoded(value, parameters)
        except ValueError as error:
            skipped.note(line.number, name, str(error))
            return
        for parameter, said in parameters.items():
            is_charset = parameter == "CHARSET" and (
                "ENCODING" in parameters or said.upper() == "UTF-8"
            )
            if parameter not in _SAYS_HOW_TO_READ and not is_charset:
                skipped.note(line.number, f"{name};{parameter}", NOTHING_LIKE_IT)
        meant = unescaped_of_old(value) if self.is_old else unescaped(value)
        if parameters.get("VALUE", "").upper() == "DATE":
            meant = _MIDNIGHT.sub("", meant)
        taken = Property(line.number, meant, parameters.get("TZID"))
        if name == "EXDATE":
            todo.excluded.append(taken)
        else:
            todo.has[name] = taken

    def when(
        self,
        name: str,
        time: Property,
        days: timedelta = _NONE,
        hours: timedelta = _NONE,
        *,
        told: bool = True,
    ) -> date | datetime:
        """Return a date or a moment as a property says it, or so much later, once all is taken.

        Days are added to what the clock says, hours to the moment (RFC 5545, 3.3.6). A time in no
        zone, or in one that is not known, is in the account's; the latter is `told`. Raises
        ValueError if it is no time, OverflowError or ValueError if it is out of range.
        """
        if not _TIME.fullmatch(time.value.strip()):
            raise ValueError("It is no date or time.")
        when = moments.parse(time.value) + days
        if not isinstance(when, datetime):
            if hours:
                raise ValueError("It is no number of days.")
            return when
        zone: tzinfo | None = None
        if time.tzid and not when.tzinfo:
            zone = self.zones.zone(time.tzid, when.year)
            if zone is None and told:
                self.skipped.note(time.line, name, unknown_zone(time.tzid))
        if not when.tzinfo:
            when = when.replace(tzinfo=zone or self.zone)
        return moments.at(when, self.zone) + hours

    def moment(self, when: date | datetime) -> datetime:
        """Return a moment; of a date, the start of its day in the account's zone."""
        return moments.at(when, self.zone)


def read(content: bytes, zone: ZoneInfo) -> Calendar:
    """Return what a file holds, for an account in `zone`.

    Raises Malformed if it is not UTF-8, Invalid if it is no iCalendar or has too many VTODOs.
    """
    calendar = Calendar(zone)
    for path, line in lines(content):
        calendar.take(path, line)
    return calendar
