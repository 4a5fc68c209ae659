"""Forms, strictly: percent-encoding and UTF-8 must be right in queries and bodies."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from todo_api.errors import Invalid, MalformedForm

Form = dict[str, list[str]]

MOST_FIELDS = 1_000
_PIECE = 64 * 1024
LONGEST_BOUNDARY = 100
"""Characters: each byte of a body may be compared with all of them. RFC 2046, 5.1.1 allows 70, and
the clients of some libraries go a little beyond that."""

TOO_MANY_FIELDS = f"The form has more than {MOST_FIELDS} fields."
NOT_PARSED = "The multipart body cannot be parsed."
_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def urlencoded(raw: bytes) -> Form:
    """Return the texts by name in a query or an `application/x-www-form-urlencoded` body.

    Raises MalformedForm for a bad percent-encoding, invalid UTF-8 or more than MOST_FIELDS fields.
    """
    if _BAD_PERCENT.search(raw):
        raise MalformedForm("A % is not followed by two hexadecimal digits.")
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except UnicodeDecodeError:
        raise MalformedForm("The query or form is not valid UTF-8.") from None
    except ValueError:
        raise MalformedForm(TOO_MANY_FIELDS) from None
    return _by_name(pairs)


@dataclass(frozen=True)
class Part:
    """A part of a multipart body; its `filename` is None where it is no file."""

    name: str
    filename: str | None
    headers: Headers
    content: bytes


def multipart(request: Request, body: bytes) -> Form:
    """Return the texts by name in a `multipart/form-data` body (RFC 7578).

    Raises MalformedForm when it cannot be parsed, Invalid when a file stands where text belongs.
    """
    pairs: list[tuple[str, str]] = []
    for part in parts(request, body):
        if part.filename is not None:
            raise Invalid(errors={part.name: ["A file is not expected here."]})
        try:
            pairs.append((part.name, part.content.decode("utf-8")))
        except UnicodeDecodeError:
            raise MalformedForm(NOT_PARSED) from None
    return _by_name(pairs)


def parts(request: Request, body: bytes) -> Iterator[Part]:
    """Yield the parts of a multipart `body`; raise MalformedForm when it cannot be parsed."""
    _, options = parse_options_header(request.headers.get("Content-Type"))
    boundary = options.get("boundary")
    if not boundary:
        raise MalformedForm("A multipart body needs its boundary.")
    if len(boundary) > LONGEST_BOUNDARY:
        raise MalformedForm(f"A boundary has at most {LONGEST_BOUNDARY} characters.")
    decoder = MultipartDecoder(boundary.encode(), max_parts=MOST_FIELDS)
    head: Field | File = Field("", Headers())
    chunks = list[bytes]()
    try:
        for event in _events(decoder, body):
            if isinstance(event, (File, Field)):
                if event.name is None:
                    raise MalformedForm("A part of the multipart body has no name.")
                head, chunks = event, []
            elif isinstance(event, Data):
                chunks.append(event.data)
                if not event.more_data:
                    filename = head.filename if isinstance(head, File) else None
                    yield Part(head.name, filename, head.headers, b"".join(chunks))
    except RequestEntityTooLarge:
        raise MalformedForm(TOO_MANY_FIELDS) from None
    except ValueError:
        raise MalformedForm(NOT_PARSED) from None


def _events(decoder: MultipartDecoder, body: bytes) -> Iterator[Event]:
    """Yield the events of a body, which is handed over in pieces.

    In each piece the decoder looks for the boundary while nothing else in the process goes on.
    """
    pieces = (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))
    for piece in (*pieces, None):
        decoder.receive_data(piece)
        while not isinstance(event := decoder.next_event(), NeedData):
            if isinstance(event, Epilogue):
                return
            yield event


def _by_name(pairs: list[tuple[str, str]]) -> Form:
    form: Form = {}
    for name, text in pairs:
        form.setdefault(name, []).append(text)
    return form
