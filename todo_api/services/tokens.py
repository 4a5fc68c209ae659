"""Tokens: issued, recognised, revoked."""

import base64
import binascii
import hashlib
import secrets
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from todo_api.models import Account, Token
from todo_api.values import moments

READ, WRITE = "read", "write"
LOGIN, MADE = "login", "made"
LONGEST_DAYS = 365

_OWNER_BYTES = 8
_SECRET_BYTES = 25


def issue(
    session: Session,
    account: Account,
    *,
    days: int,
    name: str = "login",
    scope: str = WRITE,
    origin: str = LOGIN,
) -> tuple[str, Token]:
    """Make a token for `account` that lives for `days` and return its secret and its row.

    The secret holds the account's id, by which the row is found, and 200 random bits. Only its
    SHA-256 is stored. Expired tokens of the account go.
    """
    owner = account.id.to_bytes(_OWNER_BYTES, "big")
    secret = base64.urlsafe_b64encode(owner + secrets.token_bytes(_SECRET_BYTES)).decode()
    created = moments.now()
    over = (Token.account_id == account.id, Token.expires_date <= created)
    session.execute(delete(Token).where(*over))
    token = Token(
        account_id=account.id,
        id=secrets.randbelow(2**53 - 1) + 1,
        digest=_digest(secret),
        name=name,
        scope=scope,
        origin=origin,
        created_date=created,
        expires_date=moments.days_from(created, min(days, LONGEST_DAYS)),
    )
    session.add(token)
    session.flush()
    return secret, token


def recognise(
    session: Session, secret: str, at: datetime | None = None
) -> tuple[Account, Token] | None:
    """Return whose live token `secret` is, in one query, or None."""
    owner = _owner(secret)
    if owner is None:
        return None
    query = (
        select(Account, Token)
        .join(Token, Token.account_id == Account.id)
        .where(
            Account.id == owner,
            Token.digest == _digest(secret),
            Token.expires_date > (at or moments.now()),
        )
    )
    row = session.execute(query).one_or_none()
    return (row[0], row[1]) if row else None


def revoke(session: Session, token: Token) -> None:
    """End `token`, for good."""
    session.delete(token)


def revoke_all(session: Session, account: Account, *, but: Token | None = None) -> None:
    """End all tokens of `account`, or all others than `but`."""
    query = delete(Token).where(Token.account_id == account.id)
    session.execute(query if but is None else query.where(Token.id != but.id))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _owner(secret: str) -> int | None:
    try:
        raw = base64.b64decode(secret.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    owner = int.from_bytes(raw[:_OWNER_BYTES], "big")
    right_size = len(raw) == _OWNER_BYTES + _SECRET_BYTES
    return owner if right_size and 0 < owner < 2**63 else None
