"""The price list: what an item costs, and the counter that the whole list has."""

from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import BigInteger, CheckConstraint, String, select
from sqlalchemy.orm import Mapped, column_property, mapped_column

from todo_api.models.base import Base, Counted, HasEra, Key, Tagged, UTCDateTime, Versioned


class _Counter(HasEra, Protocol):
    """The counter of the list."""

    @property
    def revision(self) -> int: ...
    def version_at(self, revision: int) -> str: ...


class _Version(Versioned):
    """The version of the list, as a row that was read or as an object of the session."""

    __slots__ = ()

    @property
    def version(self: _Counter) -> str:
        """Era and revision of the last change to any price."""
        return self.version_at(self.revision)


class PriceList(_Version, Counted, Base):
    """The list as a whole, one row: the revision of its last change, and the era it belongs to."""

    __tablename__ = "price_list"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class ItemPrice(Tagged, Base):
    """The price of one item, in ten-thousandths of its currency, and the era of the list."""

    __tablename__ = "item_price"
    __table_args__ = (CheckConstraint("price BETWEEN 0 AND 1000000000000", name="price"),)

    name_key: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    unit: Mapped[str | None] = mapped_column(String(32))
    updated_date: Mapped[datetime] = mapped_column(UTCDateTime)
    revision: Mapped[int] = mapped_column(BigInteger)
    era: Mapped[str] = column_property(select(PriceList.era).scalar_subquery())


class _PriceListColumns(NamedTuple):
    era: str
    revision: int


class PriceListRow(_Version, _PriceListColumns):
    """The list's counter as it was read."""

    __slots__ = ()


class _ItemPriceColumns(NamedTuple):
    name: str
    price: int
    currency: str
    unit: str | None
    updated_date: datetime
    revision: int
    era: str


class ItemPriceRow(Tagged, _ItemPriceColumns):
    """A price as it was read, and the era of the list."""

    __slots__ = ()
