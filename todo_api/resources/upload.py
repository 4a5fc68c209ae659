"""A file that is sent to be read: as the body itself, or as the one part `file` of a form."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from flask import Request
from werkzeug.exceptions import LengthRequired
from werkzeug.http import parse_options_header

from todo_api.errors import Invalid, UnsupportedMedia
from todo_api.resources import body, form

CSV = "text/csv"
CALENDAR = "text/calendar"

PART = "file"

_ENDINGS = {
    ".csv": CSV,
    ".tsv": CSV,
    ".tab": CSV,
    ".json": body.JSON,
    ".ics": CALENDAR,
    ".vcs": CALENDAR,
}

_EXCEL = "application/vnd.ms-excel"

# Names that programs have for these media types beside the registered ones.
_ALIASES = {
    "text/comma-separated-values": CSV,
    "text/x-comma-separated-values": CSV,
    "text/x-csv": CSV,
    "text/tab-separated-values": CSV,
    "application/csv": CSV,
    "application/x-csv": CSV,
    _EXCEL: CSV,
    "text/json": body.JSON,
    "application/ics": CALENDAR,
    "text/x-vcalendar": CALENDAR,  # Of vCalendar 1.0, the predecessor of iCalendar.
}

# Curl and browsers say these of CSV files, whether Excel is on the machine or not.
_SAYS_NOTHING = ("", "application/octet-stream", "text/plain", _EXCEL)

_AS_IT_IS = ("7bit", "8bit", "binary")


@dataclass(frozen=True)
class Upload:
    """A file that came whole: its media type, one of those that were asked for, and its bytes."""

    media: str
    content: bytes


def read(request: Request, media: Sequence[str], most: int) -> Upload:
    """Return the file in a body of at most `most` MiB, of one of the media types in `media`.

    The type is known by its other names, too, or by how the name of the file ends. Raises
    werkzeug's LengthRequired, UnsupportedMedia, TooLarge, Malformed or, for a form that holds
    anything but one part `file`, Invalid.
    """
    if request.content_length is None:
        raise LengthRequired
    said = request.mimetype
    if said != body.MULTIPART:
        said = _known(said, request.headers.get("Content-Disposition", ""))
    if said not in (*media, body.MULTIPART) or "Content-Encoding" in request.headers:
        raise _unsupported(media)
    body.must_be_utf_8(request.mimetype_params)
    raw = body.whole(request, most * body.MIB)
    if said == body.MULTIPART:
        return _only_part(request, raw, media)
    return Upload(said, raw)


def _only_part(request: Request, raw: bytes, media: Sequence[str]) -> Upload:
    file = None
    for part in form.parts(request, raw):
        if part.name != PART:
            raise Invalid(errors={part.name: ["Unknown field."]})
        if file:
            raise Invalid(errors={PART: ["Given more than once."]})
        file = Upload(_media_of(part, media), part.content)
    if file is None:
        raise Invalid(errors={PART: ["Missing data for required field."]})
    return file


def _media_of(part: form.Part, media: Sequence[str]) -> str:
    said, parameters = parse_options_header(part.headers.get("Content-Type", ""))
    said = _known(said.lower(), part.headers.get("Content-Disposition", ""))
    transferred = part.headers.get("Content-Transfer-Encoding", "binary").strip().lower()
    if said not in media or transferred not in _AS_IT_IS or "Content-Encoding" in part.headers:
        raise _unsupported(media)
    body.must_be_utf_8(parameters)
    return said


def media_of_name(name: str) -> str | None:
    """Return the media type that the ending of a file's name tells, None if it tells none."""
    return _ENDINGS.get(PurePath(name).suffix.lower())


def _known(said: str, disposition: str) -> str:
    """Return the media type that a file says it has, or that the ending of its name tells."""
    if said in _SAYS_NOTHING:
        _, parameters = parse_options_header(disposition)
        said = media_of_name(parameters.get("filename", "")) or said
    return _ALIASES.get(said, said)


def _unsupported(media: Sequence[str]) -> UnsupportedMedia:
    endings = " or ".join(ending for ending, known in _ENDINGS.items() if known in media)
    return UnsupportedMedia(
        f"Send {' or '.join(media)}, as the body or as the part {PART} of multipart/form-data, or a"
        f" file with a name that ends in {endings}, without Content-Encoding."
    )
