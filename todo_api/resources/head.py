"""The head of a request: what must be right before anything else of it is looked at."""

import re
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import NotFound, RequestHeaderFieldsTooLarge

from todo_api.errors import Code, Malformed
from todo_api.resources.form import urlencoded

LONGEST_HEADER = 8_000
"""Characters that a header may have that is read here."""

LONGEST_HEADERS = 64 * 1024
"""Characters that all headers may have together, whoever reads them. The cookies of other
applications on the same host come along."""

READ = frozenset(
    {
        "HTTP_ACCEPT",
        "HTTP_ACCEPT_ENCODING",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD",
        "HTTP_AUTHORIZATION",
        "HTTP_CONTENT_DISPOSITION",
        "HTTP_CONTENT_ENCODING",
        "HTTP_HOST",
        "HTTP_IDEMPOTENCY_KEY",
        "HTTP_IF_MATCH",
        "HTTP_IF_NONE_MATCH",
        "HTTP_LAST_EVENT_ID",
        "HTTP_ORIGIN",
        "HTTP_PREFER",
        "HTTP_TRACEPARENT",
        "HTTP_TRACESTATE",
        "HTTP_TRANSFER_ENCODING",
        "HTTP_X_AUTH_TOKEN",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_REQUEST_ID",
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
    }
)
"""The headers that are read here; `/echo` shows all, as they are."""

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~=+:-]*(?:&[A-Za-z0-9_.~=+:-]*){0,99}", re.ASCII)
_HEADERS_OF_A_BODY = ("CONTENT_TYPE", "CONTENT_LENGTH")


def check(environ: WSGIEnvironment) -> None:
    """Raise errors.Malformed, or an HTTPException of werkzeug, if anything is wrong with it."""
    if not _HOST.fullmatch(environ.get("HTTP_HOST", "")) and not _needs_no_host(environ):
        raise Malformed("Exactly one Host header is required.", code=Code.MALFORMED_HEADER)
    if sum([len(value) for value in environ.values() if type(value) is str]) > LONGEST_HEADER:
        _must_be_short(environ)
    if "HTTP_TRANSFER_ENCODING" in environ:
        _one_length(environ["HTTP_TRANSFER_ENCODING"], environ.get("CONTENT_LENGTH"))
    query = environ["QUERY_STRING"]
    if not _PLAIN_QUERY.fullmatch(query):
        urlencoded(query.encode("latin-1"))
    path = environ["PATH_INFO"]
    if not path.isascii():
        try:
            path.encode("latin-1").decode("utf-8")
        except UnicodeError:
            raise Malformed("The path is not valid UTF-8.") from None
    # Werkzeug would overlook the second slash.
    if path.startswith("//"):
        raise NotFound


def _needs_no_host(environ: WSGIEnvironment) -> bool:
    """Return whether it is a request of HTTP/1.0 without a Host, such as health checks send."""
    return environ.get("SERVER_PROTOCOL") == "HTTP/1.0" and not environ.get("HTTP_HOST")


def _must_be_short(environ: WSGIEnvironment) -> None:
    size = 0
    for name, value in environ.items():
        if name.startswith("HTTP_") or name in _HEADERS_OF_A_BODY:
            size += len(name) + len(value)
            if name in READ and len(value) > LONGEST_HEADER:
                raise RequestHeaderFieldsTooLarge
    if size > LONGEST_HEADERS:
        raise RequestHeaderFieldsTooLarge


def _one_length(encoding: str, length: str | None) -> None:
    """RFC 9112, 6.1: two ways to tell where a body ends are how requests are smuggled."""
    if length or encoding.strip().lower() != "chunked":
        raise Malformed(
            "A body has one length: Content-Length, or chunked.", code=Code.MALFORMED_HEADER
        )
