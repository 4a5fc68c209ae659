"""Attempts: what counts against a limit, shared by all processes and nodes."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, BigId, UTCDateTime


class Attempt(Base):
    """One use of something limited: what `kind` of thing, by which `subject`, and when."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_kind_subject_at", "kind", "subject", "at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
