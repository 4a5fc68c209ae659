"""What a request gets for which there is no place: an answer that costs next to nothing.

A server that is asked for ten times of what it can do refuses more than it answers. So it asks the
application what to say only once for each kind of client.
"""

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Request

from todo_api.errors import Unavailable
from todo_api.metrics import Metrics
from todo_api.resources import access_log, request_id
from todo_api.settings import Settings
from todo_api.turns import REFUSED

LATEST = 8
"""Seconds after which whoever was refused may ask again, at most. Not all get the same number."""

KINDS = 100
"""Kinds of clients for whom an answer is kept."""

_DECIDING = (
    "REQUEST_METHOD",
    "REMOTE_ADDR",
    "wsgi.url_scheme",
    "HTTP_ORIGIN",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD",
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
)
"""All of a request that its refusal depends on: what CORS and HSTS look at."""

_OWN = ("X-Request-ID", "Retry-After")


def unavailable() -> Unavailable:
    """Return the error that says so."""
    return Unavailable("There are too many requests at once; try again.", retry_after=_later())


@dataclass(frozen=True)
class _Said:
    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Refusals:
    """A WSGI application that answers as `app` does to a request that it is to refuse."""

    def __init__(self, app: WSGIApplication, settings: Settings, metrics: Metrics | None) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._said: dict[tuple[str | None, ...], _Said] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Refuse a request, under an id of its own."""
        kind = tuple(environ.get(name) for name in _DECIDING)
        said = self._said.get(kind)
        if said is None:
            return self._ask(kind, environ, start_response)
        begun = time.perf_counter()
        request = Request(environ)
        line = access_log.Line(request, request_id.of(request), begun)
        own = [("X-Request-ID", line.request_id), ("Retry-After", str(_later()))]
        start_response(said.status, said.headers + own)
        line.write(HTTPStatus.SERVICE_UNAVAILABLE, len(said.body), self._settings)
        if self._metrics:
            took = time.perf_counter() - begun
            self._metrics.saw(request.method, None, HTTPStatus.SERVICE_UNAVAILABLE, took)
        return [said.body]

    def _ask(
        self, kind: tuple[str | None, ...], environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let the application answer, and keep what it says."""
        head: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            common = [each for each in headers if each[0] not in _OWN]
            head.update(status=status, headers=common)
            return start_response(status, headers)

        environ[REFUSED] = True
        body = b"".join(self._app(environ, start))
        if len(self._said) >= KINDS:
            self._said.clear()
        self._said[kind] = _Said(body=body, **head)
        return [body]


def _later() -> int:
    return random.randint(1, LATEST)  # noqa: S311 - Nothing is secret about it.
