"""Tokens: what proves who somebody is. The secret itself is nowhere in the database."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, UTCDateTime


class Token(Base):
    """One token of an account; `id` is random and so needs no sequence."""

    __tablename__ = "token"
    __table_args__ = (
        UniqueConstraint("account_id", "digest"),
        Index("ix_token_created", "account_id", "created_date", "id"),
        Index("ix_token_expires", "account_id", "expires_date"),
        CheckConstraint("scope IN ('read', 'write')", name="scope"),
        CheckConstraint("origin IN ('login', 'made')", name="origin"),
    )

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    name: Mapped[str] = mapped_column(String(255))
    scope: Mapped[str] = mapped_column(String(8))
    origin: Mapped[str] = mapped_column(String(8))
    created_date: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_date: Mapped[datetime] = mapped_column(UTCDateTime)
    last_used_date: Mapped[datetime | None] = mapped_column(UTCDateTime)

    secret = ""
    """The secret, on the object that was just issued and nowhere else: this is no column."""

    @property
    def version(self) -> str:
        """What tells it from every other token, since what is shown of it changes by itself."""
        return f"token.{self.id}"


class TokenRow(NamedTuple):
    """A token as it was read."""

    account_id: int
    id: int
    name: str
    scope: str
    origin: str
    created_date: datetime
    expires_date: datetime
    last_used_date: datetime | None
