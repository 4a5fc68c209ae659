"""Decimal marks: numbers as a file has them, with a decimal comma or point, and groups of digits.

Nothing is guessed: a number that may mean two things is an error, until somebody names the mark.
"""

import re

from todo_api.errors import Invalid
from todo_api.values.quotes import quoted

MARKS = (".", ",")

CURE = "Set `decimal` to `.` or `,`."

_AMBIGUOUS = "A number is ambiguous; nothing was imported."

_PLAIN = re.compile(r"[0-9]+(?:\.(?:[0-9]{1,2}|[0-9]{4,}))?")
"""A number without groups of digits whose point can be nothing but the decimal mark."""

_POINT = re.compile(
    "[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:[, \u00a0\u202f'\u2019][0-9]{3})+)(?:[.][0-9]+)?"
)
_COMMA = re.compile(
    "[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:[. \u00a0\u202f'\u2019][0-9]{3})+)(?:,[0-9]+)?"
)
_NUMBER_WITH = {".": _POINT, ",": _COMMA}
_GROUP_MARKS = re.compile("[^0-9+-]")


class Numbers:
    """The numbers of one file, whose decimal mark is `decimal` or, if that is None, found.

    With `has_points` the file is known to have decimal points unless it has decimal commas.
    """

    def __init__(self, decimal: str | None, delimiter: str, *, has_points: bool = False) -> None:
        self._decimal = decimal
        self._delimiter = delimiter
        self._has_points = has_points
        self._point: tuple[int, str] | None = None
        self._comma: tuple[int, str] | None = None

    def plain(self, text: str, line: int) -> str:
        """Return a number as Decimal reads it; what is no number stays as it is.

        Raises ValueError for one that may mean two things, or has another mark than the one that
        was named; Invalid if it makes one in another line ambiguous, or that line this one. The
        number is certain only once `must_be_certain` was called at the end of the file.
        """
        if self._decimal != "," and _PLAIN.fullmatch(text):
            self._has_points = self._has_points or "." in text
            return text
        bare = text.strip()
        if self._decimal:
            return self._as_told(bare, self._decimal)
        as_point, as_comma = _read(bare, "."), _read(bare, ",")
        if as_point == as_comma or as_comma is None:
            self._has_points = self._has_points or (as_point is not None and "." in bare)
            return as_point or text
        if as_point is None:
            self._comma = self._comma or (line, bare)
            self._must_agree()
            return as_comma
        if "," in bare or self._delimiter == ";":
            raise ValueError(f"May be {as_point} or {as_comma}: {quoted(bare)}. {CURE}")
        self._point = self._point or (line, bare)
        self._must_agree()
        return as_point

    def must_be_certain(self) -> None:
        """Raise Invalid if one of the numbers may mean two things, and no other told which."""
        if self._point and not self._has_points:
            line, point = self._point
            may = f"May be {_read(point, '.')} or {_read(point, ',')}: {quoted(point)}. {CURE}"
            raise Invalid(_AMBIGUOUS, errors={f"line {line}": [may]})

    def _as_told(self, bare: str, mark: str) -> str:
        number = _read(bare, mark)
        is_other = mark == "," and "." in bare  # Decimal would read 1.299e0 and .5.
        if number is None and (is_other or _read(bare, "," if mark == "." else ".") is not None):
            raise ValueError(f"Not a number with the decimal mark {quoted(mark)}: {quoted(bare)}.")
        return bare if number is None else number

    def _must_agree(self) -> None:
        if self._point and self._comma:
            line, point = self._point
            other, comma = self._comma
            may = f"{quoted(point)} may be {_read(point, '.')} or {_read(point, ',')}"
            raise Invalid(
                _AMBIGUOUS,
                errors={f"line {line}": [f"{may}, since line {other} has {quoted(comma)}. {CURE}"]},
            )


def _read(bare: str, mark: str) -> str | None:
    """Return the number that a text writes with this decimal mark, None if it writes none."""
    if not _NUMBER_WITH[mark].fullmatch(bare):
        return None
    whole, _, decimals = bare.partition(mark)
    digits = _GROUP_MARKS.sub("", whole)
    return f"{digits}.{decimals}" if decimals else digits
