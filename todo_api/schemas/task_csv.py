"""Tasks as CSV (RFC 4180) in UTF-8: one record a row, below a header with the names of the fields.

An empty cell is null. A note may be empty without being null, so a column of its own says that.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, StringIO
from typing import Any

from todo_api.schemas import csv_table
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

    Raises Malformed and Invalid as `csv_table.reading` does, Invalid when the header is not one of
    tasks.
    """
    known = (*COLUMNS, *DROPPED)
    with csv_table.reading(BytesIO(content), known) as table:
        table.check(("name",), known, only=True)
        for number, (line, cells) in enumerate(table.rows, 1):
            must_be_few(number)
            yield f"line {line}", table.homeless(cells, only=True) or _record(table.header, cells)


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


def _record(header: Sequence[str], cells: Sequence[str]) -> Record | str:
    # A cell that is missing at the end of a row is an empty one: some programs leave those out.
    named = zip(header, cells, strict=False)
    texts = {name: text for name, text in named if name not in ("", *DROPPED)}
    paid = {part: text for part in PAID if (text := texts.pop(f"paid_{part}", ""))}
    empty_note = texts.pop(EMPTY_NOTE, "")
    if empty_note not in ("", "true") or (empty_note and texts.get("note")):
        return f"{EMPTY_NOTE}: Must be true where the note is empty and not null, or empty."
    record = _RECORD.from_form({name: [text] for name, text in texts.items()})
    return {**record, **({"note": ""} if empty_note else {}), **({"paid": paid} if paid else {})}
