"""The data that every server has: accounts with tasks and a token each, and a price list.

This server stores it in its own tables, the peers in one plain schema that all of them share. The
figures are the same: what is sent and what is answered differs in ids and revisions only.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

BEGIN = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
NOTE = "Ask whether there is one that lasts longer."
PASSWORD = "correct-horse-battery"  # noqa: S105 - Of an account that only this benchmark has.
CURRENCY = "EUR"
QUANTITY = 2

ACCOUNTS = {"alice": 50, "ticker": 128, "writer": 0}
"""How many tasks who has at the start."""

GROWN = {"few": 10, "more": 1_000, "search": 10_000, "many": 100_000}
"""Who is there besides where growth is measured."""


@dataclass(frozen=True)
class Size:
    """How much there is."""

    prices: int
    grown: bool = False

    @property
    def accounts(self) -> dict[str, int]:
        """Who is there, with how many tasks."""
        return ACCOUNTS | GROWN if self.grown else ACCOUNTS


@dataclass(frozen=True)
class Task:
    """One task; amounts in euros, times in UTC."""

    name: str
    note: str | None
    created: datetime
    due: datetime | None
    completed: datetime | None
    item: str | None
    paid: float | None

    def wire(self) -> dict[str, object]:
        """Return the task as every server answers it, but for its id and revision."""
        paid = None if self.paid is None else {"amount": self.paid, "currency": CURRENCY}
        return {
            "name": self.name,
            "note": self.note,
            "creation_date": moment(self.created),
            "due_date": moment(self.due),
            "completed": self.completed is not None,
            "completed_date": moment(self.completed),
            "item": self.item,
            "quantity": QUANTITY,
            "paid": paid,
        }


def moment(value: datetime | None) -> str | None:
    """Return ISO 8601 in UTC, ending in `Z`."""
    return value and value.replace(tzinfo=None).isoformat() + "Z"


def task(number: int) -> Task:
    """Return an account's task of that number, counted from 0."""
    created = BEGIN + timedelta(minutes=number)
    item = item_name(number % 100) if number % 2 else None
    done = number % 5 == 0
    return Task(
        name=f"Buy what is missing, number {number}",
        note=NOTE if number % 4 else None,
        created=created,
        due=created + timedelta(days=365) if number % 3 else None,
        completed=created + timedelta(days=1) if done else None,
        item=item,
        paid=cents(number % 100) * QUANTITY / 100 if item and done else None,
    )


def tasks(count: int) -> Iterator[tuple[int, Task]]:
    """Yield an account's first tasks, with their numbers."""
    return ((number, task(number)) for number in range(count))


def item_name(number: int) -> str:
    """Return the name of an item of the price list."""
    return f"item-{number}"


def cents(number: int) -> int:
    """Return the price of an item, in cents."""
    return number % 1_000 + 1


def token(owner: int) -> str:
    """Return the token of the account with that id, in the form of this server's tokens."""
    secret = hashlib.sha256(b"bench %d" % owner).digest()[:25]
    return base64.urlsafe_b64encode(owner.to_bytes(8, "big") + secret).decode()


def digest(secret: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(secret.encode()).digest()
