"""Tasks as CSV (RFC 4180) in UTF-8: one record a row, below a header with the names of the fields.

An empty cell is null. A note may be empty without being null, so a column of its own says that.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from todo_api.errors import Invalid, Malformed
from todo_api.schemas.task_file import Placed, Record, TaskRecordSchema, must_be_few

EMPTY_NOTE = "empty_note"
PAID = ("amount", "currency", "price")
COLUMNS = (
    *("name", "note", "due_date", "completed", "completed_date", "item", "quantity"),
    *(f"paid_{part}" for part in PAID),
    *("creation_date", EMPTY_NOTE),
)
DROPPED = ("id", "revision")
"""Columns that may be there, as in a list of tasks, and are not read."""

EXAMPLE = "name,due_date,completed,item,quantity\r\nApples,2030-12-24,,apples,2\r\n"

LONGEST_ROW = 100_000
"""Characters that a row may have, several times those of the largest task."""

_RECORD = TaskRecordSchema()


def dump(records: Iterable[Record]) -> Iterator[bytes]:
    """Yield the header and then a row for each record, with a CRLF behind each."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for record in records:
        writer.writerow(_cells(record))
        yield _taken(text)
    yield _taken(text)


def load(content: bytes) -> Iterator[Placed]:
    """Yield the records and their lines.

    Raises Malformed when it is no CSV in UTF-8, Invalid when the header is not one of tasks.
    """
    try:
        rows = _rows(content.decode("utf-8-sig"))
        _, header = next(rows, (1, []))
        _check(header)
        for number, (line, cells) in enumerate(rows, 1):
            must_be_few(number)
            if cells:
                yield f"line {line}", _record(header, cells)
    except UnicodeDecodeError:
        raise Malformed("The CSV is not valid UTF-8.") from None
    except csv.Error as error:
        raise Malformed(f"The CSV cannot be parsed: {error}.") from None


def _cells(record: Record) -> dict[str, Any]:
    cells = {name: record.get(name) for name in COLUMNS}
    cells["completed"] = "true" if record["completed"] else "false"
    cells[EMPTY_NOTE] = "true" if record["note"] == "" else None
    return {**cells, **{f"paid_{part}": (record["paid"] or {}).get(part) for part in PAID}}


def _taken(text: StringIO) -> bytes:
    """Return what was written, and begin anew."""
    written = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return written


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of each row; raise csv.Error if one is too long."""
    size = 0

    def bounded() -> Iterator[str]:
        nonlocal size
        for part in StringIO(text, newline=""):
            size += len(part)
            if size > LONGEST_ROW:
                raise csv.Error(f"a row has more than {LONGEST_ROW:,} characters")
            yield part

    reader = csv.reader(bounded(), strict=True)
    line = 1
    for cells in reader:
        yield line, cells
        size, line = 0, reader.line_num + 1


def _check(header: Sequence[str]) -> None:
    if "name" not in header:
        raise Invalid("The first line of the CSV must name the columns, and name among them.")
    seen = set[str]()
    for column in header:
        if column not in (*COLUMNS, *DROPPED):
            raise Invalid(errors={column[:100]: ["Unknown column."]})
        if column in seen:
            raise Invalid(errors={column: ["Given more than once."]})
        seen.add(column)


def _record(header: Sequence[str], cells: Sequence[str]) -> Record | str:
    if len(cells) != len(header):
        return f"There are {len(cells)} cells and {len(header)} columns."
    texts = {name: text for name, text in zip(header, cells, strict=True) if name not in DROPPED}
    paid = {part: text for part in PAID if (text := texts.pop(f"paid_{part}", ""))}
    empty_note = texts.pop(EMPTY_NOTE, "")
    if empty_note not in ("", "true") or (empty_note and texts.get("note")):
        return f"{EMPTY_NOTE}: Must be true where the note is empty and not null, or empty."
    record = _RECORD.from_form({name: [text] for name, text in texts.items()})
    return {**record, **({"note": ""} if empty_note else {}), **({"paid": paid} if paid else {})}
