"""Limits on how often something may be done, counted in the database for all processes at once.

The database holds digests of the subjects: an address or a name cannot be read there.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from todo_api.errors import TooMany
from todo_api.models import Attempt, Base
from todo_api.services.rows import columns
from todo_api.sessions import take_turns
from todo_api.statements import Statement
from todo_api.values import moments

_ATTEMPTS, _ATTEMPT = Base.metadata.tables[Attempt.__tablename__], columns(Attempt)
_OF_KIND = _ATTEMPT.kind == bindparam("what")
_COUNTS = _ATTEMPT.at.between(bindparam("since"), bindparam("until"))
_USES = Statement(
    select(func.count(), func.min(_ATTEMPT.at)).where(
        _OF_KIND, _ATTEMPT.subject == bindparam("whose"), _COUNTS
    )
)
_COUNT = Statement(
    insert(_ATTEMPTS)
    .values(kind=bindparam("what"), subject=bindparam("whose"), at=bindparam("now"))
    .returning(_ATTEMPT.id)
)
_SWEEP = Statement(delete(_ATTEMPTS).where(_OF_KIND, ~_COUNTS))
_FORGET = Statement(delete(_ATTEMPTS).where(_ATTEMPT.id == bindparam("which")))


@dataclass(frozen=True)
class Limit:
    """At most `most` uses of a `kind` by one subject within any stretch of `seconds`."""

    kind: str
    most: int
    seconds: int = 3600


def check(session: Session, limit: Limit, subject: str) -> None:
    """Raise TooMany, with the seconds until the next use, when `subject` has none left."""
    _check(session, limit, _digest(subject), moments.now())


def use(session: Session, limit: Limit, subject: str) -> int:
    """Count one use by `subject` and return its id, or raise TooMany.

    Uses that no longer count are deleted.
    """
    now, digest = moments.now(), _digest(subject)
    take_turns(session, f"{limit.kind} {digest}")
    _check(session, limit, digest, now)
    _SWEEP.write(session, {"what": limit.kind, **_counted(limit, now)})
    ((use_id,),) = _COUNT.all(session, {"what": limit.kind, "whose": digest, "now": now})
    return int(use_id)


def forget(session: Session, uses: Iterable[int]) -> None:
    """Count the uses of these ids no more."""
    for use_id in uses:
        _FORGET.write(session, {"which": use_id})


def _check(session: Session, limit: Limit, digest: str, now: datetime) -> None:
    counted = _counted(limit, now)
    ((count, oldest),) = _USES.all(session, {"what": limit.kind, "whose": digest, **counted})
    if count >= limit.most:
        raise TooMany(retry_after=max(1, ceil((oldest - counted["since"]).total_seconds())))


def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()


def _counted(limit: Limit, now: datetime) -> dict[str, datetime]:
    """Return from when to when uses count.

    Other nodes' clocks may be a little ahead; what lies further ahead was counted by a clock that
    was wrong, and would keep the limit shut until then.
    """
    stretch = timedelta(seconds=limit.seconds)
    return {"since": now - stretch + timedelta(microseconds=1), "until": now + stretch}
