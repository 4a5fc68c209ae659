"""What a request gets for which there is no place: an answer that costs next to nothing.

A server that is asked for ten times of what it can do refuses more than it answers.
"""

import random
from collections.abc import Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from todo_api.errors import Code
from todo_api.resources import problems

LATEST = 8
"""Seconds after which whoever was refused may ask again, at most. Not all get the same number."""


class Refusal:
    """A WSGI application that answers with a message and, at a 503, when to ask again.

    That is after 1 to `latest` seconds, at random. Any other status ends the connection.
    """

    def __init__(self, message: str, latest: int = LATEST, *, code: Code = Code.BUSY) -> None:
        status = code.status
        self._status = f"{status} {HTTPStatus(status).phrase.upper()}"
        self._body = problems.body(status, message, code=code)
        length = str(len(self._body))
        self._head = [("Content-Type", "application/json"), ("Content-Length", length)]
        self._is_for_later = status == HTTPStatus.SERVICE_UNAVAILABLE
        self._latest = latest

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Refuse a request."""
        if self._is_for_later:
            later = random.randint(1, self._latest)  # noqa: S311 - Nothing is secret about it.
            more = ("Retry-After", str(later))
        else:
            more = ("Connection", "close")
        start_response(self._status, [*self._head, more])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self._body]


stopping = Refusal("The server is being stopped; try again.", 1, code=Code.STOPPING)
