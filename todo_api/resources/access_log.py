"""The access log: each answer is one line of JSON.

A line is ASCII, so that nothing a client sends can end it, colour a terminal or pose as another
line. It has no query and no header of the request, where secrets may be.
"""

import json
import logging
import time
from datetime import UTC, datetime
from wsgiref.types import WSGIEnvironment

from todo_api.resources import caller_address
from todo_api.resources.passage import Passage
from todo_api.settings import Settings

log = logging.getLogger("todo_api.access")

LONGEST_PATH = 300
"""Characters of a path that are told. Escaped, they leave a line below the 4,096 bytes that Linux
writes to a pipe in one piece, so that the lines of several processes do not mix."""

_LONGEST_METHOD = 16
BODILESS = (204, 304)
"""Statuses of answers without a body."""


def write(
    environ: WSGIEnvironment,
    passage: Passage,
    status: int,
    headers: list[tuple[str, str]],
    settings: Settings,
) -> None:
    """Write the line of an answer, if anybody listens; how long a stream will be nobody knows."""
    if not log.isEnabledFor(logging.INFO):
        return
    method = environ["REQUEST_METHOD"]
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {
        "time": now.replace("+00:00", "Z"),
        "request_id": passage.request_id,
        "method": method[:_LONGEST_METHOD],
        "path": _path(environ),
        "status": status,
        "ms": round(1000 * (time.perf_counter() - passage.begun), 1),
        "address": caller_address.exact_text(environ, settings),
        "account": passage.account,
        "bytes": 0 if method == "HEAD" or status in BODILESS else _length(headers),
    }
    # Logger.info would walk up the stack to find out where it was called.
    log.handle(logging.LogRecord(log.name, logging.INFO, "", 0, json.dumps(line), None, None))


def _path(environ: WSGIEnvironment) -> str:
    raw: str = environ["PATH_INFO"]
    path = raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "replace")
    return f"/{path.lstrip('/')}"[:LONGEST_PATH]


def _length(headers: list[tuple[str, str]]) -> int | None:
    return next((int(value) for name, value in headers if name == "Content-Length"), None)
