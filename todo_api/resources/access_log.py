"""The access log: each answer is one line of JSON.

A line is ASCII, so that nothing a client sends can end it, colour a terminal or pose as another
line. It has no query and no header of the request, where secrets may be.
"""

import json
import logging
import time
from datetime import UTC, datetime

from flask import Response, g, request

from todo_api.resources import caller_address
from todo_api.settings import Settings

log = logging.getLogger("todo_api.access")

LONGEST_PATH = 300
"""Characters of a path that are told. Escaped, they leave a line below the 4,096 bytes that Linux
writes to a pipe in one piece, so that the lines of several processes do not mix."""

_LONGEST_METHOD = 16


def note(response: Response, settings: Settings) -> None:
    """Write the line of `response`, if anybody listens; how long a stream will be nobody knows."""
    if not log.isEnabledFor(logging.INFO):
        return
    is_empty = request.method == "HEAD" or response.status_code in (204, 304)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {
        "time": now.replace("+00:00", "Z"),
        "request_id": g.request_id,
        "method": request.environ["REQUEST_METHOD"][:_LONGEST_METHOD],
        "path": request.path[:LONGEST_PATH],
        "status": response.status_code,
        "ms": round(1000 * (time.perf_counter() - g.started), 1),
        "address": str(caller_address.exact(request, settings) or ""),
        "account": g.get("account_id"),
        "bytes": 0 if is_empty else response.content_length,
    }
    log.info("%s", json.dumps(line))
