"""Messages: what anybody may leave for the admins."""

from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, BigId, UTCDateTime
from todo_api.values import etags


class _HasId(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def version(self) -> str: ...


class _Version:
    """The version of a message, as a row that was read or as an object of the session."""

    __slots__ = ()

    @property
    def version(self: _HasId) -> str:
        """What tells it from every other message, since a message itself never changes."""
        return f"message.{self.id}"

    @property
    def etag(self: _HasId) -> str:
        """The value that If-Match takes for the message."""
        return etags.strong(self.version)


class Message(_Version, Base):
    """One message, never changed after it came."""

    __tablename__ = "message"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    created_date: Mapped[datetime] = mapped_column(UTCDateTime)


class _MessageColumns(NamedTuple):
    id: int
    text: str
    created_date: datetime


class MessageRow(_Version, _MessageColumns):
    """A message as it was read."""

    __slots__ = ()
