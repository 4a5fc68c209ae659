"""Tokens: issued, recognised, revoked."""

import secrets
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from todo_api.announcing import announce
from todo_api.database import Database
from todo_api.errors import Invalid, NotFound
from todo_api.models import Account, AccountRow, Owner, Token, TokenRow
from todo_api.question import Question
from todo_api.services.paging import Order, Plan, plan
from todo_api.services.rows import Kind, columns
from todo_api.statements import Statement
from todo_api.values import moments, proofs

READ, WRITE = "read", "write"
LOGIN, MADE = "login", "made"
LONGEST_DAYS = 365

Proof = tuple[int, bytes]
"""The account that a token says it is of, and the token's digest."""

_STATE = Question(
    select(Account.era, Account.revision)
    .join(Token, Token.account_id == Account.id)
    .where(
        Account.id == bindparam("owner"),
        Token.digest == bindparam("digest"),
        Token.expires_date > bindparam("now"),
        Token.last_used_date == bindparam("hour"),
    )
)

_ACCOUNT, _TOKEN = columns(Account), columns(Token)
_ACCOUNTS, _TOKENS = Kind(AccountRow, Account), Kind(TokenRow, Token)
_BY_AGE = Order("age", (_TOKEN.created_date, _TOKEN.id))

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
_LIVE = select(*_TOKENS.columns).where(
    _TOKEN.account_id == bindparam("owner"), _TOKEN.expires_date > bindparam("now")
)


def issue(
    session: Session,
    account: Owner,
    *,
    expires: datetime,
    name: str = "login",
    scope: str = WRITE,
    origin: str = LOGIN,
) -> Token:
    """Make a token for `account` and return it with its secret.

    Only the digest of that is stored. Expired tokens of the account go.
    """
    secret = proofs.new_secret(account.id)
    created = moments.now()
    over = (Token.account_id == account.id, Token.expires_date <= created)
    session.execute(delete(Token).where(*over))
    token = Token(
        account_id=account.id,
        id=secrets.randbelow(2**53 - 1) + 1,
        digest=proofs.digest(secret),
        name=name,
        scope=scope,
        origin=origin,
        created_date=created,
        expires_date=min(expires, moments.days_from(created, LONGEST_DAYS)),
    )
    token.secret = secret
    session.add(token)
    session.flush()
    return token


def recognise(session: Session, secret: str) -> tuple[AccountRow, TokenRow] | None:
    """Return whose live token `secret` is, in one query, or None."""
    return _found(session, _WHOSE, secret)


def hold(session: Session, secret: str) -> tuple[AccountRow, TokenRow] | None:
    """Return the same, held until the transaction ends, so that writers queue up."""
    found = _found(session, _HELD, secret)
    if found:
        announce(session, found[0].id)
    return found


def _found(session: Session, query: Statement, secret: str) -> tuple[AccountRow, TokenRow] | None:
    owner = proofs.owner_of(secret)
    if owner is None:
        return None
    values = {"owner": owner, "digest": proofs.digest(secret), "now": moments.now()}
    row = query.first(session, values)
    if row is None:
        return None
    split = len(_ACCOUNTS.columns)
    return _ACCOUNTS.of(row[:split]), _TOKENS.of(row[split:])


def proof_of(secret: str) -> Proof | None:
    """Return by what the token `secret` is found, None if it is none."""
    owner = proofs.owner_of(secret)
    return None if owner is None else (owner, proofs.digest(secret))


def state(database: Database, proof: Proof) -> str | None:
    """Return the version of a live token's account with all in it, in one query.

    None if there is no such token, or its use is not noted yet.
    """
    owner, digest = proof
    row = _STATE.put(database, owner=owner, digest=digest, now=moments.now(), hour=_this_hour())
    return f"{row[0]}.{row[1]}" if row else None


def in_days(days: int) -> datetime:
    """Return the moment at which a token ends that lives for `days` from now on."""
    return moments.days_from(moments.now(), days)


def lasting_until(account: Owner, until: date | datetime) -> datetime:
    """Return the moment `until` in the account's time zone.

    Raises Invalid when no token may end then: in the past, or after more than a year.
    """
    try:
        moment = moments.at(until, ZoneInfo(account.timezone))
    except ValueError as error:
        raise Invalid(errors={"expires_at": [str(error)]}) from None
    if not moments.now() < moment <= in_days(LONGEST_DAYS):
        problem = f"Must lie in the future, and within {LONGEST_DAYS} days."
        raise Invalid(errors={"expires_at": [problem]})
    return moment


def listing(owner: Owner, *, limit: int, after: str | None) -> Plan[TokenRow]:
    """Plan one page of the account's live tokens, the oldest first."""
    values = {"owner": owner.id, "now": moments.now()}
    return plan(_TOKENS, _LIVE, _BY_AGE, limit=limit, after=after, **values)


def get(session: Session, account: Owner, token_id: int) -> Token:
    """Return one of the account's tokens; raise NotFound when it has none of that id."""
    token = session.get(Token, (account.id, token_id))
    if token is None:
        raise NotFound("No such token")
    return token


def use_is_noted(token: TokenRow) -> bool:
    """Return whether it is known already that `token` was used within this hour."""
    return token.last_used_date == _this_hour()


def note_use(session: Session, token: TokenRow) -> None:
    """Note that `token` was used, to the hour. That is no change to the account."""
    row = (Token.account_id == token.account_id, Token.id == token.id)
    session.execute(update(Token).where(*row).values(last_used_date=_this_hour()))


def revoke(session: Session, token: Token | TokenRow) -> None:
    """End `token`, for good."""
    row = (Token.account_id == token.account_id, Token.id == token.id)
    session.execute(delete(Token).where(*row))


def revoke_all(session: Session, account: Owner, *, but: TokenRow | None = None) -> None:
    """End all tokens of `account`, or all others than `but`."""
    query = delete(Token).where(Token.account_id == account.id)
    session.execute(query if but is None else query.where(Token.id != but.id))


def _this_hour() -> datetime:
    return moments.now().replace(minute=0, second=0, microsecond=0)
