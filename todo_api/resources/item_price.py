"""Prices: the short question of a shopping list, and the price list behind it."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import quote

from flask import Response

from todo_api.models import ItemPrice, ItemPriceRow, PriceList, PriceListRow
from todo_api.resources import json_text
from todo_api.resources.auth import ADMIN, PUBLIC
from todo_api.resources.body import JSON
from todo_api.resources.endpoint import Created, Endpoint, Listed, Shown, Version, listed
from todo_api.resources.of_file import FileEndpoint
from todo_api.resources.stored import StoredEndpoint
from todo_api.resources.upload import CSV, Upload
from todo_api.schemas import price_file, price_rows
from todo_api.schemas.item_price import (
    AskedPrice,
    ItemPriceSchema,
    Merged,
    PriceFile,
    PricePage,
)
from todo_api.schemas.price_file import PriceFileQuery
from todo_api.schemas.query import ItemQuery, PriceQuery
from todo_api.services import price_merge, prices
from todo_api.services.bad_rows import BadRow
from todo_api.services.paging import Plan
from todo_api.services.price_merge import Difference, Entry

FULL_WIDTH_SLASH = "\N{FULLWIDTH SOLIDUS}"

VALUES_PER_MIB = 160_000
"""Values that an import in JSON may hold for each MiB of IMPORT_MAX.

No price list has more, since the shortest price is 3 values in 23 bytes; empty ones would take up
to thirty times the memory of their text.
"""


class AskedItemPrice(StoredEndpoint):
    """The price of the item that is asked for."""

    access = {"get": PUBLIC}
    asks = {"get": ItemQuery()}
    gives = {"get": AskedPrice()}

    def answer(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        """Answer without a session: one question sees one state of the database by itself."""
        return Endpoint.answer(self, verb, ids)

    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Ask a price; what nobody has priced costs 0."""
        name = query["itemname"]
        return {"name": name, "price": prices.ask(self.database, name) if name else 0}


class _OnThePriceList(StoredEndpoint):
    """A resource of the price list, whose row orders the writers."""

    strict = True

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Return the list, taken if this is a write, and the price, where the URL names one."""
        taking = self.writing
        price_list = prices.take_list(self.session) if taking else prices.see_list(self.session)
        if "name" not in ids:
            return (price_list,)
        name = ids["name"]
        target, _, _ = self.request.environ.get("REQUEST_URI", "").partition("?")
        if target.lower().endswith("%2f"):
            # The route leaves out one slash at the end, but an encoded one is part of the name.
            name += "/"
        find = prices.get if taking else prices.see
        return price_list, find(self.session, name)

    def version(self, *objects: Any) -> Version:
        """Return the version of the price or, without one, of the list."""
        price_list: PriceList | PriceListRow = objects[0]
        return price_list.version_at(objects[-1].revision)

    def prepare(self, values: dict[str, Any]) -> Any:
        """Put the server's currency where null or nothing was said for it."""
        if "currency" in values and values["currency"] is None:
            values["currency"] = self.settings.currency
        return values


class ItemPriceList(_OnThePriceList):
    """The price list."""

    access = {"get": PUBLIC, "post": ADMIN}
    creates = True
    compresses = True
    asks = {"get": PriceQuery()}
    takes = {"post": ItemPriceSchema()}
    may = {"post": (409,)}
    gives = {"get": PricePage(), "post": ItemPriceSchema()}

    def plan(self, *objects: Any) -> Plan[ItemPriceRow]:
        """Plan the page."""
        return prices.listing(**self.query)

    def get(self, price_list: PriceListRow, plan: Plan[ItemPriceRow]) -> Listed:
        """List the prices."""
        return listed("prices", plan.page(self.session))

    def post(self, price_list: PriceList, fields: dict[str, Any]) -> Created:
        """Set the price of another item."""
        price = prices.create(self.session, price_list, fields)
        return Created(price, _path(price), price_list.version_at(price.revision))


class ItemPriceImport(FileEndpoint, _OnThePriceList):
    """Many prices at once, as CSV with the columns name, price, currency and unit, or as JSON."""

    access = {"post": ADMIN}
    asks = {"post": PriceFileQuery()}
    files = {CSV: "name,price,currency,unit\napples,1.5,EUR,kg\n"}
    takes = {"post": PriceFile()}
    gives = {"post": Merged()}

    def prepare(self, values: dict[str, Any]) -> Difference:
        """Read the file, and compare it with the list as it is now."""
        entries = price_rows.all_good(self._checked(values.pop("file"), values["query"]))
        with self.database.reading(long=True) as session:
            return price_merge.compare(session, prices.price_list(session), entries)

    def post(self, price_list: PriceList, difference: Difference) -> dict[str, int]:
        """Import prices, all of them or none; one whose name there is already is replaced."""
        return price_merge.merge(self.session, price_list, difference)

    def _checked(self, file: Upload, query: Mapping[str, Any]) -> Iterator[Entry | BadRow]:
        currency = self.settings.currency
        if file.media == JSON:
            most = self.settings.import_max * VALUES_PER_MIB
            rows = price_rows.of_json(json_text.parse(file.content, most=most))
            place = price_rows.ELEMENT
        else:
            written = (query[name] for name in ("columns", "delimiter", "decimal"))
            rows = price_file.csv_rows(BytesIO(file.content), *written)
            place = price_rows.LINE
        return price_rows.entries(rows, currency, place=place, rounding=query["round"])


class ItemPriceItem(_OnThePriceList):
    """The price of one item."""

    access = {"get": PUBLIC, "put": ADMIN, "patch": ADMIN, "delete": ADMIN}
    takes = {"put": ItemPriceSchema(), "patch": ItemPriceSchema()}
    may = {"put": (409,), "patch": (409,)}
    gives = {"get": ItemPriceSchema(), "put": ItemPriceSchema(), "patch": ItemPriceSchema()}

    def get(self, price_list: PriceListRow, price: ItemPriceRow) -> ItemPriceRow:
        """See the price."""
        return price

    def put(self, price_list: PriceList, price: ItemPrice, changes: dict[str, Any]) -> ItemPrice:
        """Change the price; another name renames it."""
        prices.change(self.session, price_list, price, changes)
        return price

    def patch(self, price_list: PriceList, price: ItemPrice, changes: dict[str, Any]) -> ItemPrice:
        """Change the price; another name renames it."""
        return self.put(price_list, price, changes)

    def delete(self, price_list: PriceList, price: ItemPrice) -> None:
        """Take the price off the list."""
        prices.delete(self.session, price_list, price)


def _path(price: ItemPrice) -> str:
    """Return the price's path.

    Its slashes are written in their full-width form, which makes an equal name. Proxies take `%2F`
    for a slash, and may refuse a path with `..%2F` in it.
    """
    return f"/api/v1/prices/{quote(price.name.replace('/', FULL_WIDTH_SLASH), safe='')}"
