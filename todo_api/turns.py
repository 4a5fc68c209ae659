"""Turns: how many requests one process works on at a time, in front of the application.

A few threads answer faster than many that fight over one interpreter, and a bound on the work is
what keeps a server alive that is asked for more than it can do. So a request waits for a place, and
who comes when too many wait is refused at once. There are places of three kinds, so that a wait for
a locked database holds up no read, and a wait for any database nothing that needs none.
"""

import io
import math
import threading
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

from todo_api.errors import Unavailable
from todo_api.places import WAITING, Places

SLOW_BODIES = 200
"""Requests that wait for their body to come; each of them has a thread, but no place."""

DRAINED = 1024 * 1024
"""Bytes of a body that are read though nobody wants them."""

READS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""


def threads(places: int) -> int:
    """Return how many threads a process needs for bodies, so that who is to wait can do so."""
    return 2 * (places + WAITING) + SLOW_BODIES


class Body(io.RawIOBase):
    """The body of a request, which has no place while it waits for its client."""

    def __init__(self, environ: WSGIEnvironment, places: Places, slow: threading.Semaphore) -> None:
        self._body: InputStream = environ["wsgi.input"]
        self._places = places
        self._slow = slow
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        self._left = math.inf if chunked else int(environ.get("CONTENT_LENGTH") or 0)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is into `buffer`; raise Unavailable when too many wait for theirs."""
        room = memoryview(buffer)
        with self._places.lent():
            data = self._read(len(room))
        room[: len(data)] = data
        return len(data)

    def drain(self) -> None:
        """Read what nobody has read, without a place; else the connection would have to be cut.

        The client may be about to send its next request there. What is too long is not read.
        """
        room = DRAINED
        with suppress(Unavailable):
            while self._left > 0 and room > 0:
                room -= len(self._read(room))

    def _read(self, size: int) -> bytes:
        if not self._slow.acquire(blocking=False):
            raise Unavailable("Too many bodies are on their way; try again.", retry_after=1)
        try:
            data = self._body.read(size)
        finally:
            self._slow.release()
        self._left = self._left - len(data) if data else 0
        return data


def may_have_body(environ: WSGIEnvironment) -> bool:
    """Return whether a request has something to be read behind its head."""
    return environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ


def first_segment(environ: WSGIEnvironment) -> str:
    """Return the first segment of a request's path."""
    path: str = environ["PATH_INFO"]
    return path.lstrip("/").partition("/")[0]


class Turns:
    """A WSGI application that works on up to `places` requests of each kind at a time.

    `stored` are the first segments of all paths that need the database; `patience`, in seconds,
    bounds the wait for a place; who gets none is answered by `refuse`. A stream needs none any more
    once it has begun.
    """

    def __init__(
        self,
        app: WSGIApplication,
        refuse: WSGIApplication,
        places: int,
        *,
        stored: AbstractSet[str],
        patience: float,
    ) -> None:
        self.app = app
        self.refuse = refuse
        self.stored = stored
        self.patience = patience
        self.aside, self.reads, self.writes = Places(places), Places(places), Places(places)
        self.slow = threading.BoundedSemaphore(SLOW_BODIES)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request when it is its turn."""
        has_body = may_have_body(environ)
        places = self._kind(environ, has_body)
        body = None
        if has_body:
            body = environ["wsgi.input"] = Body(environ, places, self.slow)
        if places.take(self.patience):
            try:
                answer = self.app(environ, start_response)
            finally:
                places.give_back()
        else:
            answer = self.refuse(environ, start_response)
        if body:
            body.drain()
        return answer

    def fetch(self, environ: WSGIEnvironment) -> bool:
        """Read a body that is short before anything else is done; return whether there was room."""
        if not self.slow.acquire(blocking=False):
            return False
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        finally:
            self.slow.release()
        return True

    def _kind(self, environ: WSGIEnvironment, has_body: bool) -> Places:
        if first_segment(environ) not in self.stored:
            return self.aside
        reads = environ["REQUEST_METHOD"] in READS and not has_body
        return self.reads if reads else self.writes
