"""Callers: whose the token is that somebody brings, which nearly every request asks."""

from dataclasses import dataclass
from hmac import compare_digest

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from todo_api.announcing import announce
from todo_api.models import Account, AccountRow, HeldAccount, Token, TokenRow
from todo_api.services.rows import Kind, columns
from todo_api.sessions import leave, left_before
from todo_api.statements import Statement
from todo_api.values import moments, proofs
from todo_api.values.proofs import Proof

_ACCOUNT, _TOKEN = columns(Account), columns(Token)
_ACCOUNTS, _TOKENS = Kind(AccountRow, Account), Kind(TokenRow, Token)
_BOTH = (
    select(*_ACCOUNTS.columns, *_TOKENS.columns)
    .join_from(Account.__table__, Token.__table__, _TOKEN.account_id == _ACCOUNT.id)
    .where(
        _ACCOUNT.id == bindparam("owner"),
        _TOKEN.digest == bindparam("digest"),
        _TOKEN.expires_date > bindparam("now"),
    )
)
_WHOSE = Statement(_BOTH)
# Of a row that is not held, PostgreSQL would show what it was before the wait for the other one.
_HELD = Statement(_BOTH.with_for_update(of=[Account.__table__, Token.__table__]))

_EXPIRED = Statement(
    select(_TOKEN.id).where(
        _TOKEN.account_id == bindparam("owner"),
        _TOKEN.digest == bindparam("digest"),
        _TOKEN.expires_date <= bindparam("now"),
    )
)


def recognise(session: Session, secret: str) -> tuple[AccountRow, TokenRow] | None:
    """Return whose live token `secret` is, in one query, or None."""
    return _found(session, _WHOSE, proofs.proof_of(secret))


@dataclass(frozen=True)
class _Held:
    """What was found of a token whose rows the transaction holds, and its secret."""

    secret: str
    account: HeldAccount
    token: TokenRow

    def is_of(self, secret: str) -> bool:
        """Return whether `secret` is that one, the token still lives, and its use is noted."""
        return (
            compare_digest(self.secret, secret)
            and self.token.expires_date > moments.now()
            and self.token.last_used_date == moments.this_hour()
        )


def hold(session: Session, secret: str) -> tuple[HeldAccount, TokenRow] | None:
    """Return whose live token `secret` is, held until the transaction ends: writers queue up.

    Where who wrote before held the same, and nobody else has written since, that is still so.
    """
    held: _Held | None = left_before(session)
    if held is None or not held.is_of(secret):
        found = _found(session, _HELD, proofs.proof_of(secret))
        if found is None:
            return None
        account, token = found
        held = _Held(secret, HeldAccount(*account), token)
        leave(session, held)
    announce(session, held.account.id)
    return held.account, held.token


def has_expired(session: Session, secret: str) -> bool:
    """Return whether `secret` is a token that has expired and is not forgotten yet."""
    proof = proofs.proof_of(secret)
    if proof is None:
        return False
    owner, digest = proof
    values = {"owner": owner, "digest": digest, "now": moments.now()}
    return _EXPIRED.first(session, values) is not None


def _found(
    session: Session, query: Statement, proof: Proof | None
) -> tuple[AccountRow, TokenRow] | None:
    if proof is None:
        return None
    owner, digest = proof
    row = query.first(session, {"owner": owner, "digest": digest, "now": moments.now()})
    if row is None:
        return None
    split = len(_ACCOUNTS.columns)
    return _ACCOUNTS.of(row[:split]), _TOKENS.of(row[split:])
