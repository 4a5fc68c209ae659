"""The time zones of a calendar: what its TZIDs mean, by their names or by its own VTIMEZONEs.

A VTIMEZONE is read only if it is one that a program would write, with a few turns in a year: the
rules of iCalendar can also say "each second". The turns of a zone are listed once, and the offset
of a time follows from the latest turn before it (RFC 5545, 3.6.5). So a time costs the same
whatever its zone defines.
"""

import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cache, cached_property
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from todo_api.schemas.calendar_lines import BEGIN, Line, Path
from todo_api.schemas.calendar_rules import WEEKDAYS
from todo_api.schemas.calendar_texts import unescaped
from todo_api.values import moments
from todo_api.values.windows_zones import DISPLAY_NAMES

MOST_ZONES = 20
MOST_PARTS = 10
MOST_LINES_OF_A_PART = 100
MOST_RULES = 2
MOST_TURNS = 5
"""Turns that one rule may have in a year: there are up to five Sundays in a month."""

LONGEST_LINE = 1_000
LAST_YEAR = 2100
"""The last year in which a VTIMEZONE is asked for: no rule of today is known to hold for longer."""

_FIRST_YEAR = moments.EARLIEST.year - 1
"""The first year in which it is asked for: earlier times are out of range in whatever zone."""

_LAST = datetime(LAST_YEAR, 12, 31, 23, 59, 59)  # noqa: DTZ001 - A wall time.

_YEARS_BACK = 12
"""Years after which each rule has had a turn, on February 29 or on a date that is a Sunday, too."""

_MICROSOFT = "tzone://microsoft/"
_OFFSET_BEFORE = re.compile(r"\((utc|gmt)[^)]{,10}\)\s*")
"""The offset that Windows shows before the name of a zone."""

_TIME = r"\d{8}T\d{6}"
_OFFSET = r"[+-]\d{4}(\d\d)?"
_MONTH = r"BYMONTH=(0?[1-9]|1[0-2])"
_DAY = r"-?([12]\d|3[01]|0?[1-9])"
_USED = {
    "DTSTART": _TIME,
    "TZOFFSETFROM": _OFFSET,
    "TZOFFSETTO": _OFFSET,
    "RDATE": rf"{_TIME}(,{_TIME})*",
    "RRULE": rf"(?=.*;{_MONTH}(;|$))FREQ=YEARLY(;({_MONTH}|BYDAY=[+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU)"
    rf"|BYMONTHDAY={_DAY}(,{_DAY})*+|INTERVAL=1|WKST=[A-Z]{{2}}|UNTIL={_TIME}Z?))*",
}


@dataclass
class _Rule:
    """A turn once in a year or, without its place in the month, several times in that month.

    `until` is the last moment at which it may be, as a wall time in the offset before the turn.
    """

    month: int
    weekday: int | None
    place: int | None
    days: tuple[int, ...]
    until: datetime | None
    known: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """The days by the weekday on which the month begins and by its length: 14 entries at most."""

    def days_in(self, year: int) -> list[int]:
        """Return the days of the month on which there is a turn in a year."""
        begins = monthrange(year, self.month)
        if begins not in self.known:
            self.known[begins] = self._days(*begins)
        return self.known[begins]

    def _days(self, first_weekday: int, last: int) -> list[int]:
        days = list(range(1, last + 1))
        chosen = {day if day > 0 else last + 1 + day for day in self.days} or {*days}
        if self.weekday is not None:
            days = days[(self.weekday - first_weekday) % 7 :: 7]
        if self.place is not None:
            start = self.place - 1 if self.place > 0 else self.place
            days = days[start : start + 1 or None]
        return [day for day in days if day in chosen]


@dataclass
class _Part:
    """A STANDARD or a DAYLIGHT: when the clock was turned to `after`, from `before`."""

    begins: datetime
    before: timedelta
    after: timedelta
    is_standard: bool
    dates: list[datetime]
    """Further turns, as its RDATEs list them."""
    rules: list[_Rule]

    def turns(self) -> Iterator[datetime]:
        """Yield the turns up to the last year, and of the early ones those that still count."""
        yield self.begins
        yield from self.dates
        for rule in self.rules:
            last = min(rule.until, _LAST) if rule.until else _LAST
            first = min(last.year, _FIRST_YEAR) - _YEARS_BACK
            for year in range(max(self.begins.year, first), last.year + 1):
                for day in rule.days_in(year):
                    turn = self.begins.replace(year=year, month=rule.month, day=day)
                    if self.begins <= turn <= last:
                        yield turn


class _DefinedZone(tzinfo):
    """The time zone that the parts of a VTIMEZONE say."""

    def __init__(self, name: str, parts: list[_Part]) -> None:
        self._name = name
        self._parts = parts
        standard = [part for part in parts if part.is_standard]
        self._first = (standard or parts)[0].after

    @cached_property
    def _turns(self) -> dict[datetime, _Part]:
        """The parts by their turns; of several parts that turn at once, the first one counts."""
        return {turn: part for part in reversed(self._parts) for turn in part.turns()}

    @cached_property
    def _times(self) -> list[datetime]:
        """The turns in order."""
        return sorted(self._turns)

    def utcoffset(self, wall: datetime | None) -> timedelta:
        """Return the offset of a wall time; in a gap, that before it (RFC 5545, 3.3.5)."""
        if wall is None:
            return self._first
        wall = wall.replace(tzinfo=None)
        index = bisect_right(self._times, wall)
        if not index:
            return self._first
        turn = self._times[index - 1]
        part = self._turns[turn]
        in_gap = wall - turn < part.after - part.before
        return part.before if in_gap else part.after

    def dst(self, wall: datetime | None) -> timedelta:
        """Return nothing, since nobody asks."""
        return timedelta(0)

    def tzname(self, wall: datetime | None) -> str:
        """Return the TZID."""
        return self._name


@dataclass
class _Definition:
    """A VTIMEZONE: what counts in it, part by part, a STANDARD or a DAYLIGHT each."""

    tzid: str = ""
    parts: list[list[str]] = field(default_factory=list)
    is_strange: bool = False

    def take(self, path: Path, line: Line) -> None:
        """Take a line within the VTIMEZONE, or in one of its parts."""
        name = line.name
        if path[-1] == "VTIMEZONE":
            if name == "TZID":
                with suppress(ValueError):
                    self.tzid = unescaped(line.parts()[1])
            elif name == BEGIN:
                self.parts.append([line.component])
        elif name in _USED and not self.is_strange:
            value = line.text.rpartition(":")[2].strip()
            usual = len(value) <= LONGEST_LINE and re.fullmatch(_USED[name], value, re.ASCII)
            few = len(self.parts) <= MOST_PARTS and len(self.parts[-1]) <= MOST_LINES_OF_A_PART
            self.is_strange = not (usual and few)
            self.parts[-1].append(f"{name}:{value}")

    def zone(self) -> tzinfo | None:
        """Return the zone, None if it cannot be told."""
        if self.is_strange or not self.parts:
            return None
        try:
            return _DefinedZone(self.tzid, [_part(*lines) for lines in self.parts])
        except (ValueError, OverflowError):
            return None


def _part(kind: str, *lines: str) -> _Part:
    """Return what the lines of a part say; raise ValueError if that makes no sense."""
    if kind not in ("STANDARD", "DAYLIGHT"):
        raise ValueError("No part of a time zone.")
    said: dict[str, list[str]] = {name: [] for name in _USED}
    for line in lines:
        name, _, value = line.partition(":")
        said[name].append(value)
    (begins,), (before,), (after,) = (
        said[name] for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO")
    )
    if len(said["RRULE"]) > MOST_RULES:
        raise ValueError("There are too many rules.")
    offset = _offset(before)
    return _Part(
        _wall(begins),
        offset,
        _offset(after),
        kind == "STANDARD",
        [_wall(text) for value in said["RDATE"] for text in value.split(",")],
        [_rule(value, offset, _wall(begins)) for value in said["RRULE"]],
    )


def _rule(text: str, before: timedelta, begins: datetime) -> _Rule:
    """Return the rule that an RRULE says; raise ValueError if no program would write it."""
    pairs = [part.partition("=")[::2] for part in text.split(";")]
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("A part of the rule comes twice.")
    place, weekday = None, None
    if by_day := said.get("BYDAY"):
        weekday = WEEKDAYS.index(by_day[-2:])
        place = int(by_day[:-2]) if by_day[:-2] else None
    days = tuple(int(day) for day in said["BYMONTHDAY"].split(",")) if "BYMONTHDAY" in said else ()
    if weekday is None and not days:
        days = (begins.day,)
    until = None
    if last := said.get("UNTIL"):
        until = min(_wall(last.rstrip("Z")), _wall("99981231T235959"))
        until += before if last.endswith("Z") else timedelta(0)
    rule = _Rule(int(said["BYMONTH"]), weekday, place, days, until)
    if not 0 < max(len(rule.days_in(year)) for year in range(1972, 2000)) <= MOST_TURNS:
        raise ValueError("The rule has no turn in any year, or too many.")
    return rule


def _wall(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - A wall time.


def _offset(text: str) -> timedelta:
    """Return what TZOFFSETFROM or TZOFFSETTO says; raise ValueError for a day or more."""
    hours, minutes, seconds = (int(text[start : start + 2] or 0) for start in (1, 3, 5))
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if offset >= timedelta(days=1):
        raise ValueError("An offset is less than a day.")
    return -offset if text[0] == "-" else offset


@dataclass
class Zones:
    """What the TZIDs in one calendar mean."""

    definitions: list[_Definition] = field(default_factory=list)
    """The first ones of them, MOST_ZONES at most: each unknown TZID is sought among them."""
    begun: int = 0
    known: dict[str, tzinfo | None] = field(default_factory=dict)

    def take(self, path: Path, line: Line) -> None:
        """Take a line that begins a VTIMEZONE or stands in one."""
        if "VTIMEZONE" not in path:
            self.begun += 1
            if self.begun <= MOST_ZONES:
                self.definitions.append(_Definition())
        elif self.begun <= MOST_ZONES:
            self.definitions[-1].take(path, line)

    def zone(self, tzid: str, year: int) -> tzinfo | None:
        """Return the zone of a TZID in a year, None if it is not known. All lines are taken."""
        if tzid not in self.known:
            name = _iana(tzid)
            # EST and GMT have no summer time as IANA's names, but may have one in a calendar.
            defined = None if name and "/" in name else self._defined(tzid)
            self.known[tzid] = defined or (ZoneInfo(name) if name else None)
        zone = self.known[tzid]
        return zone if year <= LAST_YEAR or isinstance(zone, ZoneInfo) else None

    def _defined(self, tzid: str) -> tzinfo | None:
        found = [each for each in self.definitions if each.tzid == tzid]
        return found[0].zone() if found else None


@cache
def _names() -> dict[str, str]:
    """Return the IANA names by the names of zones that need no definition, in lower case."""
    by_display_name = {name: WINDOWS_TO_OLSON[zone] for name, zone in DISPLAY_NAMES.items()}
    iana = {name: name for name in moments.time_zones()}
    named = {**by_display_name, **WINDOWS_TO_OLSON, **iana}
    return {name.lower(): zone for name, zone in named.items() if zone in iana}


def _iana(tzid: str) -> str | None:
    """Return the IANA name that a TZID says: as it is, in Windows' words, or behind a vendor's."""
    name = tzid.replace("\\", "").strip().strip("/").lower().removeprefix(_MICROSOFT)
    offset = _OFFSET_BEFORE.match(name)
    names = [name[offset.end() :] if offset else name]
    if tzid.startswith("/"):
        parts = name.split("/")
        names += ["/".join(parts[-length:]) for length in (3, 2)]
    return next((_names()[each] for each in names if each in _names()), None)
