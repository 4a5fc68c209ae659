"""Replays: what a creating request was answered is kept for a day, and given again to a repeat."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from todo_api.errors import Code, Invalid, TooMany
from todo_api.models import Replay
from todo_api.services import throttle
from todo_api.values import moments

KEPT = timedelta(hours=24)
NOBODY = 0

_SWEEP = throttle.Limit("sweep of replays", 1)


@dataclass(frozen=True)
class Ask:
    """A request with an Idempotency-Key: whose, under which key, and what for.

    The keys of an account are its own. Nobody's are told apart by what is asked for, too.
    """

    owner: int
    key: str
    fingerprint: str

    @property
    def scope(self) -> str:
        """What tells this ask's key from the same key of somebody else."""
        return self.fingerprint if self.owner == NOBODY else ""

    @property
    def turn(self) -> str:
        """What repeats of this ask take turns over."""
        return f"ask {self.owner} {self.scope} {self.key}"


def find(session: Session, ask: Ask) -> Replay | None:
    """Return the answer that was given; raise Invalid when it was given to something else."""
    kept = session.get(Replay, (ask.owner, ask.key, ask.scope))
    if kept is None or kept.created_date <= _oldest():
        return None
    if kept.fingerprint != ask.fingerprint:
        raise Invalid(
            "This Idempotency-Key was used for another request.", code=Code.IDEMPOTENCY_KEY_REUSED
        )
    return kept


def keep(
    session: Session,
    ask: Ask,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    about: int | None = None,
) -> None:
    """Keep an answer in the transaction that makes it true, and forget those that are too old.

    `about` is the id of the account that the request created, if it did: the answer is forgotten
    with that account.
    """
    old = Replay.created_date <= _oldest()
    session.execute(delete(Replay).where(Replay.owner == ask.owner, old))
    _sweep(session)
    session.add(
        Replay(
            owner=ask.owner,
            key=ask.key,
            scope=ask.scope,
            fingerprint=ask.fingerprint,
            status=status,
            headers=dict(headers),
            body=body,
            created_date=moments.now(),
            created_account_id=about,
        )
    )


def forget(session: Session, account_id: int) -> None:
    """Forget the answers given to an account, and the one to its registration."""
    session.execute(delete(Replay).where(Replay.owner == account_id))
    of_registration = (Replay.owner == NOBODY, Replay.created_account_id == account_id)
    session.execute(delete(Replay).where(*of_registration))


def _sweep(session: Session) -> None:
    """Forget once an hour what is too old of all accounts, wherever they are stored."""
    try:
        throttle.check(session, _SWEEP, "all")
        throttle.use(session, _SWEEP, "all")
    except TooMany:
        return
    session.execute(delete(Replay).where(Replay.created_date <= _oldest()))


def _oldest() -> datetime:
    return moments.now() - KEPT
