"""What stands around every request: its id, the checks before, the headers and the line after.

It is a WSGI application around another one, and looks at nothing but what WSGI has. The same in
Flask's own hooks would take most of the time of a short answer.
"""

import random
import re
import time
from collections.abc import Iterable
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import HTTPException

from todo_api.errors import Problem
from todo_api.metrics import Metrics
from todo_api.resources import access_log, head, idempotency, passage, preferences, protection
from todo_api.resources.cross_origin import CrossOrigin
from todo_api.resources.passage import Passage
from todo_api.settings import Settings

ALL_METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
"""The methods of all resources together, for `OPTIONS *` (RFC 9110, 9.3.7)."""

_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Envelope:
    """`app`, with all that every answer has; what it does is counted if there are metrics."""

    def __init__(
        self, app: WSGIApplication, settings: Settings, metrics: Metrics | None = None
    ) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._cross_origin = CrossOrigin(settings.cors_origins)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, which says what is wrong with the head of a request."""
        this = environ[passage.KEY] = Passage(_request_id(environ), time.perf_counter())
        try:
            head.check(environ)
        except (Problem, HTTPException) as wrong:
            this.wrong = wrong

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            code = int(status[:3])
            self._complete(environ, this, code, headers)
            tell = partial(self._tell, environ, this, code, headers)
            on_commit = environ.get(passage.ON_COMMIT)
            if on_commit is None:
                tell()
            else:
                on_commit.append(tell)
            return start_response(status, headers, exc_info)

        if _asks_about_the_server(environ) and not this.wrong:
            start("204 NO CONTENT", [("Allow", ALL_METHODS)])
            return []
        return self._app(environ, start)

    def _complete(
        self, environ: WSGIEnvironment, this: Passage, code: int, headers: list[tuple[str, str]]
    ) -> None:
        """Complete the headers of an answer."""
        if code in access_log.BODILESS:
            headers[:] = [pair for pair in headers if pair[0] != "Content-Type"]
        headers.append(("X-Request-ID", this.request_id))
        protection.put_on(headers, environ, this.cache, self._settings)
        headers.extend(self._cross_origin.headers(environ))
        if this.dry_run:
            headers.append(preferences.DRY)
        if this.key_ignored:
            headers.append(idempotency.KEY_IGNORED)

    def _tell(
        self, environ: WSGIEnvironment, this: Passage, code: int, headers: list[tuple[str, str]]
    ) -> None:
        """Tell the access log of an answer, and count it."""
        access_log.write(environ, this, code, headers, self._settings)
        if self._metrics:
            took = time.perf_counter() - this.begun
            self._metrics.saw(environ["REQUEST_METHOD"].upper(), this.route, code, took)


def _asks_about_the_server(environ: WSGIEnvironment) -> bool:
    return (environ["PATH_INFO"], environ["REQUEST_METHOD"]) == ("*", "OPTIONS")


def _request_id(environ: WSGIEnvironment) -> str:
    """Return the client's own id if it sent a usable one, else a new one, which is no secret."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _USABLE.fullmatch(given) else f"{random.getrandbits(128):032x}"
