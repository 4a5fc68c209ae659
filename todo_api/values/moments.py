"""Moments: what a client may write for a time, and what it means in an account's time zone.

A due date is one of three things when it comes in: a `datetime` with an offset, a `datetime`
without one (a wall time in the account's zone) or a bare `date`. Stored is a UTC `datetime`, and
for a bare date the date itself beside it.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from todo_api.values.clock import CLOCK

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
"""The least by which two moments differ."""

OUT_OF_RANGE = "Must lie in the years 1970 to 9998."
NOT_A_TIME = "Must be an ISO 8601 date or time, or dd/mm/yyyy HH:MM:SS."
NO_SUCH_TIME = "There is no such day or time."
TOO_EXACT = "Times are stored to the microsecond, so that this one would be changed."

_EXACT_DIGITS = 6

_DATE = re.compile(r"\d{4}(-\d\d-\d\d|\d{4}|-?W\d\d-?\d)", re.ASCII)
_TIME = re.compile(r"\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?([Zz]|[+-]\d\d(:?\d\d)?)?", re.ASCII)
_DAY_FIRST = re.compile(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", re.ASCII)


def now() -> datetime:
    """Return the present moment in UTC, to the millisecond, as a Date of JavaScript carries it."""
    moment = CLOCK.now()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def is_sent_back(sent: datetime, stored: datetime) -> bool:
    """Return whether a client may have got `sent` as `stored`, perhaps cut to milliseconds."""
    cut = stored.replace(microsecond=stored.microsecond // 1000 * 1000)
    return sent in (stored, cut)


def parse(text: str) -> date | datetime:
    """Return the date or time that `text` writes.

    Read are ISO 8601 dates and times, with or without an offset, and `dd/mm/yyyy HH:MM:SS`.
    Raises ValueError for anything else, for days and hours that do not exist, and for what is more
    exact than a microsecond; its text tells which of these it is.
    """
    text = text.strip()
    day, separator, time = text.upper().replace(" ", "T", 1).partition("T")
    found = _TIME.fullmatch(time) if separator and _DATE.fullmatch(day) else None
    if found and (found[3] or "")[1 + _EXACT_DIGITS :].strip("0"):
        raise ValueError(TOO_EXACT)
    try:
        if found:
            return datetime.fromisoformat(f"{day}T{time}")
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        if _DAY_FIRST.fullmatch(text):
            return datetime.strptime(text, "%d/%m/%Y %H:%M:%S")  # noqa: DTZ007 - A wall time.
    except ValueError:
        raise ValueError(NO_SUCH_TIME) from None
    raise ValueError(NOT_A_TIME)


def at(value: date | datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC moment of `value`; of a bare date, the start of its day in `zone`.

    A wall time in a DST gap moves forward, an ambiguous one is the first. Raises ValueError outside
    of the years 1970 to 9998; a bare date is held against them as written, whatever its zone.
    """
    try:
        if not isinstance(value, datetime):
            if not EARLIEST.date() <= value <= LATEST.date():
                raise ValueError(OUT_OF_RANGE)
            return _start(value, zone)
        moment = (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError(OUT_OF_RANGE) from None
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(OUT_OF_RANGE)
    return moment


def last_day_begun(moment: datetime, zone: ZoneInfo) -> date:
    """Return the last day that has begun by `moment` in `zone`.

    It is the day after the one on the clock where clocks were set back over midnight.
    """
    day = moment.astimezone(zone).date()
    following = next_day(day)
    return following if _start(following, zone) <= moment else day


def next_day(day: date) -> date:
    """Return the day after `day`."""
    return day + timedelta(days=1)


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def wire(moment: datetime) -> str:
    """Return a UTC moment as ISO 8601 ending in `Z`, a fraction only if it is not zero."""
    return moment.replace(tzinfo=None).isoformat() + "Z"


def days_from(moment: datetime, days: int) -> datetime:
    """Return the moment `days` times 24 hours after `moment`."""
    return moment + timedelta(days=days)


@cache
def time_zones() -> frozenset[str]:
    """Return the IANA names that an account's time zone may have, the same on every machine."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def this_hour() -> datetime:
    """Return when the hour began that it is, in UTC."""
    return now().replace(minute=0, second=0, microsecond=0)
