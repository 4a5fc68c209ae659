"""The base of all tables, and the column types that are the same on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

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
from sqlalchemy.dialects.sqlite import DATETIME
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


class _SortableText(DATETIME):
    """A moment as SQLite has it, which knows no zone; SQLAlchemy's takes seven times as long."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Return what makes text of a moment in UTC, always with all six digits."""
        return lambda value: (
            None if value is None else value.isoformat(" ", "microseconds").removesuffix("+00:00")
        )

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what makes a moment in UTC of what the database gave."""
        return lambda text: None if text is None else datetime.fromisoformat(text + "+00:00")


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware and in UTC in Python; timestamptz on PostgreSQL, sortable text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The type of its values."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return the database's own type; PostgreSQL's sessions are in UTC."""
        text: type[Any] = _SortableText
        return text() if dialect.name == "sqlite" else self.impl

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the database is given."""
        return value if value is None else value.astimezone(UTC)


Key = Text().with_variant(Text(collation="C"), "postgresql")
"""A name's key: compared by code point, which is what SQLite does and what collation C says."""

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit id; SQLite counts up only a column that says INTEGER."""


def new_era() -> str:
    """Return a short random text that begins a new line of revisions."""
    return names.random_text(ERA_LENGTH)


class HasEra(Protocol):
    """What has an era."""

    @property
    def era(self) -> str:
        """The short text that its revisions belong to."""


class Versioned:
    """What tells its versions: a row that was read, or an object of the session."""

    __slots__ = ()

    def version_at(self: HasEra, revision: int) -> str:
        """Return era and `revision` together, which no other state of anything has."""
        return f"{self.era}.{revision}"


class HasRevision(HasEra, Protocol):
    """What has an era and the revision of its own last change."""

    @property
    def revision(self) -> int:
        """The revision."""


class Tagged:
    """What is told from its other states by its own revision, in an era."""

    __slots__ = ()

    @property
    def etag(self: HasRevision) -> str:
        """The value that If-Match takes for this very state (RFC 9110, 8.8.3)."""
        return f'"{self.era}.{self.revision}"'


class Counted(Versioned):
    """What has a counter of its changes, and the era that the counter belongs to."""

    era: Mapped[str] = mapped_column(String(16), default=new_era)
    revision: Mapped[int] = mapped_column(BigInteger, default=1)

    def next_revision(self) -> int:
        """Raise the counter and return it. The caller holds the row."""
        self.revision += 1
        return self.revision
