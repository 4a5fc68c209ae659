"""Price files: CSV with a header, or SQLite with a table Pricelist(name, price)."""

import csv
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from todo_api.errors import Invalid, Malformed
from todo_api.schemas.price_rows import Rows
from todo_api.schemas.wire import MOST_ERRORS

SQLITE_HEAD = b"SQLite format 3\0"
SURPLUS = "\0"


@dataclass(frozen=True)
class Columns:
    """What the columns are called. Several that make up a name are joined by a space.

    If they are the `only` ones, another column is an error.
    """

    name: tuple[str, ...] = ("name",)
    price: str = "price"
    currency: str | None = None
    unit: str | None = None
    only: bool = False

    def check(self, header: Sequence[str]) -> None:
        """Raise Invalid unless each column that is meant stands in the header, and once."""
        if not header:
            raise Invalid("The file is empty.")
        needed = (*self.name, self.price, *filter(None, (self.currency, self.unit)))
        known = {*needed, self.currency or "currency", self.unit or "unit"}
        if self.only and (unknown := [column for column in header if column not in known]):
            raise Invalid(errors={column: ["Unknown column."] for column in unknown[:MOST_ERRORS]})
        for column in sorted(known):
            often = header.count(column)
            if often > 1 or (often == 0 and column in needed):
                there = ", ".join(header[:MOST_ERRORS])
                many = "more than one" if often else "no"
                raise Invalid(f"There is {many} column {column}; there are {there}.")

    def cells(self, row: Mapping[str, str]) -> dict[str, str]:
        """Return the texts of a row by field; an empty optional one is left out."""
        texts = {"name": " ".join(row[column] for column in self.name), "price": row[self.price]}
        optional = {
            "currency": row.get(self.currency or "currency"),
            "unit": row.get(self.unit or "unit"),
        }
        return {**texts, **{field: text for field, text in optional.items() if text}}


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

    Raises Malformed when the file is not CSV in UTF-8, Invalid when its columns are not right.
    """
    line = 0
    try:
        reader = csv.DictReader(file, delimiter=delimiter, restkey=SURPLUS, restval="", strict=True)
        columns.check(reader.fieldnames or [])
        line = reader.line_num
        for row in reader:
            surplus = SURPLUS in row
            yield line + 1, "There are more cells than columns." if surplus else columns.cells(row)
            line = reader.line_num
    except TypeError:
        raise Invalid("The delimiter must be one character.") from None
    except UnicodeDecodeError:
        raise Malformed("This is not CSV in UTF-8.") from None
    except csv.Error as error:
        raise Malformed(f"This is not CSV in UTF-8; line {line + 1}: {error}.") from None


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
