"""What stands around every request: its id, its log line, the checks before, the headers after."""

import re
import time

from flask import Flask, Response, g, request
from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestHeaderFieldsTooLarge
from werkzeug.routing import RequestRedirect

from todo_api.errors import Malformed
from todo_api.metrics import Metrics
from todo_api.resources import (
    access_log,
    path_methods,
    preferences,
    protection,
    refusal,
    request_id,
)
from todo_api.resources.form import urlencoded
from todo_api.settings import Settings
from todo_api.turns import REFUSED

LONGEST_HEADER = 8_000
"""Characters that a header may have; parsing some of them takes quadratic time."""

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)


def register(app: Flask, settings: Settings, metrics: Metrics | None = None) -> None:
    """Put the envelope around every request of `app`, and count it if there are metrics."""
    app.before_request(_open)

    @app.after_request
    def close(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        protection.put_on(response, settings)
        preferences.tell(response)
        if response.status_code in (204, 304):
            response.headers.pop("Content-Type", None)
        access_log.note(response, settings)
        return response

    if metrics:

        @app.after_request
        def count(response: Response) -> Response:
            took = time.perf_counter() - g.started
            route = None if REFUSED in request.environ else request.endpoint
            metrics.saw(request.method, route, response.status_code, took)
            return response


def _open() -> None:
    """Give the request an id, its client's own if it has a usable one, and check its first line."""
    g.started = time.perf_counter()
    g.request_id = request_id.of(request)
    if REFUSED in request.environ:
        raise refusal.unavailable()
    if not _HOST.fullmatch(request.environ.get("HTTP_HOST", "")):
        raise Malformed("Exactly one Host header is required.")
    for name, value in request.headers.items():
        if len(value) > LONGEST_HEADER:
            raise RequestHeaderFieldsTooLarge(f"{name} is too long.")
    if "Transfer-Encoding" in request.headers and (
        request.headers.get("Content-Length")
        or request.headers["Transfer-Encoding"].strip().lower() != "chunked"
    ):
        # RFC 9112, 6.1: two ways to tell where a body ends are how requests are smuggled.
        raise Malformed("A body has one length: Content-Length, or chunked.")
    urlencoded(request.query_string)
    path = request.environ["PATH_INFO"]
    try:
        path.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise Malformed("The path is not valid UTF-8.") from None
    # Werkzeug would redirect the one and overlook the other.
    if isinstance(request.routing_exception, RequestRedirect) or path.startswith("//"):
        raise NotFound
    # RFC 9110, 9.1: methods are case-sensitive, which werkzeug's are not.
    if request.url_rule and request.environ["REQUEST_METHOD"] != request.method:
        raise MethodNotAllowed(path_methods.allowed(request))
