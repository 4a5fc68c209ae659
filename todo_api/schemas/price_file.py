"""Price files: CSV with a header, or SQLite with a table Pricelist(name, price)."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from marshmallow import ValidationError, post_load, validates_schema

from todo_api.errors import Invalid
from todo_api.schemas import csv_table
from todo_api.schemas.decimal_marks import Numbers
from todo_api.schemas.fields import Boolean, Few, Text
from todo_api.schemas.price_rows import Rows
from todo_api.schemas.query import CsvQuery

_FIELDS = ("name", "price", "currency", "unit")
SQLITE_HEAD = b"SQLite format 3\0"


@dataclass(frozen=True)
class Columns:
    """The names of the columns. The cells of several that make up a name are joined by a space.

    Those that are not named have the names of the fields; then another column is an error.
    """

    name: tuple[str, ...] = ("name",)
    price: str = "price"
    currency: str | None = None
    unit: str | None = None
    are_named: bool = False
    """Whether somebody has said which columns matter, so that others are left out."""

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that have to be there."""
        return (*self.name, self.price, *filter(None, (self.currency, self.unit)))

    @property
    def known(self) -> tuple[str, ...]:
        """The columns that may be there."""
        return (*self.name, self.price, self.currency or "currency", self.unit or "unit")


class ColumnOf(Text):
    """A field of a price and the column that holds it, with a colon between them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(least=1, most=300, **options)

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {**super().described(), "pattern": f"^({'|'.join(_FIELDS)}):[^\\u0000]+$"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> Any:
        text = super()._deserialize(value, attr, data, **options)
        field, _, column = text.partition(":")
        if field not in _FIELDS or not column:
            raise ValidationError(f"Must be one of {', '.join(_FIELDS)}, a colon and a column.")
        return field, column


class PriceFileQuery(CsvQuery):
    """How a price list is written, and whether its prices are to be rounded."""

    columns = Few(
        ColumnOf(),
        most=20,
        load_default=[],
        allow_none=False,
        metadata={
            "description": "Which column of a CSV file holds a field, as in `name:product`; may"
            " repeat. Several for `name` are joined by a space. Other columns are left out then."
        },
    )
    round = Boolean(
        load_default=False,
        allow_none=False,
        metadata={"description": "Round prices to four decimals, half up."},
    )

    example = {**CsvQuery.example, "columns": ["name:name", "price:price"], "round": False}

    @validates_schema(skip_on_field_errors=True)
    def _name_each_once(self, values: dict[str, Any], **options: Any) -> None:
        fields = [field for field, _ in values.get("columns", []) if field != "name"]
        if len(fields) != len(set(fields)):
            raise ValidationError("Only name may have several columns.", "columns")

    @post_load
    def _make_columns(self, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        pairs = values.get("columns", [])
        name = tuple(column for field, column in pairs if field == "name")
        others: dict[str, Any] = {field: column for field, column in pairs if field != "name"}
        columns = Columns(name=name or Columns.name, **others, are_named=bool(pairs))
        return {**values, "columns": columns}


def rows(
    file: BufferedReader, columns: Columns, delimiter: str | None = None, decimal: str | None = None
) -> Rows:
    """Yield the line number and the texts of each row of either kind of file.

    Raises Invalid when it is neither, or has not the columns or the table that it needs.
    """
    # A pipe gives its bytes once, so that they are looked at without being read.
    if not file.peek(len(SQLITE_HEAD)).startswith(SQLITE_HEAD):
        yield from csv_rows(file, columns, delimiter, decimal)
        return
    if columns.needed != Columns().needed:
        raise Invalid("A price list in SQLite has the columns name and price, no others.")
    if not file.seekable():
        raise Invalid("A price list in SQLite has to be a file; give its path.")
    yield from sqlite_rows(Path(file.name))


def csv_rows(
    file: BinaryIO, columns: Columns, delimiter: str | None = None, decimal: str | None = None
) -> Rows:
    """Yield the line number and the texts of each row; an empty optional one is left out.

    Raises Malformed and Invalid as `csv_table.reading` does, Invalid when columns are not right or
    decimal marks do not agree.
    """
    only = not columns.are_named
    with csv_table.reading(file, columns.known, delimiter) as table:
        table.check(columns.needed, columns.known, only=only)
        names = [table.place(each) for each in columns.name]
        others = {
            "price": table.place(columns.price),
            "currency": table.place(columns.currency or "currency"),
            "unit": table.place(columns.unit or "unit"),
        }
        numbers = Numbers(decimal, table.delimiter)
        for line, cells in table.rows:
            if homeless := table.homeless(cells, only=only):
                yield line, homeless
                continue
            parts = [_cell(cells, place) for place in names]
            texts = {"name": " ".join(filter(str.strip, parts)) if len(parts) > 1 else parts[0]}
            for field, place in others.items():
                if text := _cell(cells, place):
                    texts[field] = text
            try:
                texts["price"] = numbers.plain(texts.get("price", ""), line)
            except ValueError as error:
                yield line, f"price: {error}"
            else:
                yield line, texts
        numbers.must_be_certain()


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
