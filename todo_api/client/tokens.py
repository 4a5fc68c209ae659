"""The tokens of the caller's account; only one that comes from a login may manage them."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from todo_api.client.connection import Connection
from todo_api.client.shapes import Token


class Tokens:
    """The tokens of the caller's account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self) -> Iterator[Token]:
        """Yield the tokens that live, the oldest first."""
        for page in self._connection.pages(self._path, {"limit": 200}):
            yield from map(Token.of, page.data["tokens"])

    def create(
        self,
        name: str,
        scope: Literal["read", "write"] = "write",
        expires_at: date | datetime | str | None = None,
    ) -> Token:
        """Make a token; its `secret` is told this once.

        If its answer is lost, there may be one that nobody knows: `delete` it.
        """
        body = {"name": name, "scope": scope, "expires_at": expires_at}
        return Token.of(self._connection.write("POST", self._path, body).data)

    def delete(self, token: Token | int) -> None:
        """End a token."""
        token_id = token if isinstance(token, int) else token.id
        self._connection.write("DELETE", f"{self._path}/{token_id}")

    def delete_all(self) -> None:
        """End all tokens, the caller's own too."""
        self._connection.write("DELETE", self._path)

    @property
    def _path(self) -> str:
        return f"{self._connection.account}/tokens"
