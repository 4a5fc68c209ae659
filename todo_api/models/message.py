"""Messages: what anybody may leave for the admins."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, BigId, UTCDateTime


class Message(Base):
    """One message, never changed after it came."""

    __tablename__ = "message"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    created_date: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def version(self) -> str:
        """What tells it from every other message, since a message itself never changes."""
        return f"message.{self.id}"


class MessageRow(NamedTuple):
    """A message as it was read."""

    id: int
    text: str
    created_date: datetime
