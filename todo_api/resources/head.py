"""The head of a request: what must be right before anything else of it is looked at."""

import re
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import NotFound, RequestHeaderFieldsTooLarge

from todo_api.errors import Malformed
from todo_api.resources.form import urlencoded

LONGEST_HEADER = 8_000
"""Characters that a header may have; parsing some of them takes quadratic time."""

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~=+:-]*(?:&[A-Za-z0-9_.~=+:-]*){0,99}", re.ASCII)
_HEADERS_OF_A_BODY = ("CONTENT_TYPE", "CONTENT_LENGTH")


def check(environ: WSGIEnvironment) -> None:
    """Raise errors.Malformed, or an HTTPException of werkzeug, if anything is wrong with it."""
    if not _HOST.fullmatch(environ.get("HTTP_HOST", "")):
        raise Malformed("Exactly one Host header is required.")
    for value in environ.values():
        if type(value) is str and len(value) > LONGEST_HEADER:
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


def _must_be_short(environ: WSGIEnvironment) -> None:
    for name, value in environ.items():
        is_header = name.startswith(("HTTP_", "CONTENT_"))
        if is_header and isinstance(value, str) and len(value) > LONGEST_HEADER:
            raise RequestHeaderFieldsTooLarge


def _one_length(encoding: str, length: str | None) -> None:
    """RFC 9112, 6.1: two ways to tell where a body ends are how requests are smuggled."""
    if length or encoding.strip().lower() != "chunked":
        raise Malformed("A body has one length: Content-Length, or chunked.")
