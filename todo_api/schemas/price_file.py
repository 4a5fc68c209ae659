"""Price files: CSV with a header, or SQLite with a table Pricelist(name, price)."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from todo_api.errors import Invalid
from todo_api.schemas import csv_table
from todo_api.schemas.price_rows import Rows

SQLITE_HEAD = b"SQLite format 3\0"


@dataclass(frozen=True)
class Columns:
    """What the columns are called. Several that make up a name are joined by a space.

    Those that are not named have the names of the fields; then another column is an error.
    """

    name: tuple[str, ...] = ("name",)
    price: str = "price"
    currency: str | None = None
    unit: str | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that have to be there."""
        return (*self.name, self.price, *filter(None, (self.currency, self.unit)))

    @property
    def known(self) -> tuple[str, ...]:
        """The columns that may be there."""
        return (*self.name, self.price, self.currency or "currency", self.unit or "unit")

    @property
    def only(self) -> bool:
        """Whether another column is an error, since nobody has said which ones matter."""
        return self == Columns()


def rows(path: Path, columns: Columns, delimiter: str | None = None) -> Rows:
    """Yield the line number and the texts of each row of either kind of file.

    Raises Invalid when it is neither, or has not the columns or the table that it needs.
    """
    with path.open("rb") as file:
        if file.peek(len(SQLITE_HEAD)).startswith(SQLITE_HEAD):
            if columns != Columns():
                raise Invalid("A price list in SQLite has the columns name and price, no others.")
            yield from sqlite_rows(path)
        else:
            yield from csv_rows(file, columns, "\t" if delimiter == "\\t" else delimiter)


def csv_rows(file: BinaryIO, columns: Columns, delimiter: str | None = None) -> Rows:
    """Yield the line number and the texts of each row; an empty optional one is left out.

    Raises Malformed and Invalid as `csv_table.reading` does, Invalid when columns are not right.
    """
    only = columns.only
    with csv_table.reading(file, columns.known, delimiter) as table:
        table.check(columns.needed, columns.known, only=only)
        names = [table.place(each) for each in columns.name]
        others = {
            "price": table.place(columns.price),
            "currency": table.place(columns.currency or "currency"),
            "unit": table.place(columns.unit or "unit"),
        }
        for line, cells in table.rows:
            if homeless := table.homeless(cells, only=only):
                yield line, homeless
                continue
            texts = {"name": " ".join([_cell(cells, place) for place in names])}
            for field, place in others.items():
                if text := _cell(cells, place):
                    texts[field] = text
            texts.setdefault("price", "")
            yield line, texts


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


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
