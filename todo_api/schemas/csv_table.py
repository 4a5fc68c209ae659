"""CSV as people's programs write it: in UTF-8, below a header, with one of several delimiters.

Every import reads its CSV here, so that each understands the same files.
"""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain
from typing import BinaryIO, TextIO

from todo_api.errors import Invalid, MalformedFile
from todo_api.schemas.wire import MOST_ERRORS
from todo_api.values import encodings, names
from todo_api.values.quotes import quoted

DELIMITERS = (",", ";", "\t", "|")
"""Delimiters that are found without being named. A tab may be named as `\\t`, too."""

LONGEST_ROW = 100_000
"""Characters that a row may have, several times those of the largest task."""

Rows = Iterator[tuple[int, list[str]]]
"""The line in which each row begins, and its cells."""

_ALSO_ASKED = (*DELIMITERS, ":", "^", "~", "#", "/", " ")
_BOM = "\ufeff"
_BLANK = re.compile(r'[\s",;|]*')
_ESCAPED = re.compile("[\udc80-\udcff]")
_WORKBOOKS = ("PK\x03\x04", "\udcd0\udccf\x11")
_WORKBOOK = "The file is an Excel workbook. Save it as CSV in UTF-8."


@dataclass(frozen=True)
class Table:
    """The header of a file and its rows; a row in which every cell is blank is left out.

    `header` has the names as they are compared, `shown` as the file has them. `unnamed` has the
    places of columns without a name.
    """

    line: str
    delimiter: str
    shown: list[str]
    header: list[str]
    unnamed: list[int]
    rows: Rows

    @classmethod
    def of(cls, cells: Sequence[str], line: str, delimiter: str, rows: Rows) -> "Table":
        """Return the table whose header has these cells."""
        shown = [cell.strip() for cell in cells]
        while shown and not shown[-1]:
            shown.pop()
        header = [names.key(name) for name in shown]
        unnamed = [place for place, name in enumerate(header) if not name]
        return cls(line, delimiter, shown, header, unnamed, rows)

    def below(self, cells: Sequence[str]) -> "Table":
        """Return the rest of this table below another header, a row of it that was just read."""
        return Table.of(cells, self.delimiter.join(cells), self.delimiter, self.rows)

    def check(self, needed: Collection[str], known: Collection[str], *, only: bool) -> None:
        """Raise Invalid unless the needed columns stand in the header, and each known one once.

        If the known ones are the `only` ones, another column is an error.
        """
        for name in needed:
            if names.key(name) not in self.header:
                raise self._without(name)
        keys = {names.key(name): name for name in known}
        seen = set[str]()
        for column in self.header:
            if column in seen and column in keys:
                raise Invalid(f"{self._told} has more than one column {quoted(keys[column])}.")
            seen.add(column)
        unknown = [
            shown
            for shown, column in zip(self.shown, self.header, strict=True)
            if only and column and column not in keys
        ]
        if unknown:
            raise Invalid(
                errors={column[:100]: ["Unknown column."] for column in unknown[:MOST_ERRORS]}
            )

    def place(self, name: str) -> int | None:
        """Return the place of a column, None if there is none of this name."""
        key = names.key(name)
        return self.header.index(key) if key in self.header else None

    def homeless(self, cells: Sequence[str], *, only: bool) -> str | None:
        """Return why a row has a value that belongs to no column, None if it has none.

        A column without a name is overlooked unless those with a name are the `only` ones.
        """
        if len(cells) <= len(self.header) and not self.unnamed:
            return None
        beyond = cells[len(self.header) :]
        below = (cells[place] for place in self.unnamed if only and place < len(cells))
        for cell in chain(beyond, below):
            if cell and not cell.isspace():
                return f"There is no column for {quoted(cell)}."
        return None

    @property
    def _told(self) -> str:
        return f"The header {quoted(self.line)}"

    def _without(self, name: str) -> Invalid:
        hint = ""
        for delimiter in _ALSO_ASKED:
            if names.key(name) in _split(self.line, delimiter):
                hint = f" Is the delimiter {quoted(delimiter)}?"
                break
        return Invalid(f"{self._told} has no column {quoted(name)}.{hint}")


@contextmanager
def reading(
    file: BinaryIO, known: Collection[str], delimiter: str | None = None
) -> Iterator[Table]:
    """Give the table in a file; what is wrong in a row is raised when the row is reached.

    Unless the delimiter is given, it is the one that splits the header into the most columns that
    are `known`, or else into the most columns. Raises MalformedFile when the file is not in UTF-8
    or its quotes do not fit, Invalid when it is empty or a row is too long.
    """
    if delimiter == "\\t":
        delimiter = "\t"
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise Invalid("The delimiter must be one character, and no quote or line end.")
    # A byte that is not UTF-8 becomes a surrogate, so that its line can be told.
    text = TextIOWrapper(file, "utf-8", errors="surrogateescape", newline="")
    try:
        yield _read(_Lines(text), known, delimiter)
    finally:
        text.detach()


def _read(lines: "_Lines", known: Collection[str], delimiter: str | None) -> Table:
    first = _first_of(lines)
    if told := _told_to_excel(first):
        lines.size = 0
        delimiter, first = delimiter or told, _first_of(lines)
    chosen = delimiter or _delimiter_of(first, {names.key(name) for name in known})
    rows = _rows(chain([first], lines.all), lines, chosen)
    _, cells = next(rows, (0, None))
    if cells is None:
        raise _empty()
    return Table.of(cells, first.strip(), chosen, rows)


class _Lines:
    """The lines of a file, and of the row that is read its `number`, `start` and `size`."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.number, self.size, self.start = 0, 0, ""
        self.all = self._each()

    def _each(self) -> Iterator[str]:
        # The size alone is kept up to date for each line: there may be millions of them.
        first = _without_mark(self._text.readline())
        for number, line in enumerate(chain([first], self._text), 1):
            if not self.size:
                self.number, self.start = number, line
            self.size += len(line)
            if self.size > LONGEST_ROW:
                raise Invalid(f"Line {self.number} has more than {LONGEST_ROW:,} characters.")
            if not line.isascii() and _ESCAPED.search(line):
                raise _not_utf_8(number, line)
            yield line


def _without_mark(line: str) -> str:
    """Return the first line of a file without its mark; raise MalformedFile if it is no UTF-8."""
    if line.startswith(_WORKBOOKS):
        raise MalformedFile(_WORKBOOK)
    if encodings.is_utf_16(line[:2].encode("utf-8", "surrogateescape")):
        raise MalformedFile("The file is in UTF-16. Save it as UTF-8.")
    return line.removeprefix(_BOM)


def _not_utf_8(number: int, line: str) -> MalformedFile:
    told = f"Line {number} is not in UTF-8."
    raw = line.rstrip("\r\n").encode("utf-8", "surrogateescape")
    text = encodings.from_windows_1252(raw)
    if text is None:
        return MalformedFile(f"{told} It is {quoted(raw.decode('utf-8', 'replace'))}.")
    return MalformedFile(f"{told} In Windows-1252 it is {quoted(text)}. Save the file as UTF-8.")


def _first_of(lines: _Lines) -> str:
    """Return the first line that is not blank; raise Invalid if there is none."""
    for line in lines.all:
        if not _BLANK.fullmatch(line):
            return line
        lines.size = 0
    raise _empty()


def _empty() -> Invalid:
    return Invalid("The file is empty.")


def _told_to_excel(line: str) -> str:
    """Return the delimiter that a line like `sep=;` tells to Excel, else an empty text."""
    text = line.rstrip("\r\n").replace('"', "")
    is_told = text[:4].lower() == "sep=" and len(text) == len("sep=;")
    return text[4:] if is_told else ""


def _delimiter_of(line: str, known: Collection[str]) -> str:
    def fitness(delimiter: str) -> tuple[int, int]:
        columns = _split(line, delimiter)
        return sum(column in known for column in columns), len(columns)

    return max(DELIMITERS, key=fitness)


def _split(line: str, delimiter: str) -> list[str]:
    """Return the columns of a header's first line, as they are compared."""
    try:
        return [names.key(cell) for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _rows(parts: Iterator[str], lines: _Lines, delimiter: str) -> Rows:
    reader = csv.reader(parts, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield lines.number, cells
            lines.size = 0
    except csv.Error as error:
        start = quoted(lines.start.rstrip("\r\n"))
        raise MalformedFile(
            f"The CSV cannot be parsed; line {lines.number}, {start}: {error}."
        ) from None
