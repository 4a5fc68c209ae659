"""Accounts: registering, and one's own profile."""

from typing import Any

from todo_api.errors import Code, Forbidden, Invalid
from todo_api.models import Account
from todo_api.resources import auth, caller_address, password_check
from todo_api.resources.auth import OWNER_OR_ADMIN, PUBLIC, USER, Access, Who
from todo_api.resources.endpoint import PRIVATE, Created, Version
from todo_api.resources.of_account import AccountEndpoint
from todo_api.resources.stored import Sent, StoredEndpoint
from todo_api.resources.work import Work
from todo_api.schemas.account import AccountSchema, Registration
from todo_api.schemas.own_account import OwnAccountSchema
from todo_api.services import accounts, passwords, throttle, tokens


class AccountList(StoredEndpoint):
    """The accounts, to which anybody may add one of their own."""

    access = {"post": PUBLIC}
    creates = True
    takes = {"post": Registration()}
    may = {"post": (403, 409, 429)}
    work = {"post": Work.PASSWORD}
    gives = {"post": AccountSchema()}
    cache = PRIVATE

    def sent(self, verb: str) -> Sent:
        """Count the attempt against the limit of its address, then read the body.

        Every attempt counts, whatever comes of it: a refusal and a dry run tell which names are
        taken, too. Raises Forbidden while registration is closed, TooMany beyond the limit.
        """
        if self.settings.registration == "closed":
            raise Forbidden("Registration is closed.", code=Code.REGISTRATION_CLOSED)
        address = caller_address.of(self.request, self.settings)
        limit = throttle.Limit("registration", self.settings.registrations_per_hour)
        with self.database.reading() as session:
            # Requests beyond the limit, however many, do not queue up with the writers.
            throttle.check(session, limit, address)
        with self.database.transaction() as session:
            throttle.use(session, limit, address)
        return super().sent(verb)

    def prepare(self, values: dict[str, Any]) -> dict[str, Any]:
        """Hash the password, and so take as long for a taken name as for a free one."""
        fields = {name: value for name, value in values.items() if name != "password"}
        return {**fields, "password_hash": passwords.hashed(values["password"])}

    def post(self, fields: dict[str, Any]) -> Created:
        """Register."""
        account = accounts.register(self.session, fields)
        where = f"/api/v1/accounts/{account.username}"
        return Created(account, where, account.version, account.id)

    def may_replay(self, values: dict[str, Any]) -> None:
        """Raise Conflict unless the password is that of the account that was registered."""
        with self.database.reading() as session:
            known = accounts.password_of(session, values["username"])
        username, password = values["username"], values["password"]
        if not password_check.right(self.backend, username, password, known.hash):
            raise accounts.taken()


class AccountItem(AccountEndpoint):
    """One account's profile."""

    long = True
    account: Account
    whole = True
    access = {
        "get": OWNER_OR_ADMIN,
        "put": OWNER_OR_ADMIN,
        "patch": OWNER_OR_ADMIN,
        "delete": Access(Who.OWNER_OR_ADMIN, from_login=True),
    }
    cacheable = True
    takes = {"put": AccountSchema(), "patch": AccountSchema()}
    may = {"put": (429,), "patch": (429,)}
    work = {"put": Work.PASSWORD, "patch": Work.PASSWORD}
    gives = {"get": AccountSchema(), "put": AccountSchema(), "patch": AccountSchema()}

    def version(self, *objects: Any) -> Version:
        """Return the version of the account itself."""
        account: Account = objects[0]
        return account.version

    def prepare(self, values: dict[str, Any]) -> dict[str, Any]:
        """Check the old password and hash the new one."""
        if not {"password", "email"}.isdisjoint(values):
            self._may_change(values)
        current = values.pop("current_password", None)
        if "password" in values:
            username, known_hash = self.account.username, self.account.password_hash
            if not password_check.right(self.backend, username, current, known_hash):
                raise _wrong_password("This is not your password.")
            self.current, self.known_hash = current, known_hash
            values["password_hash"] = passwords.hashed(values.pop("password"))
        return values

    def get(self, account: Account) -> Account:
        """See the profile."""
        return account

    def put(self, account: Account, changes: dict[str, Any]) -> Account:
        """Change the profile; what is absent stays."""
        if "password_hash" in changes:
            if not passwords.still_matches(self.current, account.password_hash, self.known_hash):
                raise _wrong_password("This is not your password any more.")
            tokens.revoke_all(self.session, account, but=self.caller.token)
        accounts.change(self.session, account, changes)
        return account

    def patch(self, account: Account, changes: dict[str, Any]) -> Account:
        """Change the profile; what is absent stays."""
        return self.put(account, changes)

    def delete(self, account: Account) -> None:
        """Delete the account with its tasks and tokens."""
        # A dry run would delete everything and bring it back, while all other writers wait.
        if not self.dry:
            accounts.delete(self.session, account)

    def _may_change(self, values: dict[str, Any]) -> None:
        if "password" in values or values["email"] != self.account.email:
            auth.must_come_from_login(self.caller)


class OwnAccount(AccountItem):
    """The caller's own account, with the token that was sent beside it."""

    access = {
        "get": USER,
        "put": USER,
        "patch": USER,
        "delete": Access(Who.USER, from_login=True),
    }
    takes = {"put": OwnAccountSchema(), "patch": OwnAccountSchema()}
    gives = {"get": OwnAccountSchema(), "put": OwnAccountSchema(), "patch": OwnAccountSchema()}

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Return the account, with the caller's token as an attribute that is no column."""
        found = super().find(**ids)
        vars(self.account)["token"] = self.caller.token
        return found

    def shown_version(self, *objects: Any) -> Version:
        """Return the version of the account and the token: a cache may have seen another token."""
        return f"{self.version(*objects)}.{self.caller.token.id}"


def _wrong_password(why: str) -> Invalid:
    return Invalid(code=Code.WRONG_PASSWORD, errors={"current_password": [why]})
