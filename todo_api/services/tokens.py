"""Tokens: issued, listed, revoked. Whose one is that somebody brings, `callers` knows."""

import secrets
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from todo_api.errors import Invalid, NotFound
from todo_api.models import Base, Owner, Token, TokenRow
from todo_api.services.paging import Order, Plan, plan
from todo_api.services.rows import Kind, columns
from todo_api.statements import Statement
from todo_api.values import moments, proofs

READ, WRITE = "read", "write"
LOGIN, MADE = "login", "made"
LONGEST_DAYS = 365

_TOKEN = columns(Token)
_TOKENS = Kind(TokenRow, Token)
_BY_AGE = Order("age", (_TOKEN.created_date, _TOKEN.id))

_LIVE = select(*_TOKENS.columns).where(
    _TOKEN.account_id == bindparam("owner"), _TOKEN.expires_date > bindparam("now")
)

_TABLE = Base.metadata.tables[Token.__tablename__]
_INSERT = Statement(insert(_TABLE))
_FORGET = Statement(
    delete(_TABLE).where(
        _TOKEN.account_id == bindparam("owner"), _TOKEN.expires_date <= bindparam("now")
    )
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
    _FORGET.write(session, {"owner": account.id, "now": created})
    values = {
        "account_id": account.id,
        "id": secrets.randbelow(2**53 - 1) + 1,
        "digest": proofs.digest(secret),
        "name": name,
        "scope": scope,
        "origin": origin,
        "created_date": created,
        "expires_date": min(expires, moments.days_from(created, LONGEST_DAYS)),
        "last_used_date": None,
    }
    _INSERT.write(session, values)
    token = Token(**values)
    token.secret = secret
    return token


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
    return token.last_used_date == moments.this_hour()


def note_use(session: Session, token: TokenRow) -> None:
    """Note that `token` was used, to the hour. That is no change to the account."""
    row = (Token.account_id == token.account_id, Token.id == token.id)
    session.execute(update(Token).where(*row).values(last_used_date=moments.this_hour()))


def revoke(session: Session, token: Token | TokenRow) -> None:
    """End `token`, for good."""
    row = (Token.account_id == token.account_id, Token.id == token.id)
    session.execute(delete(Token).where(*row))


def revoke_all(session: Session, account: Owner, *, but: TokenRow | None = None) -> None:
    """End all tokens of `account`, or all others than `but`."""
    query = delete(Token).where(Token.account_id == account.id)
    session.execute(query if but is None else query.where(Token.id != but.id))
