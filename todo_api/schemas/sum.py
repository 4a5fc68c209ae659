"""Sums on the wire. Whatever is no number is answered with 400, as the source of this route did."""

import math
import re
from decimal import Decimal
from typing import Any

from marshmallow import EXCLUDE, fields

from todo_api.errors import Malformed
from todo_api.schemas.numbers import Integer
from todo_api.schemas.wire import Wire

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
ADDEND = rf"^\s*{_NUMBER.pattern}\s*$"
"""The ECMA-262 pattern of a text that writes a number."""


class InvalidAddend(Malformed):
    """One of the numbers is none, or too large for a double."""

    message = "Invalid number as addend"
    code = None  # A source has fixed this body to two keys.


class Addend(fields.Field[float]):
    """A double (IEEE 754), from a JSON number or from a text that writes one in ASCII."""

    def __init__(self) -> None:
        super().__init__(required=True, metadata={"description": "One of the two numbers."})

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": ADDEND}]}

    def deserialize(self, value: Any, attr: Any = None, data: Any = None, **options: Any) -> float:
        """Return the number; raise InvalidAddend for anything else, nothing at all included."""
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            number = float(value)
        elif isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            number = float(Decimal(value))
        else:
            raise InvalidAddend
        if not math.isfinite(number):
            raise InvalidAddend
        return number


class Addends(Wire):
    """The two numbers in a body."""

    number1 = Addend()
    number2 = Addend()

    example = {"number1": 13, "number2": 28}


class AddendsQuery(Addends):
    """The two numbers in a URL, whose clients may send other parameters along."""

    class Meta:
        unknown = EXCLUDE


class SumSchema(Wire):
    """The two numbers and their sum."""

    number1 = fields.Float()
    number2 = fields.Float()
    total_sum = fields.Float()

    example = {"number1": 13.0, "number2": 28.0, "total_sum": 41.0}


class SumWithStatus(SumSchema):
    """The same, with the status in the body."""

    status = Integer()

    example = {"status": 200, **SumSchema.example}


def added(numbers: dict[str, float]) -> dict[str, float]:
    """Return the two numbers with their sum; raise InvalidAddend when it is too large."""
    total = numbers["number1"] + numbers["number2"]
    if not math.isfinite(total):
        raise InvalidAddend
    return {**numbers, "total_sum": total}
