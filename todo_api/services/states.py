"""States: at which version an account is, which is asked of every answer that is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select

from todo_api.database import Database
from todo_api.models import Account, Token
from todo_api.question import Question
from todo_api.values import moments
from todo_api.values.proofs import Proof
from todo_api.witness import Seen

MOST_KNOWN = 1_000
"""States that are known at most, of some 400 bytes each."""

_STATE = Question(
    select(Account.era, Account.revision, Token.expires_date)
    .join(Token, Token.account_id == Account.id)
    .where(
        Account.id == bindparam("owner"),
        Token.digest == bindparam("digest"),
        Token.expires_date > bindparam("now"),
        Token.last_used_date == bindparam("hour"),
    )
)


@dataclass(frozen=True)
class _State:
    """The version of an account with all in it, and between which moments a token gets to it."""

    version: str
    since: datetime
    until: datetime


class _Known(NamedTuple):
    """The states of accounts as they are as long as what is `seen` is the same."""

    seen: Seen | None
    states: dict[Proof, _State]


class States:
    """The states of accounts, of which each is asked only once until somebody writes.

    That is so on SQLite, which tells whether anybody has; PostgreSQL is asked each time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = _Known(None, {})

    def of(self, proof: Proof) -> str | None:
        """Return the version of a live token's account with all in it.

        None if there is no such token, or its use is not noted yet.
        """
        witness = self._database.witness
        # Whoever writes after this changes it, whatever of that is in the answer already.
        known, now = self._known_at(witness.seen() if witness else None), moments.now()
        state = known.get(proof)
        if state is None or not state.since <= now < state.until:
            state = self._asked(proof)
            if state is None:
                return None
            if len(known) < MOST_KNOWN:
                known[proof] = state
        return state.version

    def _known_at(self, seen: Seen | None) -> dict[Proof, _State]:
        """Return what is known where that is `seen`, nothing if nobody can see."""
        if seen is None:
            return {}
        known = self._known
        if known.seen != seen:
            known = self._known = _Known(seen, {})
        return known.states

    def _asked(self, proof: Proof) -> _State | None:
        owner, digest = proof
        hour = moments.this_hour()
        row = _STATE.put(self._database, owner=owner, digest=digest, now=moments.now(), hour=hour)
        if row is None:
            return None
        era, revision, expires = row
        return _State(f"{era}.{revision}", hour, min(expires, hour + moments.HOUR))
