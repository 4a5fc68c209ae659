"""Pages of other origins: what flask-cors lets them read, asked only once for each kind of request.

To ask it for each answer would cost as much as all else that stands around a short one.
"""

import re
from functools import lru_cache
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response
from flask_cors import CORS

EXPOSED = (
    "ETag",
    "Location",
    "Link",
    "Retry-After",
    "X-Request-ID",
    "Idempotent-Replayed",
    "Idempotency-Key-Ignored",
    "Preference-Applied",
)

KINDS = 256
"""Kinds of requests for which its answer is cached."""

LONGEST_KIND = 512
"""Characters that the headers of such a request may have together."""

_DECIDING = {
    "HTTP_ORIGIN": "Origin",
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "Access-Control-Request-Method",
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "Access-Control-Request-Headers",
    "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK": "Access-Control-Request-Private-Network",
}
"""All the headers of a request that it looks at."""


class CrossOrigin:
    """Lets pages of `origins`, or of all of them, read every answer; never with credentials."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._asked = Flask("todo_api", static_folder=None)
        everybody = origins == ("*",)
        # An origin that looks like a regular expression, as one with an IPv6 address does, is taken
        # for one, and matched without an end.
        only = [re.compile(re.escape(origin) + r"\Z") for origin in origins]
        CORS(
            self._asked,
            origins="*" if everybody else only,
            send_wildcard=everybody,
            expose_headers=EXPOSED,
            max_age=86400,
        )
        self._ask_cached = lru_cache(KINDS)(self._ask)

    def headers(self, environ: WSGIEnvironment) -> tuple[tuple[str, str], ...]:
        """Return what is to be added to the headers of the answer."""
        is_options = environ["REQUEST_METHOD"] == "OPTIONS"
        values = [environ.get(name) for name in _DECIDING]
        is_short = sum(map(len, filter(None, values))) <= LONGEST_KIND
        return (self._ask_cached if is_short else self._ask)(is_options, *values)

    def _ask(self, is_options: bool, *values: str | None) -> tuple[tuple[str, str], ...]:
        sent = zip(_DECIDING.values(), values, strict=True)
        asked = self._asked.test_request_context(
            method="OPTIONS" if is_options else "GET",
            headers={name: value for name, value in sent if value is not None},
        )
        with asked:
            blank = Response()
            del blank.headers["Content-Type"], blank.headers["Content-Length"]
            return tuple(self._asked.process_response(blank).headers.to_wsgi_list())
