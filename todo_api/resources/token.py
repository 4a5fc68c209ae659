"""Logging in and out: a token is given, a token is ended."""

from typing import Any

from todo_api.errors import NotFound, Unauthenticated
from todo_api.models import Account
from todo_api.resources.auth import PUBLIC, Access, Who
from todo_api.resources.stored import StoredEndpoint
from todo_api.schemas.token import Credentials, LoggedOut, Session
from todo_api.services import accounts, passwords, tokens

WRONG = "Wrong username or password."
ANY_TOKEN = Access(Who.USER, any_scope=True)


class Login(StoredEndpoint):
    """Where a name and a password become a token."""

    access = {"post": PUBLIC}
    takes = {"post": Credentials()}
    gives = {"post": Session()}
    cache = "no-store"

    known: Account

    def prepare(self, values: dict[str, Any]) -> dict[str, Any]:
        """Check the password, which for an unknown name takes as long."""
        with self.database.reading() as session:
            account = accounts.find(session, values["username"])
        right = passwords.matches(values["password"], account.password_hash if account else None)
        if account is None or not right:
            raise Unauthenticated(WRONG)
        self.known = account
        return values

    def post(self, credentials: dict[str, Any]) -> dict[str, Any]:
        """Log in."""
        try:
            account = accounts.take(self.session, self.known.id)
        except NotFound:
            raise Unauthenticated(WRONG) from None
        if account.password_hash != self.known.password_hash:
            raise Unauthenticated(WRONG)
        secret, token = tokens.issue(self.session, account, days=self.settings.token_days)
        return {
            "token": secret,
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
        accounts.take(self.session, self.caller.account.id)
        return ()

    def get(self) -> dict[str, str]:
        """Log out."""
        tokens.revoke(self.session, self.caller.token)
        return {"msg": "Logged out."}

    def post(self) -> dict[str, str]:
        """Log out."""
        return self.get()
