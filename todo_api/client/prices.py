"""The price list: anyone reads it, admins write to it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, TypedDict, Unpack
from urllib.parse import quote

from todo_api.client.connection import Connection, both_told, guard, once
from todo_api.client.shapes import Price

_PATH = "/api/v1/prices"
_FORMATS = {"json": "application/json", "csv": "text/csv"}


class Details(TypedDict, total=False):
    """What a price may have beside its item and sum."""

    currency: str | None
    unit: str | None


class Fields(Details, total=False):
    """What of a price can be changed; a new `name` renames it."""

    name: str
    price: Decimal | int | str


class Prices:
    """The price list."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, q: str | None = None) -> Iterator[Price]:
        """Yield all prices by name, or those with `q` in their name."""
        for page in self._connection.pages(_PATH, {"limit": 200, "q": q}):
            yield from map(Price.of, page.data["prices"])

    def get(self, name: str) -> Price:
        """Return the price of an item; raise NotFound when it has none."""
        answer = self._connection.get(_path(name))
        return Price.of(answer.data)

    def create(self, name: str, price: Decimal | int | str, **details: Unpack[Details]) -> Price:
        """Set the price of another item; raise Conflict when it has one."""
        answer = self._connection.create(_PATH, {"name": name, "price": price, **details})
        return Price.of(answer.data)

    def change(self, item: Price | str, **changes: Unpack[Fields]) -> Price:
        """Change a price; given as it was read, only if it still is that one, else Stale."""
        name, headers = _guarded(item)
        with both_told(item, Price.of):
            return Price.of(self._connection.write("PATCH", _path(name), changes, headers).data)

    def delete(self, item: Price | str) -> None:
        """Take a price off the list, guarded as `change` is."""
        name, headers = _guarded(item)
        with both_told(item, Price.of):
            self._connection.write("DELETE", _path(name), headers=headers)

    def load(self, file: bytes, form: Literal["json", "csv"] = "csv") -> dict[str, int]:
        """Import a price list, and return how many are `new`, `changed` and `unchanged`."""
        headers = {"Content-Type": _FORMATS[form], **once()}
        told: dict[str, int] = self._connection.send(
            "POST", f"{_PATH}/import", headers=headers, content=file
        ).data
        return told


def _guarded(item: Price | str) -> tuple[str, dict[str, str]]:
    return (item, {}) if isinstance(item, str) else (item.name, guard(item))


def _path(name: str) -> str:
    """Return the path of an item.

    Slashes are written in their full-width form, and so are the dots of a name that would be a
    folder. That makes an equal name, and no proxy takes it for another path.
    """
    sent = name.replace(".", "\N{FULLWIDTH FULL STOP}") if name in (".", "..") else name
    sent = sent.replace("/", "\N{FULLWIDTH SOLIDUS}")
    return f"{_PATH}/{quote(sent, safe='')}"
