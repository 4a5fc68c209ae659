"""When a task of a calendar repeats: the rules that programs write, a few days in each period.

Days are told one after the other, so that a rule costs as much as the days that are asked for. A
rule of other parts than these, "each second" say, is not worked out.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

LONGEST_RULE = 500
_EMPTY_PERIODS = 20
"""Periods in a row without a day after which there is none: a Friday 13 may take 14 months."""

_WEEKDAY = "(MO|TU|WE|TH|FR|SA|SU)"
_DAY = r"-?([12]\d|3[01]|0?[1-9])"
_PARTS = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,3}",
    "COUNT": r"[1-9]\d{0,5}",
    "UNTIL": r"\d{8}(T\d{6}Z?)?",
    "WKST": _WEEKDAY,
    "BYDAY": rf"([+-]?[1-5])?{_WEEKDAY}(,([+-]?[1-5])?{_WEEKDAY})*+",
    "BYMONTHDAY": rf"{_DAY}(,{_DAY})*+",
    "BYMONTH": "0?[1-9]|1[0-2]",
    "BYSETPOS": "-?[1-9]",
}
_ALWAYS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
_ALSO = {
    "DAILY": set[str](),
    "WEEKLY": {"BYDAY"},
    "MONTHLY": {"BYDAY", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": {"BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH"},
}
"""The parts that are worked out, by the FREQ of the rule."""

_Months = dict[tuple[int, int], list[int]]
"""The days of a rule by the weekday on which a month begins and by its length: 28 at most."""


@dataclass(frozen=True)
class Rule:
    """A rule by which a task repeats; `until` is a date or time as iCalendar writes it."""

    frequency: str
    interval: int
    count: int | None
    until: str | None
    week_start: int
    weekdays: frozenset[tuple[int, int]]
    """Which one of the month, or 0 for each of them, and the day of the week."""
    month_days: frozenset[int]
    month: int | None
    position: int | None

    def days(self, first: date) -> Iterator[date]:
        """Yield the days of the tasks in order, which begin with `first`, but for COUNT and UNTIL.

        Raises OverflowError or ValueError after the last year that there is.
        """
        yield first
        empty = 0
        known: _Months = {}
        for number in count():
            period = self._period(first, number * self.interval, known)
            days = [day for day in period if day > first]
            yield from days
            empty = 0 if days else empty + 1
            if empty > _EMPTY_PERIODS:
                return

    def _period(self, first: date, later: int, known: _Months) -> list[date]:
        """Return the days in the period that is so many days, weeks, months or years later."""
        if self.frequency == "DAILY":
            return [first + timedelta(days=later)]
        if self.frequency == "WEEKLY":
            begin = first - timedelta(days=(first.weekday() - self.week_start) % 7)
            begin += timedelta(weeks=later)
            chosen = {weekday for _, weekday in self.weekdays} or {first.weekday()}
            week = [begin + timedelta(days=number) for number in range(7)]
            return [day for day in week if day.weekday() in chosen]
        later *= 1 if self.frequency == "MONTHLY" else 12
        years, month = divmod((self.month or first.month) - 1 + later, 12)
        year, month = first.year + years, month + 1
        begins = monthrange(year, month)
        if begins not in known:
            known[begins] = self._in_month(*begins, first.day)
        return [date(year, month, day) for day in known[begins]]

    def _in_month(self, first_weekday: int, last: int, usual: int) -> list[int]:
        """Return the days of a month; without a BYDAY or BYMONTHDAY that is the usual one."""
        days = list(range(1, last + 1))
        if self.month_days:
            chosen = {day if day > 0 else last + 1 + day for day in self.month_days}
            days = [day for day in days if day in chosen]
        if self.weekdays:
            days = [day for day in days if self._is_weekday(day, first_weekday, last)]
        if not self.month_days and not self.weekdays:
            days = days[usual - 1 : usual]
        if self.position:
            start = self.position - 1 if self.position > 0 else self.position
            days = days[start : start + 1 or None]
        return days

    def _is_weekday(self, day: int, first_weekday: int, last: int) -> bool:
        weekday = (first_weekday + day - 1) % 7
        places = (0, (day - 1) // 7 + 1, -((last - day) // 7 + 1))
        return any((place, weekday) in self.weekdays for place in places)


def parse(text: str) -> Rule:
    """Return the rule that an RRULE says; raise ValueError if it is none that is worked out."""
    if len(text) > LONGEST_RULE:
        raise ValueError("The rule is too long.")
    pairs = [part.partition("=")[::2] for part in text.strip().rstrip(";").upper().split(";")]
    said = dict(pairs)
    frequency = said.get("FREQ", "")
    if frequency not in _ALSO or not said.keys() <= _ALWAYS | _ALSO[frequency]:
        raise ValueError("The rule has parts that are not worked out.")
    if len(said) != len(pairs):
        raise ValueError("A part of the rule comes twice.")
    for name, value in said.items():
        if not re.fullmatch(_PARTS[name], value, re.ASCII):
            raise ValueError(f"The rule has an unusual {name}.")
    by_day = [each for each in said.get("BYDAY", "").split(",") if each]
    weekdays = frozenset((int(each[:-2] or 0), WEEKDAYS.index(each[-2:])) for each in by_day)
    month_days = frozenset(int(day) for day in said.get("BYMONTHDAY", "").split(",") if day)
    if frequency == "WEEKLY" and any(place for place, _ in weekdays):
        raise ValueError("A week has each weekday once.")
    if frequency == "YEARLY" and "BYMONTH" not in said and said.keys() - _ALWAYS:
        raise ValueError("Which month of the year is not told.")
    return Rule(
        frequency,
        int(said.get("INTERVAL", 1)),
        int(said["COUNT"]) if "COUNT" in said else None,
        said.get("UNTIL"),
        WEEKDAYS.index(said.get("WKST", "MO")),
        weekdays,
        month_days,
        int(said["BYMONTH"]) if "BYMONTH" in said else None,
        int(said["BYSETPOS"]) if "BYSETPOS" in said else None,
    )
