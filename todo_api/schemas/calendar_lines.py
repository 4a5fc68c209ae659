"""The content lines of iCalendar (RFC 5545, 3.1), with their numbers and where they stand.

The icalendar library parses a calendar whole, all of it or nothing, without line numbers, and keeps
what one file says of time zones for the next one. So only its parsers of single lines and values
are used here, and what stands in components that are no tasks is not parsed at all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from icalendar.parser import Contentline, unescape_backslash

from todo_api.errors import Invalid, Malformed

BEGIN, END = "BEGIN", "END"

Path = tuple[str, ...]
"""The names of the components around a line, the innermost last."""

_contentline: Any = Contentline  # The library's functions have no annotations.

MOST_LINES = 3_000_000
LONGEST_HEAD = 2_000
"""Characters that the name and the parameters of a property may have; the library is slow there."""

_DEEPEST = 3
_BOM = b"\xef\xbb\xbf"
_NAME = re.compile(r"([A-Za-z0-9.-]+)[ \t]*[;:]")
_HEAD = re.compile(r'[^:"]*+(?:"[^"]*+"[^:"]*+)*+:')


@dataclass(frozen=True)
class Line:
    """A content line, unfolded: its number and its text."""

    number: int
    text: str

    @property
    def name(self) -> str:
        """The name of the property in upper case, empty if this is no content line."""
        found = _NAME.match(self.text)
        return found[1].upper() if found else ""

    @property
    def component(self) -> str:
        """The name of the component that a BEGIN or an END is of."""
        return self.text.partition(":")[2].strip().upper()

    def parts(self) -> tuple[dict[str, str], str]:
        """Return the parameters by name and the value, unescaped; raise ValueError for no line."""
        head = _HEAD.match(self.text, endpos=LONGEST_HEAD)
        if not head:
            raise ValueError("There is no value.")
        parameters = {}
        if ";" in head[0]:
            _, found, _ = _contentline(head[0]).parts()
            parameters = {name.upper(): str(each) for name, each in found.items()}
        return parameters, unescape_backslash(self.text[head.end() :])


def lines(content: bytes) -> Iterator[tuple[Path, Line]]:
    """Yield each line, and around what it stands; a BEGIN and its END stand around the same.

    What is nested deeper than _DEEPEST is left out, since nothing there is part of a task. Raises
    Malformed if it is not UTF-8, Invalid if it is no iCalendar or not all of it.
    """
    path: list[str] = []
    begun = False
    for line in _unfolded(content):
        name = line.name
        if not begun and name != BEGIN:
            raise Invalid("This is no iCalendar: it has to start with a BEGIN.")
        begun = True
        if name == END and (not path or path.pop() != line.component):
            raise Invalid(f"Line {line.number} of the calendar ends what did not begin.")
        if len(path) <= _DEEPEST:
            yield tuple(path), line
        if name == BEGIN:
            path.append(line.component)
    if path or not begun:
        raise Invalid("The calendar is not all there: a component does not end.")


def _unfolded(content: bytes) -> Iterator[Line]:
    """Yield the lines; they are joined as bytes, since a fold may split a character (RFC 5545)."""
    number, parts = 0, list[bytes]()
    for following, raw in enumerate(BytesIO(content.removeprefix(_BOM)), 1):
        if following > MOST_LINES:
            raise Invalid(f"The calendar has more than {MOST_LINES:,} lines.")
        part = raw.removesuffix(b"\n").removesuffix(b"\r")
        if part[:1] in (b" ", b"\t") and parts:
            parts.append(part[1:])
        elif part:
            if parts:
                yield _decoded(number, parts)
            number, parts = following, [part]
    if parts:
        yield _decoded(number, parts)


def _decoded(number: int, parts: list[bytes]) -> Line:
    try:
        return Line(number, b"".join(parts).decode("utf-8"))
    except UnicodeDecodeError:
        raise Malformed(f"Line {number} of the calendar is not valid UTF-8.") from None
