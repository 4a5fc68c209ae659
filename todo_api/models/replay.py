"""Replays: the answers to creating requests that carried an Idempotency-Key."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, UTCDateTime


class Replay(Base):
    """One answer, as it went out. `owner` is the account that asked, 0 for nobody.

    `fingerprint` stands for what was asked; for nobody it is part of the key, `scope`. The answer
    to a registration, which nobody asks for, is found by `created_account_id`, the account's id.
    """

    __tablename__ = "replay"
    __table_args__ = (
        Index(
            "ix_replay_created_account",
            "owner",
            "created_account_id",
            postgresql_where=text("created_account_id IS NOT NULL"),
            sqlite_where=text("created_account_id IS NOT NULL"),
        ),
    )

    owner: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, Any]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_date: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    created_account_id: Mapped[int | None] = mapped_column(BigInteger)
