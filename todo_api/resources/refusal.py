"""What a request gets for which there is no place: an answer that costs next to nothing.

A server that is asked for ten times of what it can do refuses more than it answers.
"""

import random
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from todo_api.resources import problems

LATEST = 8
"""Seconds after which whoever was refused may ask again, at most. Not all get the same number."""

_STATUS = 503


class Refusal:
    """A WSGI application that answers 503 with a message, and when to ask again.

    That is after 1 to `latest` seconds, at random.
    """

    def __init__(self, message: str, latest: int) -> None:
        self._body = problems.body(_STATUS, message)
        length = str(len(self._body))
        self._head = [("Content-Type", "application/json"), ("Content-Length", length)]
        self._latest = latest

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Refuse a request."""
        later = random.randint(1, self._latest)  # noqa: S311 - Nothing is secret about it.
        start_response("503 SERVICE UNAVAILABLE", [*self._head, ("Retry-After", str(later))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self._body]


crowded = Refusal("There are too many requests at once; try again.", LATEST)
stopping = Refusal("The server is being stopped; try again.", 1)
