"""Compression of answers: which coding a client prefers, and what is worth being compressed.

The files of the page and of the docs are compressed once, when a client first asks for them. Other
answers are compressed as they are made, in gzip at its lowest level: that makes a list of 100 tasks
87 % smaller for a tenth more of the time that the request takes, and level 6 saves 89 % for three
tenths.

Nothing is compressed beside a secret. An attacker who sees how long a compressed answer is, and who
may put text into it, can guess the rest of it (BREACH, https://breachattack.com). So a resource
says that it `compresses`, and only answers to GET are compressed: files of the program, public
lists, and what an account itself has written. No answer that shows a token is among these.

A compressed answer has a weak ETag (RFC 9110, 8.8.3.3). `If-Match` needs a strong one, so whatever
a client may write is sent as it is.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from http import HTTPStatus
from wsgiref.types import WSGIEnvironment

import brotli
from flask import Response
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

SMALLEST = 1024
"""Bytes from which on an answer is compressed: one that fits into a packet gains nothing."""

LARGEST = 384 * 1024
"""Bytes up to which an answer is compressed as it is made, which takes an event loop 5 ms.
The description of the API has 260 KiB."""

BROTLI, GZIP = "br", "gzip"

_LEVEL = 1
_IN_GZIP = 31
"""The number by which zlib knows the format of gzip, with its largest window."""

_QUICKLY = 64 * 1024
"""Bytes of a file up to which brotli's best quality takes some milliseconds."""
_BEST, _GOOD = 11, 5

_LONGEST_KNOWN = 64
"""Characters of an Accept-Encoding whose meaning is remembered."""


def preferred(header: str | None, codings: Sequence[str]) -> str | None:
    """Return which of `codings` an Accept-Encoding prefers (RFC 9110, 12.5.3), None for none.

    The first one counts of those that it likes best. A client that says nothing gets no coding, and
    neither does one that accepts none at all, not even the plain text (RFC 9110, 12.4.1).
    """
    if not header:
        return None
    weights = {
        coding.lower().replace("x-gzip", GZIP): weight
        for coding, weight in reversed([*parse_accept_header(header, Accept)])
    }
    others = weights.get("*", 0.0)
    plain = weights.get("identity", 0.0)
    best = max(codings, key=lambda coding: weights.get(coding, others))
    weight = weights.get(best, others)
    return best if weight > 0 and weight >= plain else None


_preferred_cached = lru_cache(256)(preferred)


def chosen(environ: WSGIEnvironment, codings: tuple[str, ...] = (GZIP,)) -> str | None:
    """Return which of `codings` a request prefers, None for none."""
    header = environ.get("HTTP_ACCEPT_ENCODING")
    is_short = header is None or len(header) <= _LONGEST_KNOWN
    return (_preferred_cached if is_short else preferred)(header, codings)


def compress(data: bytes) -> bytes:
    """Return `data` in gzip, in little time."""
    return zlib.compress(data, _LEVEL, _IN_GZIP)


def compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a long text in gzip, piece by piece, in bounded memory."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _IN_GZIP)
    for piece in pieces:
        if some := compressor.compress(piece):
            yield some
    yield compressor.flush()


def compress_file(content: bytes, coding: str) -> bytes:
    """Return a file in `coding`, as small as some milliseconds allow."""
    if coding == GZIP:
        return zlib.compress(content, zlib.Z_BEST_COMPRESSION, _IN_GZIP)
    quality = _BEST if len(content) <= _QUICKLY else _GOOD
    return brotli.compress(content, mode=brotli.MODE_TEXT, quality=quality)


def weak(etag: str) -> str:
    """Return the weak form of an ETag (RFC 9110, 8.8.3)."""
    return etag if etag.startswith("W/") else f"W/{etag}"


def apply(response: Response, environ: WSGIEnvironment) -> None:
    """Compress a response if its client takes that and it is worth it.

    Its ETag is weak whenever its client takes gzip, so that 200, 304 and HEAD agree without a body.
    """
    headers = response.headers
    is_ok = response.status_code == HTTPStatus.OK
    if not is_ok and response.status_code != HTTPStatus.NOT_MODIFIED:
        return
    response.vary.add("Accept-Encoding")
    if chosen(environ) is None:
        return
    if etag := headers.get("ETag"):
        headers["ETag"] = weak(etag)
    if is_ok and response.is_sequence and "Content-Encoding" not in headers:
        data = response.get_data()
        if SMALLEST <= len(data) <= LARGEST:
            compressed = compress(data)
            if len(compressed) < len(data):
                response.set_data(compressed)
                headers["Content-Encoding"] = GZIP
