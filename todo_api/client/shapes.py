"""What a server answers, as read-only objects: sums are Decimals, times know their offset.

Fields that a newer server may send beside these are passed over. An `etag` is what If-Match takes
for this very state of a thing (RFC 9110, 8.8.3); proxies weaken the header of that name.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from todo_api.client import wire


@dataclass(frozen=True)
class Money:
    """A sum and its ISO 4217 currency."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, data: Any) -> "Money":
        """Read what was answered."""
        return cls(Decimal(data["amount"]), data["currency"])


@dataclass(frozen=True)
class Task:
    """A task as it was when it was read; given back to `change` or `delete`, it guards them."""

    id: int
    name: str
    note: str | None
    creation_date: datetime
    due_date: date | datetime | None
    completed: bool
    completed_date: datetime | None
    item: str | None
    quantity: Decimal
    paid: Money | None
    revision: int
    etag: str

    @classmethod
    def of(cls, data: Any) -> "Task":
        """Read what was answered."""
        return cls(
            id=data["id"],
            name=data["name"],
            note=data["note"],
            creation_date=wire.moment(data["creation_date"]),
            due_date=wire.due(data["due_date"]),
            completed=data["completed"],
            completed_date=wire.moment_if_any(data["completed_date"]),
            item=data["item"],
            quantity=Decimal(data["quantity"]),
            paid=data["paid"] and Money.of(data["paid"]),
            revision=data["revision"],
            etag=data["etag"],
        )


@dataclass(frozen=True)
class Deleted:
    """What is left of a deleted task."""

    id: int
    revision: int


def task_or_deleted(data: Any) -> Task | Deleted:
    """Read a change that was answered."""
    return Deleted(data["id"], data["revision"]) if "deleted" in data else Task.of(data)


@dataclass(frozen=True)
class Account:
    """Somebody's profile; given back to a change as it was read, it guards it."""

    username: str
    email: str
    date_joined: datetime
    timezone: str
    pets: tuple[str, ...]
    listed: bool
    is_admin: bool
    etag: str = field(compare=False)

    @classmethod
    def of(cls, data: Any) -> "Account":
        """Read what was answered."""
        return cls(
            username=data["username"],
            email=data["email"],
            date_joined=wire.moment(data["date_joined"]),
            timezone=data["timezone"],
            pets=tuple(data["pets"]),
            listed=data["listed"],
            is_admin=data["is_admin"],
            etag=data["etag"],
        )


@dataclass(frozen=True)
class Me:
    """The caller's account, and the token by which they call."""

    account: Account
    token: "Token"

    @classmethod
    def of(cls, data: Any) -> "Me":
        """Read what was answered."""
        return cls(Account.of(data), Token.of(data["token"]))


@dataclass(frozen=True)
class Session:
    """What a login gives."""

    token: str = field(repr=False)
    expires_at: datetime
    account: Account


@dataclass(frozen=True)
class Token:
    """A token as its owner sees it; its `secret` is known only when it has just been made.

    Its `last_used_date`, to the hour, is None as well where only the account was asked for.
    """

    id: int
    name: str
    scope: str
    origin: str
    creation_date: datetime
    expires_at: datetime
    last_used_date: datetime | None
    secret: str | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, data: Any) -> "Token":
        """Read what was answered."""
        return cls(
            id=data["id"],
            name=data["name"],
            scope=data["scope"],
            origin=data["origin"],
            creation_date=wire.moment(data["creation_date"]),
            expires_at=wire.moment(data["expires_at"]),
            last_used_date=wire.moment_if_any(data.get("last_used_date")),
            secret=data.get("token"),
        )


@dataclass(frozen=True)
class Price:
    """What an item costs; given back to a change as it was read, it guards it."""

    name: str
    price: Decimal
    currency: str
    unit: str | None
    updated_date: datetime
    etag: str = field(compare=False)

    @classmethod
    def of(cls, data: Any) -> "Price":
        """Read what was answered."""
        return cls(
            name=data["name"],
            price=Decimal(data["price"]),
            currency=data["currency"],
            unit=data["unit"],
            updated_date=wire.moment(data["updated_date"]),
            etag=data["etag"],
        )


@dataclass(frozen=True)
class Unpriced:
    """A task whose item has no price."""

    id: int
    name: str
    item: str | None
    etag: str


@dataclass(frozen=True)
class Total:
    """What tasks cost together, by currency, and which of them have no price."""

    totals: tuple[Money, ...]
    priced: int
    unpriced: tuple[Unpriced, ...]
