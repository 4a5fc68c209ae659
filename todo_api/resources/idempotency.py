"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): repeats of a creating POST.

No other operation takes a key: the answers of some hold a secret, which is never stored. Such an
operation is done as if there were no key, and its answer says so. To refuse the key instead would
shut out clients that send one with everything, as some HTTP libraries do.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from flask import Request, Response

from todo_api.errors import Code, Malformed
from todo_api.models import Replay
from todo_api.resources import json_text
from todo_api.resources.upload import Upload
from todo_api.schemas.wire import Wire
from todo_api.services.replays import Ask

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
IGNORED = "Idempotency-Key-Ignored"

KEY_IGNORED = (IGNORED, "true")
"""The header of an answer to a request whose key does nothing: a repeat is done again."""

_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)


def is_asked(request: Request) -> bool:
    """Return whether `request` brings a key."""
    return HEADER in request.headers


def ask_of(request: Request, owner: int, schema: Wire, sent: Any) -> Ask | None:
    """Return what `request` asks for under its key, None if it has none.

    What is asked for is the path and the fields of the body, but for write-only ones, which are
    secret. Raises Malformed for a key that is not 1 to 255 visible ASCII characters.
    """
    told = {name: value for name, value in sent.items() if name not in schema.load_only_fields()}
    return _ask(request, owner, told)


def ask_of_file(request: Request, owner: int, file: Upload, query: Mapping[str, Any]) -> Ask | None:
    """Return what `request` asks for under its key, None if it has none.

    What is asked for is the path, the file, byte for byte, however it was sent, and the values of
    the query. Raises Malformed as `ask_of` does.
    """
    asked = [query] if request.query_string else []
    return _ask(request, owner, [file.media, hashlib.sha256(file.content).hexdigest(), *asked])


def _ask(request: Request, owner: int, told: Any) -> Ask | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Malformed(
            f"The {HEADER} must be 1 to 255 visible ASCII characters.", code=Code.MALFORMED_HEADER
        )
    asked = json_text.render([request.path.rstrip("/"), told], ordered=True)
    return Ask(owner, key, hashlib.sha256(asked).hexdigest())


def replayed(kept: Replay) -> Response:
    """Return the answer that was kept, byte for byte."""
    headers = {**kept.headers, REPLAYED: "true"}
    return Response(kept.body, kept.status, headers, content_type="application/json")
