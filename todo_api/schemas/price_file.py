"""Price files: CSV with a header, or SQLite with a table Pricelist(name, price).

Each row becomes an Entry, ready to be stored, or a BadRow that says what is wrong with it.
"""

import csv
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, TextIO

from todo_api.errors import Invalid
from todo_api.schemas.item_price import ItemPriceSchema
from todo_api.values import money, names

SQLITE_HEAD = b"SQLite format 3\0"
SURPLUS = "\0"


@dataclass(frozen=True)
class Entry:
    """A row that is a price: its line (in SQLite its number) and the values of its fields."""

    line: int
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class BadRow:
    """A row that is none, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Columns:
    """What the columns are called. Several that make up a name are joined by a space."""

    name: tuple[str, ...] = ("name",)
    price: str = "price"
    currency: str | None = None
    unit: str | None = None

    def check(self, header: Sequence[str]) -> None:
        """Raise Invalid unless each column that is meant stands in the header, and once."""
        if not header:
            raise Invalid("The file is empty.")
        for column in filter(None, (*self.name, self.price, self.currency, self.unit)):
            if header.count(column) != 1:
                often = "no" if column not in header else "more than one"
                raise Invalid(f"There is {often} column {column}; there are {', '.join(header)}.")

    def cells(self, row: Mapping[str, str]) -> dict[str, str]:
        """Return the texts of a row by field; an empty optional one is left out."""
        texts = {"name": " ".join(row[column] for column in self.name), "price": row[self.price]}
        optional = {
            "currency": row.get(self.currency or "currency"),
            "unit": row.get(self.unit or "unit"),
        }
        return {**texts, **{field: text for field, text in optional.items() if text}}


Rows = Iterator[tuple[int, dict[str, str] | None]]
"""The number of each row and its texts by field, None if it has more cells than the header."""


def rows(path: Path, columns: Columns, delimiter: str = ",") -> Rows:
    """Yield the line number and the texts of each row of either kind of file.

    Raises Invalid when it is neither, or has not the columns or the table that it needs.
    """
    with path.open("rb") as file:
        is_sqlite = file.read(len(SQLITE_HEAD)) == SQLITE_HEAD
    if is_sqlite and columns != Columns():
        raise Invalid("A price list in SQLite has the columns name and price, and no others.")
    if is_sqlite:
        yield from sqlite_rows(path)
    else:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield from csv_rows(text, columns, "\t" if delimiter == "\\t" else delimiter)


def csv_rows(file: TextIO, columns: Columns, delimiter: str = ",") -> Rows:
    """Yield the line number and the texts of each row.

    Raises Invalid when the file is no such CSV, or a needed column is not in its header.
    """
    try:
        reader = csv.DictReader(file, delimiter=delimiter, restkey=SURPLUS, restval="", strict=True)
        columns.check(reader.fieldnames or [])
        line = reader.line_num
        for row in reader:
            yield line + 1, None if SURPLUS in row else columns.cells(row)
            line = reader.line_num
    except TypeError:
        raise Invalid("The delimiter must be one character.") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise Invalid(f"This is not CSV in UTF-8: {error}.") from None


def sqlite_rows(path: Path) -> Rows:
    """Yield the number and the texts of each row of Pricelist; raise Invalid if there is none."""
    file = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        texts = file.execute("SELECT name, price FROM Pricelist")
        for number, (name, price) in enumerate(texts, start=1):
            yield number, {"name": name if isinstance(name, str) else "", "price": str(price)}
    except sqlite3.Error as error:
        raise Invalid(f"This is no price list in SQLite: {error}.") from None
    finally:
        file.close()


def entries(texts: Rows, currency: str, *, rounding: bool = False) -> Iterator[Entry | BadRow]:
    """Turn rows into prices in their own currency, or else in `currency`.

    A fifth decimal makes a row bad, unless `rounding` half up to four is asked for.
    """
    schema = ItemPriceSchema()
    lines: dict[str, int] = {}
    for line, cells in texts:
        if cells is None:
            yield BadRow(line, "There are more cells than columns.")
            continue
        try:
            if rounding:
                cells["price"] = _rounded(cells["price"])
            fields = schema.read({"currency": currency, **cells})
        except Invalid as error:
            yield BadRow(line, _reason(error))
            continue
        first = lines.setdefault(names.key(fields["name"]), line)
        if first == line:
            yield Entry(line, fields)
        else:
            yield BadRow(line, f"name: {fields['name']!r} has a price on line {first} already.")


def _rounded(text: str) -> str:
    try:
        return str(money.parse(text).quantize(Decimal(1).scaleb(-money.DECIMALS), ROUND_HALF_UP))
    except (ValueError, ArithmeticError):
        return text


def _reason(error: Invalid) -> str:
    texts = [f"{field}: {text}" for field, many in (error.errors or {}).items() for text in many]
    return " ".join(texts) or error.message
