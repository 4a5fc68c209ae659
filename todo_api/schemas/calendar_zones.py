"""The time zones of a calendar: what its TZIDs mean, by their names or by its own VTIMEZONEs.

A VTIMEZONE is read only if it is one that a program would write, with a few turns in a year: the
rules of iCalendar can also say "each second", and working that out would take days.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from icalendar import Component, Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from todo_api.schemas.calendar_lines import BEGIN, Line, Path
from todo_api.values import moments

MOST_ZONES = 20
MOST_PARTS = 10
LONGEST_LINE = 1_000
LAST_YEAR = 2100
"""The last year in which a VTIMEZONE is asked for; turn by turn it is worked out up to there."""

_TIME = r"\d{8}T\d{6}"
_OFFSET = r"[+-]\d{4}(\d\d)?"
_MONTH = r"BYMONTH=(0?[1-9]|1[0-2])"
_DAY = r"-?(0?[1-9]|[12]\d|3[01])"
_USED = {
    "DTSTART": _TIME,
    "TZOFFSETFROM": _OFFSET,
    "TZOFFSETTO": _OFFSET,
    "RDATE": rf"{_TIME}(,{_TIME})*",
    "RRULE": rf"(?=.*;{_MONTH}(;|$))FREQ=YEARLY(;({_MONTH}|BYDAY=[+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU)"
    rf"|BYMONTHDAY={_DAY}(,{_DAY})*|INTERVAL=1|WKST=[A-Z]{{2}}|UNTIL={_TIME}Z?))*",
}


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
                    self.tzid = line.parts()[1]
            elif name == BEGIN:
                self.parts.append([line.component])
        elif name in _USED:
            value = line.text.rpartition(":")[2].strip()
            usual = len(value) <= LONGEST_LINE and re.fullmatch(_USED[name], value, re.ASCII)
            self.is_strange = self.is_strange or not usual or len(self.parts) > MOST_PARTS
            if not self.is_strange:
                self.parts[-1].append(f"{name}:{value}")

    def zone(self) -> tzinfo | None:
        """Return the zone, None if it cannot be told."""
        if self.is_strange:
            return None
        made = Timezone()
        made.add("TZID", self.tzid)
        try:
            for name, *said in self.parts:
                text = "\r\n".join([f"BEGIN:{name}", *said, f"END:{name}"])
                made.add_component(Component.from_ical(text))
            zone: tzinfo = made.to_tz(lookup_tzid=False)
        except ValueError:
            return None
        return zone


@dataclass
class Zones:
    """What the TZIDs in one calendar mean."""

    definitions: list[_Definition] = field(default_factory=list)
    known: dict[str, tzinfo | None] = field(default_factory=dict)

    def take(self, path: Path, line: Line) -> None:
        """Take a line that begins a VTIMEZONE or stands in one."""
        if "VTIMEZONE" not in path:
            self.definitions.append(_Definition())
        elif len(self.definitions) <= MOST_ZONES:
            self.definitions[-1].take(path, line)

    def moment(self, wall: datetime, tzid: str) -> datetime:
        """Return the moment of a wall time, once all lines are taken.

        Raises ValueError if the zone is not known, or out of range.
        """
        if tzid not in self.known:
            name = _iana(tzid)
            self.known[tzid] = ZoneInfo(name) if name else self._defined(tzid)
        zone = self.known[tzid]
        if zone is None or (wall.year > LAST_YEAR and not isinstance(zone, ZoneInfo)):
            raise ValueError(f"The time zone {tzid[:100]!r} is not known.")
        return moments.at(wall.replace(tzinfo=zone), ZoneInfo("UTC"))

    def _defined(self, tzid: str) -> tzinfo | None:
        found = [each for each in self.definitions if each.tzid == tzid]
        return found[0].zone() if found else None


def _iana(tzid: str) -> str | None:
    """Return the IANA name that a TZID says: as it is, in Windows' words, or behind a vendor's."""
    name = tzid.strip("/")
    names = [name, WINDOWS_TO_OLSON.get(name, "")]
    if tzid.startswith("/"):
        parts = name.split("/")
        names += ["/".join(parts[-length:]) for length in (3, 2)]
    return next((each for each in names if each in moments.time_zones()), None)
