"""Fields: what a value may be on the wire. JSON types are strict; `from_text` reads a form's text.

Every field raises ValidationError with one sentence for the client.
"""

from collections.abc import Iterable
from typing import Any

from marshmallow import ValidationError, fields

from todo_api.values import etags, moments, names
from todo_api.values.currencies import MINOR_UNITS

ANY_TEXT = r"^[^\u0000]*$"
_BLANK = (
    r"\s\u001c-\u001f\u0085\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
)
NOT_BLANK = rf"^[{_BLANK}]*[^\u0000{_BLANK}][^\u0000]*$"
"""ECMA-262 patterns: what every database can store, and what has something to see besides.

Beyond U+FFFF there are more characters that nobody sees. The server refuses a name of nothing else,
too. The pattern leaves them out, since programs read such ranges in two different ways.
"""

UNBOUND = 10**6
"""Characters of a text that is only asked for or given back; what carries it sets its bounds."""

_WORDS = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}


class Text(fields.Field[str]):
    """A text of `least` to `most` characters, stored and given back byte for byte."""

    def __init__(self, *, most: int, least: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        least = {"minLength": self.least} if self.least else {}
        most = {"maxLength": self.most} if self.most < UNBOUND else {}
        return {"type": "string", **least, **most, "pattern": ANY_TEXT}

    def from_text(self, text: str) -> str:
        """Return what a form's text stands for."""
        return text

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Must be a text.")
        if problem := names.why_not_text(value):
            raise ValidationError(problem)
        if not self.least <= len(value) <= self.most:
            least = f"{self.least} to" if self.least else "at most"
            raise ValidationError(f"Must have {least} {self.most:,} characters.")
        return value


class Name(Text):
    """A text that names something: not blank, and with a key that every index can hold."""

    def __init__(self, *, most: int = names.LONGEST_NAME, **options: Any) -> None:
        super().__init__(least=1, most=most, **options)

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {**super().described(), "pattern": NOT_BLANK}

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        name = super()._deserialize(value, attr, data, **options)
        key = names.key(name)
        if not key:
            raise ValidationError("Must not be blank.")
        if len(key) > names.LONGEST_KEY:
            raise ValidationError("Too long in its normal form (Unicode NFKC_Casefold).")
        return name


class OneOf(Text):
    """One of a few words."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        super().__init__(most=64, **options)
        self.words = tuple(words)

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string", "enum": list(self.words)}

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        word = super()._deserialize(value, attr, data, **options)
        if word not in self.words:
            raise ValidationError(f"Must be one of {', '.join(self.words)}.")
        return word


class Few(fields.List[Any]):
    """A list of `least` to `most` values, counted before they are looked at."""

    def __init__(
        self, inner: fields.Field[Any], *, most: int, least: int = 0, **options: Any
    ) -> None:
        super().__init__(inner, **options)
        self.least, self.most = least, most

    def described(self) -> dict[str, Any]:
        """Return what its JSON Schema adds to that of a list."""
        least = {"minItems": self.least} if self.least else {}
        return {**least, "maxItems": self.most}

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValidationError("Must be a list.")
        if not self.least <= len(value) <= self.most:
            raise ValidationError(f"Must hold {self.least} to {self.most} values.")
        return super()._deserialize(value, attr, data, **options)


class Unread(fields.List[Any]):
    """A list whose elements are read one by one, by somebody else."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValidationError("Must be a list.")
        return value


class ETag(Text):
    """An entity tag: the value to send in If-Match, with its quotes."""

    is_to_match = False
    """Whether it may be `*`, and weak, as in an If-Match."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=200, **options)

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        tag = r'"[^"\u0000]*"'
        pattern = rf"^(\*|(W/)?{tag})$" if self.is_to_match else f"^{tag}$"
        return {"type": "string", "maxLength": self.most, "pattern": pattern}

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        is_tag = etags.ONE.fullmatch(text) and (self.is_to_match or text.startswith('"'))
        if not is_tag and not (self.is_to_match and text == "*"):
            raise ValidationError(etags.ADVICE)
        return text


class IfMatch(ETag):
    """An entity tag to be matched, or `*`."""

    is_to_match = True


class TimeZone(Text):
    """An IANA time zone name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=64, **options)

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string", "format": "iana-time-zone", "maxLength": self.most}

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        name = super()._deserialize(value, attr, data, **options)
        if name not in moments.time_zones():
            raise ValidationError("Not an IANA time zone.")
        return name


class Currency(Text):
    """An ISO 4217 currency code, in upper case once it is in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=3, **options)

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string", "format": "iso-4217", "pattern": "^[A-Za-z]{3}$"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        code = text.upper()
        if not text.isascii() or code not in MINOR_UNITS:
            raise ValidationError("Not an ISO 4217 currency code.")
        return code


class Boolean(fields.Field[bool]):
    """True or false; in a form true, 1, on, false, 0, off, in any case."""

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "boolean"}

    def from_text(self, text: str) -> bool | str:
        """Return what a form's text stands for, the text itself when that is nothing."""
        return _WORDS.get(text.strip().lower(), text)

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Must be true or false.")
        return value
