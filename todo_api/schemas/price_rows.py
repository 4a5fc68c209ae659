"""Rows of a price list: each becomes an entry, ready to be stored, or a bad row that says why not.

They come from a CSV file, from SQLite (see `price_file`) or as JSON.
"""

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from sys import intern
from typing import Any

from todo_api.errors import Invalid
from todo_api.schemas.item_price import ItemPriceSchema, PriceFile
from todo_api.services.bad_rows import MOST_BAD, BadRow, reasons, refusal
from todo_api.services.price_merge import Entry
from todo_api.values import money, names

LINE = "line {}"
"""How a row of CSV is named."""

ELEMENT = "prices[{}]"
"""How a row of JSON is named; the first is 0."""

Rows = Iterable[tuple[int, dict[str, Any] | str]]
"""The number of each row, and its values by field or what is wrong with it."""


def of_json(document: Any) -> Rows:
    """Yield the prices in the parsed JSON of a price list; raise Invalid if it is none."""
    rows = PriceFile().read(document)["prices"]
    for index, row in enumerate(rows):
        rows[index] = None  # What was read is not kept, since there may be a million of it.
        yield index, row if isinstance(row, dict) else "Must be an object."


def entries(
    rows: Rows, currency: str, *, place: str = LINE, rounding: bool = False
) -> Iterator[Entry | BadRow]:
    """Turn rows into prices in their own currency, or else in `currency`.

    A fifth decimal makes a row bad, unless `rounding` half up to four is asked for.
    """
    schema = ItemPriceSchema()
    places: dict[str, str] = {}
    for number, cells in rows:
        here = place.format(number)
        if isinstance(cells, str):
            yield BadRow(here, [cells])
            continue
        try:
            if rounding and "price" in cells:
                cells["price"] = _rounded(cells["price"])
            fields = schema.read(cells)
        except Invalid as error:
            yield BadRow(here, reasons(error, cells))
            continue
        key = names.key(fields["name"])
        first = places.setdefault(key, here)
        if first is here:
            # A million rows say the same few currencies and units, each time in a text of its own.
            code = intern(fields["currency"] or currency)
            unit = fields["unit"] and intern(fields["unit"])
            date = fields.get("updated_date")
            etag = fields.get("etag")
            yield Entry(here, key, fields["name"], fields["price"], code, unit, date, etag)
        else:
            yield BadRow(here, [f"name: {fields['name']!r} has a price on {first} already."])


def all_good(checked: Iterable[Entry | BadRow]) -> list[Entry]:
    """Return the entries; raise Invalid, which names the first bad rows, if there are any."""
    good: list[Entry] = []
    bad: list[BadRow] = []
    for row in checked:
        if isinstance(row, Entry):
            good.append(row)
        else:
            bad.append(row)
        if len(bad) > MOST_BAD:
            break
    if bad:
        raise refusal(bad)
    return good


def _rounded(price: Any) -> Any:
    """Return a price with four decimals; what is none stays as it is."""
    try:
        number = money.parse(price) if isinstance(price, str) else price
        return str(number.quantize(Decimal(1).scaleb(-money.DECIMALS), ROUND_HALF_UP))
    except (AttributeError, ValueError, ArithmeticError):
        return price
