"""The body of a request: read whole, and understood by its media type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from flask import Request
from werkzeug.exceptions import LengthRequired, RequestEntityTooLarge

from todo_api.errors import Code, EncodedBody, Malformed, TooLarge, UnsupportedMedia
from todo_api.resources import json_text
from todo_api.resources.form import Form, multipart, urlencoded
from todo_api.schemas.wire import Wire

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
"""The media type of RFC 7396, which is what a PATCH in JSON means here."""

IDENTITY = "identity"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

BODILESS = ("GET", "HEAD", "DELETE")

MIB = 1024 * 1024
MAX_BODY = MIB
"""Bytes that a body may have, unless it is a file."""


@dataclass(frozen=True)
class Body:
    """What came: the form if it was one, else the JSON value."""

    form: Form | None = None
    json: Any = field(default_factory=dict)

    def for_(self, schema: Wire) -> Any:
        """Return the body as the JSON value that `schema` is to read.

        Raises UnsupportedMedia for JSON that was sent as a form, as curl does by default.
        """
        if self.form is None:
            return self.json
        if next(iter(self.form), "").lstrip().startswith(("{", "[")):
            raise UnsupportedMedia(
                "This is JSON with the Content-Type of a form. Send it with"
                " 'Content-Type: application/json'."
            )
        return schema.from_form(self.form)


NOTHING = Body()


def read(request: Request) -> Body:
    """Return the body; one that is not there is an empty object.

    Raises UnsupportedMedia, TooLarge, Malformed or, for a form, werkzeug's LengthRequired.
    """
    raw = whole(request, MAX_BODY)
    if not raw and (not request.mimetype or request.method in BODILESS):
        return NOTHING
    must_be_utf_8(request.mimetype_params)
    if request.mimetype == JSON or (request.mimetype == MERGE_PATCH and request.method == "PATCH"):
        return Body(json=json_text.parse(raw))
    if request.mimetype == FORM:
        if request.content_length is None:
            # JSON and multipart say where they end. Of a form that was cut off nobody can tell.
            raise LengthRequired
        return Body(urlencoded(raw))
    if request.mimetype == MULTIPART:
        return Body(multipart(request, raw))
    raise UnsupportedMedia(
        "Send JSON or a form, by its Content-Type. curl says that the body is JSON by"
        " -H 'Content-Type: application/json'."
    )


def whole(request: Request, most: int) -> bytes:
    """Return all of the body, which may have `most` bytes.

    Raises UnsupportedMedia if it is encoded, TooLarge, or Malformed if it is not all there.
    """
    if request.headers.get("Content-Encoding", IDENTITY).strip().lower() != IDENTITY:
        raise EncodedBody
    stream, length = request.environ["wsgi.input"], request.content_length
    if length is not None and length > most:
        raise _too_large(most)
    if isinstance(stream, BytesIO) and length is not None:
        # What is in memory already needs nothing of what werkzeug does with a stream, for 40 µs.
        raw = stream.read(length)
    else:
        raw = _streamed(request, most)
    if length is not None and length != len(raw):
        raise Malformed("The body is shorter than its Content-Length.", code=Code.INCOMPLETE_BODY)
    return raw


def _streamed(request: Request, most: int) -> bytes:
    # Werkzeug ends a body without Content-Length at its limit, and says nothing. With a limit that
    # is one byte larger than ours, a body that is too large can be told from one that just fits.
    request.max_content_length = most + 1
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(most) from None
    if len(raw) > most:
        raise _too_large(most)
    return raw


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body is larger than {most // MIB} MiB.")


def must_be_utf_8(parameters: Mapping[str, str]) -> None:
    """Raise UnsupportedMedia if a media type's parameters tell of another encoding of its text."""
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMedia("Only UTF-8 is read here.")
