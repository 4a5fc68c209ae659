"""The client: one caller of one server."""

from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self, TypedDict, Unpack

from todo_api.client import changes, wire
from todo_api.client.changes import Changes, Mirror
from todo_api.client.connection import Connection, both_told, guard
from todo_api.client.errors import Unauthorized
from todo_api.client.prices import Prices
from todo_api.client.shapes import Account, Deleted, Me, Session, Task
from todo_api.client.tasks import Tasks
from todo_api.client.tokens import Tokens

_ACCOUNTS = "/api/v1/accounts"


class Profile(TypedDict, total=False):
    """What of an account can be chosen."""

    timezone: str | None
    pets: list[str] | None
    listed: bool | None


class ProfileChanges(Profile, total=False):
    """What of an account can be changed; a new `password` needs the `current_password`."""

    email: str
    password: str
    current_password: str


class Client:
    """One caller of the server at `url`: by `token`, or after `login`.

    Without a `username` the server is asked, once, whose the token is.
    `timeout`, in seconds, bounds each wait for an answer. What gets none, or a 429, 502, 503 or
    504, is sent again where that can do nothing twice: up to `tries` times in all, for up to
    `patience` seconds. What fails raises an ApiError. Threads may share a client.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        username: str | None = None,
        timeout: float = 10,
        tries: int = 8,
        patience: float = 30,
    ) -> None:
        self._connection = Connection(
            url, token, username, timeout=timeout, tries=tries, patience=patience
        )
        self.tasks = Tasks(self._connection)
        self.prices = Prices(self._connection)
        self.tokens = Tokens(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open to the server; the token goes on living."""
        self._connection.close()

    @property
    def token(self) -> str | None:
        """The token that is sent along."""
        return self._connection.token

    @property
    def username(self) -> str | None:
        """Whose account it is."""
        return self._connection.username

    def register(
        self, username: str, email: str, password: str, **profile: Unpack[Profile]
    ) -> Account:
        """Make an account; raise Conflict when the name is taken. It does not log in."""
        body = {"username": username, "email": email, "password": password, **profile}
        answer = self._connection.create(_ACCOUNTS, body)
        return Account.of(answer.data)

    def login(self, username: str, password: str) -> Session:
        """Log in; from now on it is that account's client."""
        body = {"username": username, "password": password}
        data = self._connection.write("POST", f"{_ACCOUNTS}/login", body).data
        account = Account.of(data["account"])
        self._connection.token, self._connection.username = data["token"], account.username
        return Session(data["token"], wire.moment(data["expires_at"]), account)

    def logout(self) -> None:
        """End the token; one that has ended already is no error."""
        with suppress(Unauthorized):
            self._connection.write("POST", f"{_ACCOUNTS}/logout", repeatable=True)
        self._connection.token = None

    def account(self) -> Account:
        """Return the profile."""
        answer = self._connection.get(self._connection.account)
        return Account.of(answer.data)

    def me(self) -> Me:
        """Return the profile and the token, which is all that a program needs to have."""
        return Me.of(self._connection.me().data)

    def change_account(
        self, account: Account | None = None, **profile: Unpack[ProfileChanges]
    ) -> Account:
        """Change the profile; given as it was read, only if it still is that, else Stale."""
        path, headers = self._connection.account, guard(account)
        with both_told(account, Account.of):
            return Account.of(self._connection.write("PATCH", path, profile, headers).data)

    def delete_account(self, account: Account | None = None) -> None:
        """Delete the account with all that it has, guarded as `change_account` is."""
        with both_told(account, Account.of):
            self._connection.write("DELETE", self._connection.account, headers=guard(account))

    def changes(self, since: str | None = None) -> Iterator[Changes]:
        """Yield what has changed since a sync token, or all there is, page by page."""
        return changes.since(self._connection, since)

    def sync(self, mirror: Mirror) -> list[Task | Deleted]:
        """Bring a copy of the account's tasks up to date, and return what is other in it."""
        return mirror.apply(self.changes(mirror.token))

    def events(self, since: str | None = None) -> Iterator[Changes]:
        """Yield what changes after a sync token, as it happens, until nobody asks for more.

        A connection that is lost is made again, and what was missed comes first.
        """
        return changes.follow(self._connection, since)
