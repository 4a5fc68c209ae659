"""A connection: it sends the requests of one caller to one server, again where that is safe."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx2

from todo_api import __version__
from todo_api.client import wire
from todo_api.client.answer import JSON, Answer, failure, is_foreign, unanswered
from todo_api.client.errors import ApiError, Stale, Unavailable
from todo_api.client.tries import Tries

LONGEST_SILENCE = 45.0
"""Seconds without a byte after which an event stream is dead: the server beats every 15."""

_REFUSED = (429, 503)
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class Connection:
    """Sends requests to the server at `url`, as whoever `token` belongs to.

    `timeout`, in seconds, bounds each wait for the server; a request that fails is sent again up to
    `tries` times in all, and for up to `patience` seconds, where that can do nothing twice.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        username: str | None,
        *,
        timeout: float,
        tries: int,
        patience: float,
    ) -> None:
        agent = {"User-Agent": f"todo-api-client/{__version__}"}
        self._http = httpx2.Client(base_url=url, timeout=timeout, headers=agent)
        self._timeout = timeout
        self._limits = (tries, patience)
        self.token = token
        self.username = username

    @property
    def account(self) -> str:
        """The path of the caller's account; the server is asked whose the token is, once.

        Raises ValueError if there is neither a username nor a token.
        """
        if self.username is None:
            if self.token is None:
                raise ValueError("Log in, or give a token.")
            self.me()
        return f"/api/v1/accounts/{quote(str(self.username), safe='')}"

    def me(self) -> Answer:
        """Ask for the account that the token is of, and learn its username."""
        answer = self.get("/api/v1/me")
        self.username = str(answer.data["username"])
        return answer

    def close(self) -> None:
        """Close what is open to the server."""
        self._http.close()

    def tries(self) -> Tries:
        """Return the tries that one request has."""
        return Tries(*self._limits)

    def get(self, path: str, asked: Mapping[str, Any] | None = None) -> Answer:
        """Read what is at `path`."""
        return self.send("GET", path, params=wire.query(asked or {}) or None)

    def pages(self, path: str, asked: Mapping[str, Any]) -> Iterator[Answer]:
        """Yield each page of a list; a page is asked for when it is wanted."""
        page = self.get(path, asked)
        yield page
        while following := page.data["next"]:
            page = self.get(following)
            yield page

    def create(self, path: str, body: Any) -> Answer:
        """Send a POST that creates something: once, however often it has to be sent."""
        return self.write("POST", path, body, once(), repeatable=True)

    def write(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> Answer:
        """Send `body` as JSON, if there is one; see `send`."""
        if body is None:
            return self.send(method, path, headers=headers or {}, repeatable=repeatable)
        with_type = {**(headers or {}), "Content-Type": JSON}
        content = wire.dumps(body)
        return self.send(method, path, headers=with_type, content=content, repeatable=repeatable)

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
        **options: Any,
    ) -> Answer:
        """Send a request, and again if need be; raise ApiError if the answer is no success.

        One that is not `repeatable`, since it would meet its own work, is sent again only after it
        has not reached the server or was refused there.
        """
        tries = self.tries()
        while True:
            sent = {**self._token(), **(headers or {})}
            try:
                response = self._http.request(method, path, headers=sent, **options)
            except httpx2.TransportError as error:
                problem: ApiError = unanswered(error)
                again = repeatable or isinstance(error, _NOT_SENT)
            else:
                if response.is_success and not is_foreign(response):
                    return Answer.of(response)
                problem = failure(response)
                unavailable = isinstance(problem, Unavailable)
                again = response.status_code in _REFUSED or (repeatable and unavailable)
            if not again:
                raise problem
            tries.again(problem)

    @contextmanager
    def listening(
        self, path: str, last_event_id: str | None
    ) -> Iterator[Iterator[httpx2.ServerSentEvent]]:
        """Open an event stream; raise ApiError if it cannot be had, or is cut off."""
        headers = self._token()
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        timeout = httpx2.Timeout(self._timeout, read=LONGEST_SILENCE)
        try:
            with self._http.sse(
                path, headers=headers, timeout=timeout, max_event_size=None
            ) as source:
                if not source.response.is_success or is_foreign(source.response):
                    source.response.read()
                    raise failure(source.response)
                yield iter(source)
        except httpx2.TransportError as error:
            raise unanswered(error) from error

    def _token(self) -> dict[str, str]:
        """Return the header with the token; Authorization is left to a gateway's HTTP Basic."""
        return {"X-Auth-Token": self.token} if self.token else {}


def once() -> dict[str, str]:
    """Return the header by which the server knows a request again, however often it comes."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def guard(thing: Any) -> dict[str, str]:
    """Return the header that lets a change happen only to this very state of `thing`.

    Without a thing nothing guards the change.
    """
    return {} if thing is None else {"If-Match": thing.etag}


@contextmanager
def both_told(mine: Any, read: Callable[[Any], Any]) -> Iterator[None]:
    """Let a Stale bring along what was to be changed, and what there is now, as it is `read`."""
    try:
        yield
    except Stale as stale:
        stale.mine = mine
        stale.theirs = None if stale.current is None else read(stale.current)
        raise
