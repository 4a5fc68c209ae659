"""Passage: what is known of one request, from its first byte to the line that tells of it."""

from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

from flask import Request

KEY = "todo_api.passage"
"""Where a request's environment has it."""

ON_COMMIT = "todo_api.on_commit"
"""Where it may have a list, of what is to be done once it is clear that the answer is true."""

AFTERWARDS = "todo_api.afterwards"
"""Where it may have a list, of what is to be done in another thread once it is answered."""

BODY_TO_COME = "todo_api.body_to_come"
"""Set where a large body has not been read yet, so that only the caller is to be checked."""


@dataclass(slots=True)
class Passage:
    """What the floors say of a request to what stands around it.

    It has `begun` when the performance counter stood there, in seconds. `route` is the path in the
    URL table, `account` the id of who calls, `cache` the Cache-Control that the answer gets unless
    it has one, `wrong` what makes the request one that cannot be answered. `key_ignored` says that
    the request brings an Idempotency-Key to an operation that takes none. As long as the account is
    in `state`, which is its version, the answer is the same. `is_admitted` says that the caller may
    send the body that is still to come, `compresses` that the answer may be sent compressed.
    """

    request_id: str
    begun: float
    wrong: Exception | None = None
    route: str | None = None
    account: int | None = None
    cache: str = "no-cache"
    dry_run: bool = False
    key_ignored: bool = False
    state: str | None = None
    is_admitted: bool = False
    compresses: bool = False


def of(request: Request) -> Passage:
    """Return the passage of `request`."""
    return within(request.environ)


def within(environ: WSGIEnvironment) -> Passage:
    """Return the passage in a request's environment."""
    passage: Passage = environ[KEY]
    return passage
