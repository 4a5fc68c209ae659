"""Accounts: who there is, and the one counter each of them has."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, BigId, Counted, Key, UTCDateTime


class Account(Counted, Base):
    """Somebody with tasks.

    `revision` counts every change to the account and its tasks; a task's id is the revision that
    created it. `era` names the line of revisions that the counter belongs to. Of what was deleted
    up to `forgotten_revision` there is no tombstone any more.
    """

    __tablename__ = "account"
    __table_args__ = (
        Index(
            "ix_account_listed",
            "username_key",
            postgresql_where=text("listed"),
            sqlite_where=text("listed"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(Key, unique=True)
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    date_joined: Mapped[datetime] = mapped_column(UTCDateTime)
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    pets: Mapped[list[str]] = mapped_column(JSON, default=list)
    listed: Mapped[bool] = mapped_column(default=False)
    is_admin: Mapped[bool] = mapped_column(default=False)
    changed_revision: Mapped[int] = mapped_column(BigInteger, default=1)
    forgotten_revision: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    @property
    def version(self) -> str:
        """Era and revision of the last change to the account itself."""
        return self.version_at(self.changed_revision)

    @property
    def list_version(self) -> str:
        """Era and revision of the last change to the account or anything in it."""
        return self.version_at(self.revision)
