"""Logging in and out: a token is given, a token is ended."""

from typing import Any

from todo_api.errors import Code, NotFound, Unauthenticated
from todo_api.models import Owner, Token, TokenRow
from todo_api.resources import password_check
from todo_api.resources.auth import PUBLIC, Access, Who
from todo_api.resources.endpoint import Created, Listed, listed
from todo_api.resources.of_account import AccountEndpoint
from todo_api.resources.stored import StoredEndpoint
from todo_api.resources.work import Work
from todo_api.schemas.token import (
    Credentials,
    LoggedOut,
    MadeToken,
    Session,
    TokenPage,
    TokenQuery,
    TokenSchema,
)
from todo_api.services import accounts, passwords, throttle, tokens
from todo_api.services.accounts import StoredPassword
from todo_api.services.paging import Plan

MANAGED = Access(Who.OWNER, from_login=True)
ANY_TOKEN = Access(Who.USER, any_scope=True)


class Login(StoredEndpoint):
    """Where a name and a password become a token."""

    access = {"post": PUBLIC}
    takes = {"post": Credentials()}
    may = {"post": (401, 429)}
    work = {"post": Work.PASSWORD}
    gives = {"post": Session()}
    cache = "no-store"

    known: StoredPassword
    counted: password_check.Counted
    renewed: str

    def prepare(self, values: dict[str, Any]) -> dict[str, Any]:
        """Check the password, which for an unknown name takes as long."""
        username, password = values["username"], values["password"]
        with self.database.reading() as session:
            known = accounts.password_of(session, username)
        counted = password_check.counted_if_right(self.backend, username, password, known.hash)
        if known.hash is None or counted is None:
            raise _wrong_credentials()
        if self.dry:
            password_check.forget(self.backend, counted)
        self.known, self.counted = known, counted
        self.renewed = passwords.renewed(password, known.hash)
        return values

    def post(self, credentials: dict[str, Any]) -> dict[str, Any]:
        """Log in."""
        try:
            account = accounts.take(self.session, self.known.account_id)
        except NotFound:
            raise _wrong_credentials() from None
        if not passwords.still_matches(
            credentials["password"], account.password_hash, self.known.hash
        ):
            raise _wrong_credentials()
        throttle.forget(self.session, self.counted)
        if account.password_hash == self.known.hash:
            account.password_hash = self.renewed
        expires = tokens.in_days(self.settings.token_days)
        token = tokens.issue(self.session, account, expires=expires)
        return {
            "token": token.secret,
            "token_type": "Bearer",
            "expires_at": token.expires_date,
            "account": account,
        }


class Logout(StoredEndpoint):
    """Where the token that is sent ends."""

    access = {"get": ANY_TOKEN, "post": ANY_TOKEN}
    gives = {"get": LoggedOut(), "post": LoggedOut()}
    writes = ("get", "post")
    with_head = False
    cache = "no-store"

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Take the row of the account whose token ends."""
        accounts.hold(self.session, self.caller.account.id)
        return ()

    def get(self) -> dict[str, str]:
        """Log out."""
        tokens.revoke(self.session, self.caller.token)
        return {"msg": "Logged out."}

    def post(self) -> dict[str, str]:
        """Log out."""
        return self.get()


class TokenList(AccountEndpoint):
    """The tokens of one account."""

    strict = True
    access = {"get": MANAGED, "post": MANAGED, "delete": MANAGED}
    asks = {"get": TokenQuery()}
    takes = {"post": TokenSchema()}
    gives = {"get": TokenPage(), "post": MadeToken()}
    cache = "no-store"

    def plan(self, *objects: Any) -> Plan[TokenRow]:
        """Plan the page."""
        return tokens.listing(objects[0], **self.query)

    def get(self, account: Owner, plan: Plan[TokenRow]) -> Listed:
        """List the tokens."""
        return listed("tokens", plan.page(self.session))

    def post(self, account: Owner, fields: dict[str, Any]) -> Created:
        """Make a token by hand; its secret is shown this once."""
        until = fields.pop("expires_date") or tokens.in_days(self.settings.token_days)
        expires = tokens.lasting_until(account, until)
        token = tokens.issue(self.session, account, expires=expires, origin=tokens.MADE, **fields)
        where = f"/api/v1/accounts/{account.username}/tokens/{token.id}"
        return Created(token, where, token.version)

    def delete(self, account: Owner) -> None:
        """Log out everywhere, here too."""
        tokens.revoke_all(self.session, account)


class TokenItem(AccountEndpoint):
    """One token."""

    strict = True
    access = {"delete": MANAGED}

    def find_within(self, account: Owner, **ids: Any) -> tuple[Any, ...]:
        """Return the account's token of that id."""
        return (tokens.get(self.session, account, ids["id"]),)

    def delete(self, account: Owner, token: Token) -> None:
        """End the token."""
        tokens.revoke(self.session, token)


def _wrong_credentials() -> Unauthenticated:
    return Unauthenticated("Wrong username or password.", code=Code.WRONG_CREDENTIALS)
