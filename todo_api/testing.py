"""For tests in Python: a server of their own, started, controlled and ended.

The fixtures of `todo_api.pytest_plugin` hand it out; `serving` does without pytest. It runs in the
process of somebody's tests, so that it loads nothing of the server but its client.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx2

from todo_api.client import Client

PASSWORD = "correct-horse-battery"  # noqa: S105 - Of accounts that live for one test.

SECONDS_TO_END = 40
_SERVE = (sys.executable, "-P", "-m", "todo_api", "serve", "--ephemeral")


@dataclass(frozen=True)
class Person:
    """An account: how it logs in, the token of a login, and a client that has this token."""

    username: str
    password: str
    token: str
    client: Client


class FrozenTime:
    """The server's clock, which stands still; as a context it goes on at the end."""

    def __init__(self, server: "Server", at: datetime | str | None) -> None:
        self._server = server
        self._stop(now=_text(at) if at else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def move_to(self, at: datetime | str) -> None:
        """Let it stand elsewhere."""
        self._stop(now=_text(at))

    def advance(self, by: timedelta | int) -> None:
        """Move it by a time, or by seconds; less than none move it back."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        self._stop(advance=int(seconds))

    def release(self) -> None:
        """Let it go with the machine's again."""
        self._server.control("DELETE", "clock")

    def _stop(self, **where: Any) -> None:
        self.now = datetime.fromisoformat(self._server.control("POST", "clock", where)["now"])


class Server:
    """An empty server, all of it for one who tests: at `url`, with an `admin`."""

    def __init__(self, url: str, control: str, admin: dict[str, str]) -> None:
        self.url = url
        bearer = {"Authorization": f"Bearer {control}"}
        self._http = httpx2.Client(base_url=f"{url}/sandbox/", headers=bearer, timeout=30)
        self.admin = self._person(**admin)
        self._clients: list[Client] = []
        self._nameless = 0

    def register(self, username: str | None = None, password: str = PASSWORD) -> Person:
        """Return a new account that is logged in; without a name it is user1, then user2."""
        if username is None:
            self._nameless += 1
            username = f"user{self._nameless}"
        with Client(self.url) as client:
            client.register(username, f"{username}@example.com", password)
            token = client.login(username, password).token
        person = self._person(username, password, token)
        self._clients.append(person.client)
        return person

    def freeze_time(self, at: datetime | str | None = None) -> FrozenTime:
        """Stop the server's clock: at a time, in UTC where it does not say, or where it is.

        All that is stored, compared and counted goes by it; a login ends after 30 days of it.
        """
        return FrozenTime(self, at)

    def fail_next(
        self, status: int, *, times: int = 1, method: str | None = None, path: str | None = None
    ) -> None:
        """Let the next requests be answered with an error: of one method or path, or any.

        The path is one that is sent, or a route's, `/api/v1/accounts/<username>/tasks` say.
        """
        wanted = {"status": status, "times": times, "method": method, "path": path}
        self.control("POST", "failures", wanted)

    def reset(self) -> None:
        """Throw away all but the admin; the clock goes on, and no more requests fail."""
        self.control("POST", "reset")
        self._close_clients()
        self._nameless = 0

    def close(self) -> None:
        """Close what is open to the server."""
        self._close_clients()
        self.admin.client.close()
        self._http.close()

    def control(self, method: str, what: str, body: Any = None) -> Any:
        """Send a request to the sandbox; return what it answers, and raise if it refuses."""
        answer = self._http.request(method, what, json=body or {})
        if not answer.is_success:
            raise ValueError(answer.text)
        return answer.json() if answer.content else None

    def _person(self, username: str, password: str, token: str) -> Person:
        return Person(username, password, token, Client(self.url, token, username=username))

    def _close_clients(self) -> None:
        while self._clients:
            self._clients.pop().close()


@contextmanager
def serving() -> Iterator[Server]:
    """Start a server, and end it with the context; raises RuntimeError if it does not start.

    What it says beside its one line goes to standard error, where it tells why.
    """
    # Another program's DATABASE_URL, which its tests may well have, is none of this server's.
    without = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with subprocess.Popen(  # noqa: S603 - This very package, with nothing that somebody wrote.
        _SERVE, env=without, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("todo-api serve --ephemeral has not started.")
        server = Server(**json.loads(line))
        try:
            yield server
        finally:
            server.close()
            process.terminate()
            process.wait(SECONDS_TO_END)


def _text(at: datetime | str) -> str:
    if isinstance(at, str):
        return at
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
