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
_BODY = problems.body(_STATUS, "There are too many requests at once; try again.")
_HEAD = [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))]


def refuse(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer 503, as a WSGI application."""
    later = random.randint(1, LATEST)  # noqa: S311 - Nothing is secret about it.
    start_response("503 SERVICE UNAVAILABLE", [*_HEAD, ("Retry-After", str(later))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [_BODY]
