"""A server as a visitor sees it: asked over HTTP, its answers held against what is stored."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from data import Size, Task, task, token
from load import Ask

TIMES = ("creation_date", "due_date", "completed_date")


class Wrong(Exception):
    """A server answered something else than it should have."""


@dataclass(frozen=True)
class Answer:
    """What came back; the headers' names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return what the body says."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Visit:
    """A server, and how much is stored there."""

    url: str
    size: Size

    def path(self, who: str) -> str:
        """Return the path of somebody's tasks."""
        return f"/api/v1/accounts/{who}/tasks"

    def proof(self, who: str) -> dict[str, str]:
        """Return the header that says who asks."""
        owner = list(self.size.accounts).index(who) + 1
        return {"Authorization": f"Bearer {token(owner)}"}

    def connected(self) -> closing[HTTPConnection]:
        """Hand out a connection for several requests."""
        return closing(HTTPConnection(urlsplit(self.url).netloc, timeout=60))

    def ask(self, ask: Ask, wire: HTTPConnection | None = None) -> Answer:
        """Send one request; raise Wrong unless its status is the one that is awaited."""
        if wire is None:
            with self.connected() as fresh:
                return self.ask(ask, fresh)
        try:
            wire.request(ask.method, ask.path, ask.body or None, ask.headers)
            got = wire.getresponse()
            headers = {name.lower(): value for name, value in got.getheaders()}
            answer = Answer(got.status, headers, got.read())
        except (OSError, HTTPException) as error:
            raise Wrong(f"{ask.method} {ask.path}: no answer, {error!r}") from error
        if answer.status != ask.status:
            raise Wrong(f"{ask.method} {ask.path}: {answer.status}, {answer.body[:200]!r}")
        return answer


def must_be(found: object, right: object, what: str) -> None:
    """Raise Wrong unless both are equal."""
    if found != right:
        raise Wrong(f"{what}: {found!r} instead of {right!r}")


def must_be_task(found: Any, right: Task) -> None:
    """Raise Wrong unless an answered task has all fields, and the values that are stored."""
    awaited = {**right.wire(), "id": None, "revision": None}
    # This server tells the ETag, too, and what has become of a request.
    must_be(set(found) - {"msg", "etag"}, set(awaited), "the fields of a task")
    for name, value in right.wire().items():
        must_be(_understood(name, found[name]), _understood(name, value), name)


def must_be_page(found: Any, who: str, numbers: range) -> None:
    """Raise Wrong unless it is that page of somebody's tasks."""
    must_be(found["username"], who, "whose tasks they are")
    must_be(len(found["tasks"]), len(numbers), "how many tasks there are")
    for each, number in zip(found["tasks"], numbers, strict=True):
        must_be_task(each, task(number))


def _understood(name: str, value: Any) -> Any:
    """Return a time as what it means, however it is written."""
    return datetime.fromisoformat(value) if name in TIMES and value else value
