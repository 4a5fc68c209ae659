"""Fields for numbers: whole ones, and exact ones with decimals."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from marshmallow import ValidationError, fields

from todo_api.values import money


class Integer(fields.Field[int]):
    """A whole number from `least` to `most`, which are 64 bit unless told.

    JSON knows numbers only: 2.0 is 2 and as whole as that.
    """

    def __init__(self, *, least: int = -(2**63), most: int = 2**63 - 1, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def from_text(self, text: str) -> int | str:
        """Return the number that a form's text writes, the text itself when it writes none."""
        return int(text) if re.fullmatch("[+-]?[0-9]{1,19}", text.strip()) else text

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> int:
        if not isinstance(value, (int, Decimal)) or isinstance(value, bool):
            raise ValidationError("Must be a whole number.")
        if not self.least <= value <= self.most:
            raise ValidationError(f"Must be {self.least:,} to {self.most:,}.")
        if value != int(value):
            raise ValidationError("Must be a whole number.")
        return int(value)


class Scaled(fields.Field[int]):
    """An exact number with at most four decimals; inside, an integer of ten-thousandths.

    On the wire it goes out as a JSON number and comes in as a number or a text.
    """

    def __init__(self, *, least: Decimal, most: Decimal, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        limits = {"minimum": _number(self.least), "maximum": _number(self.most)}
        return {"type": "number", **limits}

    def described_sent(self) -> dict[str, Any]:
        """Return the JSON Schema of what is taken for it."""
        number = {**self.described(), "multipleOf": 1 / money.SCALE}
        text = {"type": "string", "pattern": self._pattern()}
        schema: dict[str, Any] = {"anyOf": [number, text]}
        if isinstance(self.load_default, int):
            schema["default"] = _number(money.plain(self.load_default))
        return schema

    def from_text(self, text: str) -> str:
        """Return what a form's text stands for."""
        return text

    def _pattern(self) -> str:
        """Return an ECMA-262 pattern for texts of which each is in range, though not all are."""
        digits, decimals = len(str(self.most)) - 1, f"[0-9]{{1,{money.DECIMALS}}}"
        if self.least == 0:
            return rf"^[0-9]{{1,{digits}}}(\.{decimals})?$"
        above_one = rf"[1-9][0-9]{{0,{digits - 1}}}(\.{decimals})?"
        return rf"^({above_one}|0\.[0-9]{{0,{money.DECIMALS - 1}}}[1-9])$"

    def _serialize(self, value: int | None, attr: Any, obj: Any, **options: Any) -> Decimal | None:
        return None if value is None else money.plain(value)

    def show(self, value: int) -> orjson.Fragment:
        """Return what orjson writes digit by digit."""
        return _digits(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
            raise ValidationError("Must be a number.")
        try:
            number = money.parse(value) if isinstance(value, str) else Decimal(value)
            amount = money.scaled(number)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if not self.least <= number <= self.most:
            raise ValidationError(f"Must be {self.least:,} to {self.most:,}.")
        return amount


@lru_cache(4_096)
def _digits(ten_thousandths: int) -> orjson.Fragment:
    return orjson.Fragment(str(money.plain(ten_thousandths)))


def _number(exact: Decimal) -> int | float:
    return int(exact) if exact == int(exact) else float(exact)
