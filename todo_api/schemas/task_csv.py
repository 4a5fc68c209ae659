"""Tasks as CSV (RFC 4180) in UTF-8: one record a row, below a header with the names of the fields.

An empty cell is null. A note may be empty without being null, so a column of its own says that.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import SEEK_END, BytesIO, StringIO
from typing import Any

from todo_api.schemas import csv_table
from todo_api.schemas.decimal_marks import Numbers
from todo_api.schemas.task_file import Placed, Record, TaskRecordSchema, must_be_few
from todo_api.values import moments
from todo_api.values.quotes import quoted

EMPTY_NOTE = "empty_note"
PAID = ("amount", "currency", "price")
COLUMNS = (
    *("name", "note", "due_date", "completed", "completed_date", "item", "quantity"),
    *(f"paid_{part}" for part in PAID),
    *("creation_date", EMPTY_NOTE),
)
TEXTS = ("name", "note", "item")
NUMBERS = {"quantity", "paid_amount", "paid_price"}
"""Columns of numbers with decimals."""

TIMES = {"due_date", "completed_date", "creation_date"}
"""Columns of dates and times."""

DROPPED = ("id", "revision", "etag")
"""Columns that may be there, as in a list of tasks, and are not read."""

EXAMPLE = "name,due_date,completed,item,quantity\r\nApples,2030-12-24,,apples,2\r\n"

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""The characters with which a formula begins, or what a spreadsheet takes for one."""

_MONTH_FIRST = re.compile(r"^\s*([0-9]{2})/([0-9]{2})/(?=[0-9]{4} )")

_GROUP = 3
"""The digits of a group, such as the thousands."""

_RECORD = TaskRecordSchema()


def dump(
    records: Iterable[Record],
    *,
    delimiter: str = ",",
    excel: bool = False,
    escape_formulas: bool = False,
) -> Iterator[bytes]:
    """Yield the header and then a row for each record, with a CRLF behind each.

    For Excel, a byte order mark comes first. A semicolon brings decimal commas along, since Excel
    splits at it where it has these. With `escape_formulas`, an apostrophe stands before a text that
    a spreadsheet would take for a formula.
    """
    text = StringIO("\ufeff" if excel else "", newline="")
    text.seek(0, SEEK_END)
    writer = csv.DictWriter(text, COLUMNS, delimiter=delimiter)
    writer.writeheader()
    for record in records:
        cells = _cells(record)
        if delimiter == ";":
            cells |= {name: _with_comma(cells[name]) for name in NUMBERS}
        if escape_formulas:
            cells |= {name: _escaped(cells[name]) for name in TEXTS}
        writer.writerow(cells)
        yield _taken(text)
    yield _taken(text)


def load(
    content: bytes,
    delimiter: str | None = None,
    decimal: str | None = None,
    date_order: str | None = None,
) -> Iterator[Placed]:
    """Yield the records and their lines.

    With the `date_order` `mdy`, the month is first in times such as 03/04/2030 10:00:00.

    Raises Malformed and Invalid as `csv_table.reading` does, Invalid when the header is not one of
    tasks or decimal marks do not agree.
    """
    known = (*COLUMNS, *DROPPED)
    with csv_table.reading(BytesIO(content), known, delimiter) as table:
        table.check(("name",), known, only=True)
        # An export has all columns, and decimal points unless its delimiter is a semicolon.
        is_export = {*COLUMNS} <= {*table.header}
        numbers = Numbers(decimal, table.delimiter, has_points=is_export)
        for number, (line, cells) in enumerate(table.rows, 1):
            must_be_few(number)
            wrong = table.homeless(cells, only=True)
            yield f"line {line}", wrong or _record(table.header, cells, numbers, line, date_order)
        numbers.must_be_certain()


def _cells(record: Record) -> dict[str, Any]:
    cells = {name: record.get(name) for name in COLUMNS}
    cells["completed"] = "true" if record["completed"] else "false"
    cells[EMPTY_NOTE] = "true" if record["note"] == "" else None
    return {**cells, **{f"paid_{part}": (record["paid"] or {}).get(part) for part in PAID}}


def _with_comma(number: Any) -> str | None:
    """Return a number with a decimal comma; three decimals become four, so that none is a group."""
    if number is None:
        return None
    whole, point, decimals = str(number).partition(".")
    if not point:
        return whole
    return f"{whole},{decimals}" + "0" * (len(decimals) == _GROUP)


def _escaped(text: str | None) -> str | None:
    return f"'{text}" if text and text.startswith(_FORMULA) else text


def _day_first(text: str) -> str:
    """Return a time such as 04/30/2030 10:00:00 with the day first, another text as it is.

    Raises ValueError if there is no such time.
    """
    swapped = _MONTH_FIRST.sub(r"\2/\1/", text)
    if swapped != text:
        try:
            moments.parse(swapped)
        except ValueError as error:
            raise ValueError(f"{str(error).removesuffix('.')}: {quoted(text)}.") from None
    return swapped


def _taken(text: StringIO) -> bytes:
    """Return what was written, and begin anew."""
    written = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return written


def _record(
    header: Sequence[str],
    cells: Sequence[str],
    numbers: Numbers,
    line: int,
    date_order: str | None,
) -> Record | str:
    # A cell that is missing at the end of a row is an empty one: some programs leave those out.
    named = zip(header, cells, strict=False)
    texts = {name: text for name, text in named if name not in ("", *DROPPED)}
    try:
        for name in NUMBERS & texts.keys():
            texts[name] = numbers.plain(texts[name], line)
        for name in TIMES & texts.keys() if date_order == "mdy" else ():
            texts[name] = _day_first(texts[name])
    except ValueError as error:
        return f"{name}: {error}"
    paid = {part: text for part in PAID if (text := texts.pop(f"paid_{part}", ""))}
    empty_note = texts.pop(EMPTY_NOTE, "").strip().casefold()  # Excel writes TRUE for true.
    if empty_note not in ("", "true") or (empty_note and texts.get("note")):
        return f"{EMPTY_NOTE}: Must be true where the note is empty and not null, or empty."
    record = _RECORD.from_form({name: [text] for name, text in texts.items()})
    return {**record, **({"note": ""} if empty_note else {}), **({"paid": paid} if paid else {})}
