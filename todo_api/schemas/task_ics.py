"""Tasks as iCalendar (RFC 5545): a VTODO each.

What iCalendar has no word for stands in properties of our own, X-TODO-API. What its values cannot
hold, a control character or the fraction of a second, is said once more there, exactly. That counts
only as long as the plain value is still the one beside it, so that no other program's change is
undone.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from icalendar.parser import Contentline

from todo_api.schemas.task_file import Record

OWN = "X-TODO-API-"
ITEM, QUANTITY = f"{OWN}ITEM", f"{OWN}QUANTITY"
PRICE, CURRENCY = f"{OWN}PAID-PRICE", f"{OWN}PAID-CURRENCY"
EXACT = f"{OWN}EXACT-"

TEXTS = {"SUMMARY": "name", "DESCRIPTION": "note", ITEM: "item"}
TIMES = {"DUE": "due_date", "COMPLETED": "completed_date", "CREATED": "creation_date"}
FIELDS = {**TEXTS, **TIMES, QUANTITY: "quantity", PRICE: "paid"}
"""The fields of a task by the property that holds them."""

EXAMPLE = "\r\n".join(
    [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN"),
        *("BEGIN:VTODO", "UID:1@example.com", "DTSTAMP:20261120T093100Z", "SUMMARY:Apples"),
        *("DUE;VALUE=DATE:20301224", "END:VTODO", "END:VCALENDAR", ""),
    ]
)

_contentline: Any = Contentline  # The library's functions have no annotations.
_LONGEST_UNFOLDED = 74
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ESCAPED = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"})


def dump(entries: Iterable[tuple[str, Record]]) -> Iterator[bytes]:
    """Yield a VCALENDAR with a VTODO for each UID and record."""
    yield _folded(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//todo_api//todo_api//EN"])
    for uid, record in entries:
        yield _folded(_todo(uid, record))
    yield _folded(["END:VCALENDAR"])


_LONGEST_TIME = 40


def exact_time(plain: str, exact: str) -> str:
    """Return the exact time if it is `plain` but for its fraction, else `plain`."""
    return exact if len(exact) <= _LONGEST_TIME and _plain_time(exact) == plain else plain


def exact_text(plain: str, exact: str) -> str:
    """Return the text that `exact` writes in JSON if iCalendar has `plain` of it, else `plain`."""
    try:
        text = json.loads(exact)
    except (ValueError, RecursionError):
        return plain
    return text if isinstance(text, str) and _plain_text(text) == plain else plain


def _todo(uid: str, record: Record) -> Iterator[str]:
    created, completed, due = (record[f"{name}_date"] for name in ("creation", "completed", "due"))
    yield from ("BEGIN:VTODO", f"UID:{uid}")
    yield f"DTSTAMP:{_plain_time(max(created, completed or created))}"
    yield from _time("CREATED", created)
    yield from _text("SUMMARY", record["name"])
    yield from _text("DESCRIPTION", record["note"])
    yield from _time("DUE", due)
    yield f"STATUS:{'COMPLETED' if completed else 'NEEDS-ACTION'}"
    yield from _time("COMPLETED", completed)
    yield from _text(ITEM, record["item"])
    yield f"{QUANTITY}:{record['quantity']}"
    if paid := record["paid"]:
        yield from (f"{PRICE}:{paid['price']}", f"{CURRENCY}:{paid['currency']}")
    yield "END:VTODO"


def _time(name: str, time: str | None) -> Iterator[str]:
    if time:
        yield f"{name}{'' if 'T' in time else ';VALUE=DATE'}:{_plain_time(time)}"
        if "." in time:
            yield f"{EXACT}{name}:{time}"


def _text(name: str, text: str | None) -> Iterator[str]:
    # The library's vText would make a newline of a backslash before an N.
    if text is not None:
        plain = _plain_text(text)
        yield f"{name}:{plain.translate(_ESCAPED)}"
        if plain != text:
            yield f"{EXACT}{name}:{json.dumps(text).translate(_ESCAPED)}"


def _plain_time(time: str) -> str:
    """Return a date or a UTC moment of the wire as DATE or DATE-TIME, which has no fraction."""
    return re.sub(r"\.\d+|[-:]", "", time)


def _plain_text(text: str) -> str:
    """Return the text as a TEXT can be: its newlines are LF, and of other controls it has tabs."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", re.sub("\r\n?", "\n", text))


def _folded(lines: Iterable[str]) -> bytes:
    return b"".join(_fold(line) + b"\r\n" for line in lines)


def _fold(line: str) -> bytes:
    raw = line.encode()
    folded: bytes = raw if len(raw) <= _LONGEST_UNFOLDED else _contentline(line).to_ical()
    return folded
