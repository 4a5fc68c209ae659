"""Prices on the wire."""

from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

from todo_api.schemas.fields import UNBOUND, Currency, ETag, Name, Text, Unread
from todo_api.schemas.moments import Moment
from todo_api.schemas.numbers import Integer, Scaled
from todo_api.schemas.wire import READ_ONLY, Wire
from todo_api.values import names


class ItemName(Name):
    """A name that can stand at the end of a URL, where `.` and `..` would be folders."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        name = super()._deserialize(value, attr, data, **options)
        if names.key(name) in (".", ".."):
            raise ValidationError("Must not be `.` or `..`.")
        return name


class ItemPriceSchema(Wire):
    """A price, coming in and going out."""

    name = ItemName(required=True)
    price = Scaled(least=Decimal(0), most=Decimal(100_000_000), required=True)
    currency = Currency(allow_none=True, load_default=None)
    unit = Text(most=32, allow_none=True, load_default=None)
    updated_date = Moment(metadata=READ_ONLY)
    etag = ETag(metadata=READ_ONLY)

    example = {
        "name": "apples",
        "price": 1.35,
        "currency": "EUR",
        "unit": "kg",
        "updated_date": "2026-11-20T09:30:00Z",
        "etag": '"p3n8fk2d.2"',
    }


class PricePage(Wire):
    """One page of the price list."""

    prices = fields.List(fields.Nested(ItemPriceSchema))
    next = Text(most=2_000, allow_none=True)
    etag = ETag(allow_none=True)

    example = {"prices": [ItemPriceSchema.example], "next": None, "etag": '"p3n8fk2d.2"'}


class PriceFile(Wire):
    """Many prices to be imported. Of a page of the price list, `next` and `etag` say nothing."""

    prices = Unread(fields.Nested(ItemPriceSchema(partial=False)), required=True)
    next = Text(most=2_000, allow_none=True, metadata=READ_ONLY)
    etag = ETag(allow_none=True, metadata=READ_ONLY)

    in_forms = False
    example = {"prices": [{"name": "apples", "price": 1.5, "currency": "EUR", "unit": "kg"}]}


class Merged(Wire):
    """How many prices of an import are new, how many have changed, and how many were so already."""

    new = Integer(least=0)
    changed = Integer(least=0)
    unchanged = Integer(least=0)

    example = {"new": 0, "changed": 1, "unchanged": 0}


class AskedPrice(Wire):
    """The short answer of `/itemprice`."""

    name = Text(most=UNBOUND, allow_none=True)
    price = Scaled(least=Decimal(0), most=Decimal(100_000_000))

    example = {"name": "apples", "price": 1.35}
