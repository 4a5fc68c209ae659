"""Accounts: who there is, and the one counter each of them has."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import JSON, BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, BigId, Counted, HasEra, Key, UTCDateTime, Versioned
from todo_api.values import etags


class _Counters(HasEra, Protocol):
    """The counters of an account."""

    @property
    def revision(self) -> int: ...
    @property
    def changed_revision(self) -> int: ...
    @property
    def version(self) -> str: ...
    def version_at(self, revision: int) -> str: ...


class _Versions(Versioned):
    """The versions of an account, as a row that was read or as an object of the session."""

    __slots__ = ()

    @property
    def version(self: _Counters) -> str:
        """Era and revision of the last change to the account itself."""
        return self.version_at(self.changed_revision)

    @property
    def etag(self: _Counters) -> str:
        """The value that If-Match takes for this very state of the account itself."""
        return etags.strong(self.version)

    @property
    def list_version(self: _Counters) -> str:
        """Era and revision of the last change to the account or anything in it."""
        return self.version_at(self.revision)


class Account(_Versions, Counted, Base):
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


class _AccountColumns(NamedTuple):
    id: int
    username: str
    username_key: str
    timezone: str
    is_admin: bool
    era: str
    revision: int
    changed_revision: int
    forgotten_revision: int


class AccountRow(_Versions, _AccountColumns):
    """An account as it was read: who it is, and its counters, but not its profile."""

    __slots__ = ()


@dataclass(slots=True)
class HeldAccount(_Versions):
    """An account whose row the transaction holds, as it was read; what raises its counter says so.

    That costs a fifth of what an object of the session does.
    """

    id: int
    username: str
    username_key: str
    timezone: str
    is_admin: bool
    era: str
    revision: int
    changed_revision: int
    forgotten_revision: int


Owner = Account | AccountRow | HeldAccount
"""Whose tasks and tokens something is about, where nothing of the account changes."""
