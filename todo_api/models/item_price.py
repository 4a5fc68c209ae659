"""The price list: what an item costs, and the counter that the whole list has."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, Counted, Key, UTCDateTime


class PriceList(Counted, Base):
    """The list as a whole, one row: the revision of its last change, and the era it belongs to."""

    __tablename__ = "price_list"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)

    @property
    def version(self) -> str:
        """Era and revision of the last change to any price."""
        return self.version_at(self.revision)


class ItemPrice(Base):
    """The price of one item, in ten-thousandths of its currency."""

    __tablename__ = "item_price"
    __table_args__ = (CheckConstraint("price BETWEEN 0 AND 1000000000000", name="price"),)

    name_key: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    unit: Mapped[str | None] = mapped_column(String(32))
    updated_date: Mapped[datetime] = mapped_column(UTCDateTime)
    revision: Mapped[int] = mapped_column(BigInteger)
