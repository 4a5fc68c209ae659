"""JSON, strictly: RFC 8259 without its liberties, numbers exact in both directions."""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import orjson

from todo_api.errors import Invalid, MalformedJSON
from todo_api.values import encodings, names

DEEPEST = 32
LONGEST_NUMBER = 1_000
_IN_UTF_16 = "The body is in UTF-16. Send it as UTF-8."
_ORDERED = orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS
_SURELY_64_BIT = 18
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse(body: bytes, *, most: int | None = None) -> Any:
    """Return what `body` says; numbers with a fraction, and very long ones, become Decimal.

    A byte order mark is overlooked. Raises MalformedJSON for broken JSON, a repeated key, NaN,
    infinity, invalid UTF-8, or nesting deeper than DEEPEST; Invalid for a lone surrogate, which
    could not be given back, and for more than `most` values, which would take many times the memory
    of their text.
    """
    body = body.removeprefix(encodings.MARK)
    if most is not None and _has_more_values(body, most):
        raise Invalid(f"The JSON holds more than {most:,} values.")
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _not_utf_8(body, error.start) from None
    except RecursionError:
        raise MalformedJSON(f"The JSON is nested deeper than {DEEPEST}.") from None
    except InvalidOperation:
        raise MalformedJSON("The JSON holds a number with too large an exponent.") from None
    except ValueError as error:
        if encodings.is_utf_16(body):
            raise MalformedJSON(_IN_UTF_16) from None
        raise MalformedJSON(f"The JSON cannot be parsed: {error}") from None
    if _brackets(body) > DEEPEST:
        _measure(value)
    if _SURROGATE.search(body):
        _refuse_lone_surrogates(value)
    return value


def render(data: Any, *, ordered: bool = False) -> bytes:
    """Return `data` as JSON in UTF-8; a Decimal becomes a number, digit by digit.

    A moment in UTC ends in `Z`, as `moments.wire` has it. If `ordered`, the members of objects are
    sorted by their names, so that equal data is one text.
    """
    return orjson.dumps(data, default=_exact, option=_ORDERED if ordered else orjson.OPT_UTC_Z)


def _has_more_values(body: bytes, most: int) -> bool:
    """Return whether there may be more than `most` values: one behind each comma and bracket.

    A value brings at most two texts along, its key and itself, so that this ends soon for what is
    no JSON.
    """
    values = end = 0
    for texts, text in enumerate(_TEXT.finditer(body)):
        start = text.start()
        values += body.count(b",", end, start) + _brackets(body, end, start)
        if values > most or texts > 2 * most:
            return True
        end = text.end()
    return values + body.count(b",", end) + _brackets(body, end) > most


def _not_utf_8(body: bytes, wrong: int) -> MalformedJSON:
    """Return the error for a byte that is not UTF-8; it does not show the text, a password say."""
    if encodings.is_utf_16(body):
        return MalformedJSON(_IN_UTF_16)
    told = "The body is not valid UTF-8."
    if encodings.from_windows_1252(body) is not None:
        line = body.count(b"\n", 0, wrong) + 1
        told += f" Line {line} looks like Windows-1252. Send it as UTF-8."
    return MalformedJSON(told)


def _brackets(body: bytes, start: int = 0, end: int | None = None) -> int:
    """Return how many brackets are opened in a part of `body`, those in its texts among them."""
    return body.count(b"[", start, end) + body.count(b"{", start, end)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return members


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _SURELY_64_BIT else _decimal(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) > LONGEST_NUMBER:
        raise Invalid(f"The JSON holds a number with more than {LONGEST_NUMBER:,} characters.")
    return Decimal(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_whole,
    parse_float=_decimal,
    parse_constant=_no_constant,
)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _measure(value: Any) -> None:
    """Walk level by level, so that the walk itself needs no stack."""
    level = [value]
    for _ in range(DEEPEST):
        level = [part for each in level for part in _parts(each)]
    if any(isinstance(each, dict | list) for each in level):
        raise MalformedJSON(f"The JSON is nested deeper than {DEEPEST}.")


def _refuse_lone_surrogates(value: Any) -> None:
    texts = value.keys() if isinstance(value, dict) else [value]
    for text in texts:
        if isinstance(text, str) and (problem := names.why_lone(text)):
            raise Invalid(problem)
    for part in _parts(value):
        _refuse_lone_surrogates(part)


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} has no place in an answer")
