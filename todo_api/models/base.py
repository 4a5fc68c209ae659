"""The base of all tables, and the column types that are the same on both databases."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from todo_api.values import names

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

ERA_LENGTH = 8


class Base(DeclarativeBase):
    """Every table; constraints have names, so that a migration can speak of them."""

    metadata = MetaData(naming_convention=NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware and in UTC in Python; timestamptz on PostgreSQL, sortable text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The type of its values."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the database is given."""
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return what the database gave; PostgreSQL's sessions are in UTC, SQLite knows no zone."""
        return value if value is None else value.replace(tzinfo=UTC)


Key = Text().with_variant(Text(collation="C"), "postgresql")
"""A name's key: compared by code point, which is what SQLite does and what collation C says."""

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit id; SQLite counts up only a column that says INTEGER."""


def new_era() -> str:
    """Return a short random text that begins a new line of revisions."""
    return names.random_text(ERA_LENGTH)


class Counted:
    """What has a counter of its changes, and the era that the counter belongs to."""

    era: Mapped[str] = mapped_column(String(16), default=new_era)
    revision: Mapped[int] = mapped_column(BigInteger, default=1)

    def next_revision(self) -> int:
        """Raise the counter and return it. The caller holds the row."""
        self.revision += 1
        return self.revision

    def version_at(self, revision: int) -> str:
        """Return era and `revision` together, which no other state of anything has."""
        return f"{self.era}.{revision}"
