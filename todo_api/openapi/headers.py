"""The headers that a request may have and an answer has, each described once."""

from http import HTTPStatus
from typing import Any

from todo_api.resources.compression import BROTLI, GZIP
from todo_api.resources.endpoint import Created, Endpoint
from todo_api.resources.event import EVENT_STREAM, LAST_EVENT_ID
from todo_api.resources.head import LONGEST_HEADER
from todo_api.resources.idempotency import HEADER as IDEMPOTENCY_KEY
from todo_api.resources.idempotency import IGNORED, REPLAYED
from todo_api.resources.preferences import APPLIED, DRY_RUN
from todo_api.resources.preferences import HEADER as PREFER
from todo_api.resources.stored import GUARDED, StoredEndpoint
from todo_api.values import etags

OK, CREATED, NOT_MODIFIED = HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NOT_MODIFIED

_VERSION = "k7w2mq9x.2"
_REQUEST_ID = "5e0c9a4f6f0b4c8f9d1f2a3b4c5d6e7f"
_ETAG = etags.strong(_VERSION)


def _header(description: str, example: Any, *, required: bool = False, **schema: Any) -> Any:
    described = {"type": "string", **schema, "examples": [example]}
    return {"description": description, "required": required, "schema": described}


SENT = {
    "If-None-Match": _header("The ETag of a copy; if it is still true, the answer is 304.", _ETAG),
    "If-Match": _header(
        "The `etag` of what is to be changed, as its representation says it. If it has changed, the"
        " answer is 412, with what there is now as `current`. The header ETag is the same text, but"
        " proxies that compress weaken it, and a weak one never matches (code `weak_etag`).",
        _ETAG,
    ),
    IDEMPOTENCY_KEY: _header(
        "A name for this very request; if it is repeated within 24 hours, so is its answer.",
        "0b5a7c1e-2f7d-4c39-9d53-6f1f5c0e8a11",
        pattern="^[!-~]{1,255}$",
    ),
    PREFER: _header(
        "`dry-run`: validate and run it, keep nothing of it, and answer as if it were done. Other"
        " preferences are ignored (RFC 7240).",
        DRY_RUN,
    ),
    "X-Request-ID": _header(
        "What the log shall call this request, if it is 1 to 64 of A-Z a-z 0-9 . _ -",
        _REQUEST_ID,
        maxLength=LONGEST_HEADER,
    ),
    LAST_EVENT_ID: _header(
        "The id of the last event that came; the stream goes on after it.", _VERSION
    ),
}

ANSWERED = {
    "X-Request-ID": _header(
        "What the log calls this request; the client's own, if it sent a usable one.",
        _REQUEST_ID,
        required=True,
        pattern="^[A-Za-z0-9._-]{1,64}$",
    ),
    "ETag": _header(
        "The version of what is answered; a representation says it as `etag`, too. It is weak where"
        " the answer may come compressed.",
        _ETAG,
        pattern='^(W/)?"[^"]+"$',
    ),
    "Content-Encoding": _header(
        "How the answer is compressed, if it is: as Accept-Encoding prefers it.",
        GZIP,
        enum=[BROTLI, GZIP],
    ),
    "Location": _header(
        "The path of what was created.",
        "/api/v1/accounts/alice/tasks/2",
        required=True,
        format="uri-reference",
    ),
    "Link": _header("The path of the next page.", '</api/v1/prices?after=WyJ>; rel="next"'),
    REPLAYED: _header("That this answer was given before.", "true", const="true"),
    IGNORED: _header(
        "That the Idempotency-Key that was sent does nothing here: a repeat is done again.",
        "true",
        const="true",
    ),
    APPLIED: _header("That nothing was kept, as it was asked for.", DRY_RUN, const=DRY_RUN),
    "Retry-After": _header(
        "The seconds after which trying again makes sense.",
        1,
        required=True,
        type="integer",
        minimum=1,
    ),
    "WWW-Authenticate": _header("What is asked for.", "Bearer", required=True, const="Bearer"),
}


def sent(resource: type[Endpoint], verb: str) -> list[str]:
    """Return the names of the headers that `verb` reads."""
    reads = {
        "If-None-Match": verb == "get" and is_versioned(resource),
        "If-Match": verb in GUARDED and is_versioned(resource),
        IDEMPOTENCY_KEY: takes_a_key(resource, verb),
        PREFER: writes(resource, verb),
        "X-Request-ID": True,
        LAST_EVENT_ID: EVENT_STREAM in resource.media.get(verb, ()),
    }
    return [name for name, is_read in reads.items() if is_read]


def answered(resource: type[Endpoint], verb: str, status: int) -> list[str]:
    """Return the names of the headers that an answer of `status` to `verb` has or may have."""
    gives = {
        "X-Request-ID": True,
        "ETag": status in (CREATED, NOT_MODIFIED) or (status == OK and is_versioned(resource)),
        "Content-Encoding": status == OK and may_be_compressed(resource, verb),
        "Location": status == CREATED,
        "Link": status == OK and verb in resource.gives and "next" in resource.gives[verb].fields,
        REPLAYED: status in (OK, CREATED) and takes_a_key(resource, verb),
        IGNORED: verb != "get" and not takes_a_key(resource, verb),
        APPLIED: writes(resource, verb),
    }
    return [name for name, is_given in gives.items() if is_given]


def may_be_compressed(resource: type[Endpoint], verb: str) -> bool:
    """Return whether `verb` may answer in a coding of HTTP, as it does with the page's files."""
    return verb == "get" and (resource.compresses or resource.versioned)


def creates(resource: type[Endpoint], verb: str) -> bool:
    """Return whether `verb` answers with something new."""
    return getattr(resource, verb).__annotations__.get("return") is Created


def takes_a_key(resource: type[Endpoint], verb: str) -> bool:
    """Return whether `verb` can be repeated safely under an Idempotency-Key."""
    return verb == "post" and resource.creates


def writes(resource: type[Endpoint], verb: str) -> bool:
    """Return whether `verb` may change what is stored."""
    return issubclass(resource, StoredEndpoint) and verb in resource.writes


def is_versioned(resource: type[Endpoint]) -> bool:
    """Return whether what the resource shows has an ETag."""
    if issubclass(resource, StoredEndpoint):
        return resource.version is not StoredEndpoint.version
    return resource.versioned
