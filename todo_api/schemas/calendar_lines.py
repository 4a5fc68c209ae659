"""The content lines of iCalendar (RFC 5545, 3.1), with their numbers and where they stand.

The icalendar library parses a calendar whole, all of it or nothing, without line numbers, and keeps
what one file says of time zones for the next one. It also takes a time that grows with the square
of the parameters. So lines are parsed here, and what stands in components that are no tasks is not
parsed at all.

Lines of vCalendar 1.0, the predecessor of iCalendar, may be encoded. A line in quoted-printable
goes on after a "=" at its end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from todo_api.errors import Invalid, MalformedFile
from todo_api.values import encodings

BEGIN, END = "BEGIN", "END"

Path = tuple[str, ...]
"""The names of the components around a line, the innermost last."""

MOST_LINES = 3_000_000

LONGEST_NAME = 1_000
"""Characters of the name of a property, of which more is not looked at."""

_DEEPEST = 3
_CR, _LF = b"\r", b"\n"
_ENCODINGS = ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT")
_NAME = re.compile(r"([A-Za-z0-9.-]+)[ \t]*[;:]")
_HEAD = re.compile(r'[^:"]*+(?:"[^"]*+"[^:"]*+)*+:')
_PIECE = re.compile(r'(?:"[^"]*+"|[^";]++)++')
_ENDS_A_COMPONENT = b"END:V"
_QUOTED_PRINTABLE = re.compile(rb"[^:]{,200};(ENCODING=)?QUOTED-PRINTABLE[;:]", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """A content line, unfolded: its number and its text."""

    number: int
    text: str

    @property
    def name(self) -> str:
        """The name of the property in upper case, empty if this is no content line."""
        found = _NAME.match(self.text, endpos=LONGEST_NAME)
        return found[1].upper() if found else ""

    @property
    def component(self) -> str:
        """The name of the component that a BEGIN or an END is of."""
        return self.text.partition(":")[2].strip().upper()

    def parts(self, *, is_time: bool = False) -> tuple[dict[str, str], str]:
        """Return the parameters by name, and the value as it stands; raise ValueError for no line.

        vCalendar 1.0 may leave out the name of the parameter ENCODING. A time holds no colon, so
        that the name of its zone may, even if a program forgot to quote it.
        """
        found = _HEAD.match(self.text)
        if not found:
            raise ValueError("There is no value.")
        end = self.text.rindex(":") if is_time else found.end() - 1
        parameters = {}
        _, *pieces = _PIECE.findall(self.text[:end])
        for piece in pieces:
            name, _, value = piece.strip().partition("=")
            if name.upper() in _ENCODINGS and not value:
                name, value = "ENCODING", name
            parameters[name.upper()] = value.strip('"')
        return parameters, self.text[end + 1 :]


def lines(content: bytes) -> Iterator[tuple[Path, Line]]:
    """Yield each line, and around what it stands; a BEGIN and its END stand around the same.

    What is nested deeper than _DEEPEST is left out, since nothing there is part of a task. Raises
    MalformedFile if it is not UTF-8, Invalid if it is no iCalendar or not all of it.
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
    number, parts, goes_on = 0, list[bytes](), False
    is_quoted = False  # In quoted-printable a "=" at the end of a line joins it with the next one.
    if encodings.is_utf_16(content):
        raise MalformedFile("The calendar is in UTF-16. Save it as UTF-8.")
    for following, part in enumerate(_raw_lines(content.removeprefix(encodings.MARK)), 1):
        if following > MOST_LINES:
            raise Invalid(f"The calendar has more than {MOST_LINES:,} lines.")
        if goes_on and not part.startswith(_ENDS_A_COMPONENT):
            parts.append(part)
        elif part[:1] in (b" ", b"\t") and parts:
            parts.append(part[1:])
        elif part:
            if parts:
                yield _decoded(number, parts)
            number, parts = following, [part]
            is_quoted = bool(_QUOTED_PRINTABLE.match(part))
        goes_on = is_quoted and part.endswith(b"=")
        if goes_on:
            parts[-1] = parts[-1][:-1]
    if parts:
        yield _decoded(number, parts)


def _raw_lines(content: bytes) -> Iterator[bytes]:
    """Yield the lines without their ends, which may be CRLF, LF, CR or, of a bad copy, CRCRLF.

    A CR may also stand in a text, so that the first line, a BEGIN, says which ends the file has.
    """
    if _LF not in content:
        content = content.replace(_CR, _LF)
    bad = content[: content.find(_LF)].endswith(2 * _CR)
    end = 2 * _CR if bad else _CR
    for raw in BytesIO(content):
        yield raw.removesuffix(_LF).removesuffix(end)


def _decoded(number: int, parts: list[bytes]) -> Line:
    raw = b"".join(parts)
    try:
        return Line(number, raw.decode("utf-8"))
    except UnicodeDecodeError:
        told = f"Line {number} of the calendar is not valid UTF-8."
        if encodings.from_windows_1252(raw) is not None:
            told += " It looks like Windows-1252. Save the file as UTF-8."
        raise MalformedFile(told) from None
