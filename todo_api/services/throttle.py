"""Limits on how often something may be done, counted in the database for all processes at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from todo_api.errors import TooMany
from todo_api.models import Attempt
from todo_api.sessions import take_turns
from todo_api.values import moments


@dataclass(frozen=True)
class Limit:
    """At most `most` uses of a `kind` by one subject within any stretch of `seconds`."""

    kind: str
    most: int
    seconds: int = 3600


def check(session: Session, limit: Limit, subject: str) -> None:
    """Raise TooMany, with the seconds until the next use, when `subject` has none left."""
    _check(session, limit, subject, moments.now())


def use(session: Session, limit: Limit, subject: str) -> Attempt:
    """Count one use by `subject`, or raise TooMany. What does not count is thrown away."""
    now = moments.now()
    take_turns(session, f"{limit.kind} {subject}")
    _check(session, limit, subject, now)
    attempt = Attempt(kind=limit.kind, subject=subject, at=now)
    session.add(attempt)
    forgotten = ~Attempt.at.between(*_counted(limit, now))
    session.execute(delete(Attempt).where(Attempt.kind == limit.kind, forgotten))
    session.flush()
    return attempt


def forget(session: Session, attempts: Iterable[Attempt]) -> None:
    """Count these uses no more."""
    gone = Attempt.id.in_([attempt.id for attempt in attempts])
    session.execute(delete(Attempt).where(gone))


def _check(session: Session, limit: Limit, subject: str, now: datetime) -> None:
    since, until = _counted(limit, now)
    uses = select(func.count(), func.min(Attempt.at)).where(
        Attempt.kind == limit.kind, Attempt.subject == subject, Attempt.at.between(since, until)
    )
    count, oldest = session.execute(uses).one()
    if count >= limit.most:
        raise TooMany(retry_after=max(1, ceil((oldest - since).total_seconds())))


def _counted(limit: Limit, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when uses count.

    Other nodes' clocks may be a little ahead; what lies further ahead was counted by a clock that
    was wrong, and would keep the limit shut until then.
    """
    stretch = timedelta(seconds=limit.seconds)
    return now - stretch + timedelta(microseconds=1), now + stretch
