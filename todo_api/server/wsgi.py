"""WSGI behind ASGI: a scope becomes an environment, and what the application says an Answer.

ASGI is specified at https://asgi.readthedocs.io, WSGI in PEP 3333.
"""

import io
import logging
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

_ENVIRONMENT: WSGIEnvironment = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}
_PROTOCOLS = {"1": "HTTP/1.0", "1.0": "HTTP/1.0", "1.1": "HTTP/1.1", "2": "HTTP/2"}
"""Versions of HTTP by what ASGI calls them; granian calls 1.0 just 1."""

_OF_THE_BODY = ("CONTENT_TYPE", "CONTENT_LENGTH")


@dataclass(frozen=True)
class Answer:
    """A status, headers, and a body: a list is whole, anything else comes in parts."""

    status: int
    headers: list[tuple[str, str]]
    body: Iterable[bytes]


def environ_of(scope: dict[str, Any]) -> WSGIEnvironment:
    """Return the WSGI environment of an ASGI scope, with an empty body.

    Several headers of one name are joined by a comma, as RFC 9110, 5.3 has it, and cookies by a
    semicolon. A header whose name has an underscore is left out: `X-Forwarded_For` would otherwise
    pose as `X-Forwarded-For`.
    """
    server, client = scope["server"], scope["client"]
    environ = {
        **_ENVIRONMENT,
        "SERVER_PROTOCOL": _PROTOCOLS.get(scope["http_version"], "HTTP/1.1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": _decoded(scope["raw_path"]),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
    }
    if b"%" in scope["raw_path"]:
        # PEP 3333 has no path as it was sent; most servers give it by this name.
        environ["REQUEST_URI"] = scope["raw_path"].decode("latin-1")
    for raw_name, raw_value in scope["headers"]:
        name, value = _variable(raw_name), raw_value.decode("latin-1")
        if name in environ:
            separator = ";" if name == "HTTP_COOKIE" else ","
            value = f"{environ[name]}{separator}{value}"
        if name:
            environ[name] = value
    return environ


def call(app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """Return what `app` answers; where it raises something that nobody foresaw, an empty 500."""
    head: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        head[:] = int(status[:3]), headers

    try:
        body = app(environ, start)
        status, headers = head
    except Exception:
        log.exception("The application did not answer a request")
        return Answer(500, [], [])
    return Answer(status, headers, body)


def head_of(answer: Answer) -> dict[str, Any]:
    """Return the ASGI message that begins an answer."""
    headers = [(_encoded(name), value.encode("latin-1")) for name, value in answer.headers]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def _decoded(raw_path: bytes) -> str:
    """Return the path as WSGI has it: percent-decoded bytes, each of which is one character."""
    return (unquote_to_bytes(raw_path) if b"%" in raw_path else raw_path).decode("latin-1")


@lru_cache(512)
def _encoded(name: str) -> bytes:
    return name.lower().encode("latin-1")


def _variable(name: bytes) -> str:
    """Return the environment variable of a header, an empty text if the header is left out."""
    return _known_variable(name) if len(name) <= _LONGEST_KNOWN else _variable_of(name)


_LONGEST_KNOWN = 64
"""Bytes that the name of a header may have whose variable is remembered."""


def _variable_of(name: bytes) -> str:
    if b"_" in name:
        return ""
    variable = name.decode("latin-1").upper().replace("-", "_")
    return variable if variable in _OF_THE_BODY else f"HTTP_{variable}"


_known_variable = lru_cache(512)(_variable_of)
