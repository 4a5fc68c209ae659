"""Authentication: a token becomes an account, and an access rule admits it or not.

A token comes in the header Authorization, as a Bearer token (RFC 6750), or by itself in
X-Auth-Token, for those behind a gateway that takes Authorization for its own. Where both are there,
X-Auth-Token counts. A token in a query string or a body is never looked at.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from wsgiref.types import WSGIEnvironment

from flask import Request
from sqlalchemy.orm import Session

from todo_api.errors import Code, Forbidden, Unauthenticated
from todo_api.models import AccountRow, HeldAccount, TokenRow
from todo_api.resources import passage
from todo_api.services import callers, tokens
from todo_api.values import names, proofs
from todo_api.values.proofs import Proof

HEADER = "X-Auth-Token"
"""The header that has a token and nothing else."""

_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)


class Who(Enum):
    """Those whom a route lets in."""

    ANYBODY = auto()
    USER = auto()
    OWNER = auto()
    OWNER_OR_ADMIN = auto()
    ADMIN = auto()
    SCRAPER = auto()
    CONTROLLER = auto()


@dataclass(frozen=True)
class Access:
    """Who may use a verb, and with which token.

    A token of scope `read` is let in to GET only, unless `any_scope`; `from_login` refuses tokens
    that were made by hand.
    """

    who: Who
    any_scope: bool = False
    from_login: bool = False


PUBLIC = Access(Who.ANYBODY)
USER = Access(Who.USER)
OWNER = Access(Who.OWNER)
OWNER_OR_ADMIN = Access(Who.OWNER_OR_ADMIN)
ADMIN = Access(Who.ADMIN)
SCRAPER = Access(Who.SCRAPER)
"""Who brings the server's METRICS_TOKEN; that is no account's."""
CONTROLLER = Access(Who.CONTROLLER)
"""Who brings the token that a sandbox told when it started; that is no account's either."""


@dataclass(frozen=True)
class Caller:
    """An account, and the token by which it called."""

    account: AccountRow | HeldAccount
    token: TokenRow

    def is_called(self, username: str) -> bool:
        """Return whether `username`, in whatever case, names this account."""
        return names.sought_key(username) == self.account.username_key


def secret_of(request: Request) -> str:
    """Return the secret of the token that `request` brings; raise Unauthenticated without one."""
    bearer = _bearer(request.environ)
    if bearer is None:
        if _credentials(request.environ) is None:
            raise Unauthenticated
        raise Unauthenticated(
            f"Send the token as Authorization: Bearer TOKEN, or as {HEADER}: TOKEN.",
            code=Code.TOKEN_MALFORMED,
        )
    return bearer[1]


def unknown_token() -> Unauthenticated:
    """Return the error for a token that is none, or none any more."""
    return Unauthenticated("The token is not valid, or not any more.", code=Code.TOKEN_UNKNOWN)


def proof_in(environ: WSGIEnvironment) -> Proof | None:
    """Return by what the token in a request is found, None if there is none that could be one."""
    bearer = _bearer(environ)
    return proofs.proof_of(bearer[1]) if bearer else None


def _credentials(environ: WSGIEnvironment) -> str | None:
    """Return the credentials of a request as Authorization has them, None if it brings none."""
    token = environ.get("HTTP_X_AUTH_TOKEN")
    return environ.get("HTTP_AUTHORIZATION") if token is None else f"Bearer {token}"


def _bearer(environ: WSGIEnvironment) -> re.Match[str] | None:
    return _BEARER.fullmatch((_credentials(environ) or "").strip())


def identify(session: Session, request: Request, *, hold: bool = False) -> Caller:
    """Return who calls, and tell the access log; raise Unauthenticated when that is nobody.

    One who writes may `hold` account and token, which stay as they are then.
    """
    find = callers.hold if hold else callers.recognise
    secret = secret_of(request)
    found = find(session, secret)
    if found is None and callers.has_expired(session, secret):
        raise Unauthenticated("The token has expired; log in again.", code=Code.TOKEN_EXPIRED)
    if found is None:
        raise unknown_token()
    caller = Caller(*found)
    passage.of(request).account = caller.account.id
    return caller


def admit(access: Access, caller: Caller, verb: str, username: str | None = None) -> None:
    """Raise Forbidden unless `caller` may use `verb`, of the account `username` if there is one."""
    if access.who in (Who.OWNER, Who.OWNER_OR_ADMIN, Who.ADMIN):
        owns = username is not None and access.who != Who.ADMIN and caller.is_called(username)
        manages = access.who in (Who.OWNER_OR_ADMIN, Who.ADMIN) and caller.account.is_admin
        if not (owns or manages):
            code = Code.ADMIN_REQUIRED if access.who == Who.ADMIN else Code.NOT_OWNER
            raise Forbidden(_NEEDED[access.who], code=code)
    if caller.token.scope == tokens.READ and verb != "get" and not access.any_scope:
        raise Forbidden(
            "This token may only read; this needs a token with the scope write.",
            code=Code.READ_ONLY_TOKEN,
        )
    if access.from_login:
        must_come_from_login(caller)


_NEEDED = {
    Who.OWNER: "Only the owner of this account may do this.",
    Who.OWNER_OR_ADMIN: "Only the owner of this account or an administrator may do this.",
    Who.ADMIN: "Only an administrator may do this.",
}
"""The messages to callers who may not use a verb. None tells whether the account exists."""


def must_come_from_login(caller: Caller) -> None:
    """Raise Forbidden when the token was made by hand."""
    if caller.token.origin != tokens.LOGIN:
        raise Forbidden(
            "This token was made by hand; this needs the token of a login.",
            code=Code.LOGIN_REQUIRED,
        )
