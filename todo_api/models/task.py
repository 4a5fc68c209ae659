"""Tasks: things to do or to buy."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, Key, Tagged, UTCDateTime
from todo_api.values import money


class _Stored(Protocol):
    """What the columns of a task say of when it is due and what was paid."""

    @property
    def due_at(self) -> datetime | None: ...
    @property
    def due_on(self) -> date | None: ...
    @property
    def completed_date(self) -> datetime | None: ...
    @property
    def quantity(self) -> int: ...
    @property
    def paid_price(self) -> int | None: ...
    @property
    def paid_currency(self) -> str | None: ...


class _Shown:
    """What follows from a task's columns, on a row that was read or an object of the session."""

    __slots__ = ()

    @property
    def due_date(self: _Stored) -> date | datetime | None:
        """The due date as it was given: a bare date, or a UTC moment."""
        return self.due_on or self.due_at

    @property
    def completed(self: _Stored) -> bool:
        """Whether it is done."""
        return self.completed_date is not None

    @property
    def paid(self: _Stored) -> dict[str, Decimal | str] | None:
        """What it cost when it was completed: the price of that moment times the quantity."""
        if self.paid_price is None or self.paid_currency is None:
            return None
        amount = money.cost(self.paid_price, self.quantity, self.paid_currency)
        return {"amount": amount, "currency": self.paid_currency}


LISTS = {
    "ix_task_id": (("id",), "deleted_date IS NULL"),
    "ix_task_name": (("name_key", "id"), "deleted_date IS NULL"),
    "ix_task_created": (("creation_date", "id"), "deleted_date IS NULL"),
    "ix_task_due_at": (("due_at", "id"), "deleted_date IS NULL AND due_at IS NOT NULL"),
    "ix_task_due_on": (("due_on", "id"), "deleted_date IS NULL AND due_on IS NOT NULL"),
    "ix_task_undated": (("id",), "deleted_date IS NULL AND due_at IS NULL AND due_on IS NULL"),
}
"""The indexes by which lists are read: by what each is sorted, and which tasks it has.

None has a tombstone, so that a list costs the same however many tasks were deleted.
"""


def _index_of_list(name: str, columns: tuple[str, ...], rows: str) -> Index:
    where = text(rows)
    return Index(name, "account_id", *columns, postgresql_where=where, sqlite_where=where)


class Task(_Shown, Base):
    """One task of an account; `id` is the account's revision that created it.

    A row with a `deleted_date` is a tombstone: it is there for those who sync, and nobody else.
    It is due at a moment, `due_at`, or on a bare date, `due_on`, or never. `quantity` and
    `paid_price` are in ten-thousandths. A column that ends in `_key` holds a text in
    the form in which texts are compared.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_revision", "account_id", "revision"),
        *(_index_of_list(name, *columns) for name, columns in LISTS.items()),
        Index(
            "ix_task_deleted",
            "account_id",
            "deleted_date",
            postgresql_where=text("deleted_date IS NOT NULL"),
            sqlite_where=text("deleted_date IS NOT NULL"),
        ),
        CheckConstraint("quantity BETWEEN 1 AND 100000000", name="quantity"),
    )

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255))
    name_key: Mapped[str] = mapped_column(Key)
    note: Mapped[str | None] = mapped_column(Text)
    note_key: Mapped[str | None] = mapped_column(Key)
    creation_date: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_on: Mapped[date | None]
    completed_date: Mapped[datetime | None] = mapped_column(UTCDateTime)
    item: Mapped[str | None] = mapped_column(String(255))
    item_key: Mapped[str | None] = mapped_column(Key)
    quantity: Mapped[int] = mapped_column(BigInteger, default=money.SCALE)
    paid_price: Mapped[int | None] = mapped_column(BigInteger)
    paid_currency: Mapped[str | None] = mapped_column(String(3))
    revision: Mapped[int] = mapped_column(BigInteger)
    deleted_date: Mapped[datetime | None] = mapped_column(UTCDateTime)


class _TaskColumns(NamedTuple):
    id: int
    name: str
    note: str | None
    creation_date: datetime
    due_at: datetime | None
    due_on: date | None
    completed_date: datetime | None
    item: str | None
    quantity: int
    paid_price: int | None
    paid_currency: str | None
    revision: int
    deleted_date: datetime | None
    era: str


class TaskRow(_Shown, Tagged, _TaskColumns):
    """A task as it was read, to be shown: its columns but for the keys, and its account's era."""

    __slots__ = ()
