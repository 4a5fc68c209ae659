"""What may stand behind the question mark."""

from typing import Any

from marshmallow import EXCLUDE

from todo_api.schemas.csv_table import DELIMITERS
from todo_api.schemas.decimal_marks import MARKS
from todo_api.schemas.fields import UNBOUND, OneOf, Text
from todo_api.schemas.numbers import Integer
from todo_api.schemas.wire import Wire
from todo_api.services.paging import DEFAULT, LARGEST
from todo_api.values import names


class Cursor(Text):
    """Where a page ends; what it looks like inside is not for clients to know."""

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {**super().described(), "format": "cursor"}


class PageQuery(Wire):
    """Which page of a list."""

    limit = Integer(
        least=1,
        most=LARGEST,
        load_default=DEFAULT,
        metadata={"description": "How many at most."},
    )
    after = Cursor(
        most=2_000,
        load_default=None,
        allow_none=False,
        metadata={"description": "Where the page before ended: its `next` says so."},
    )

    example = {"limit": 10, "after": "WyJpZCIsMl0"}


class PriceQuery(PageQuery):
    """Which page of the price list, and which names."""

    q = Text(
        least=1,
        most=names.LONGEST_NAME,
        load_default=None,
        allow_none=False,
        metadata={"description": "A part of the name, in whatever case."},
    )

    example = {"limit": 10, "after": "WyJuYW1lIiwiYXBwbGVzIl0", "q": "app"}


class CsvQuery(Wire):
    """How a file of CSV is written, where that is not to be found in the file."""

    delimiter = OneOf(
        (*DELIMITERS, "\\t"),
        load_default=None,
        allow_none=False,
        metadata={"description": "The delimiter of a CSV file; `\\t` is a tab, too."},
    )
    decimal = OneOf(
        MARKS,
        load_default=None,
        allow_none=False,
        metadata={"description": "The decimal mark of the numbers in a CSV file."},
    )

    example = {"delimiter": ",", "decimal": "."}


class TaskFileQuery(CsvQuery):
    """How a file of tasks is written."""

    date_order = OneOf(
        ("dmy", "mdy"),
        load_default=None,
        allow_none=False,
        metadata={
            "description": "Whether the day or the month is first in the dates of a CSV file: in"
            " those of another program, such as 1/5/2030, and in 01/05/2030 10:00:00."
        },
    )

    example = {**CsvQuery.example, "date_order": "dmy"}


class ItemQuery(Wire):
    """The item whose price is asked; its clients may send other parameters along."""

    class Meta:
        unknown = EXCLUDE

    itemname = Text(
        most=UNBOUND,
        load_default=None,
        allow_none=False,
        metadata={"description": "The item, in whatever case."},
    )

    example = {"itemname": "apples"}
