"""The access log: each answer is one line of JSON.

A line is ASCII, so that nothing a client sends can end it, colour a terminal or pose as another
line. It has no query and no header of the request, where secrets may be.
"""

import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Request, Response, g, request

from todo_api.resources import caller_address
from todo_api.settings import Settings

log = logging.getLogger("todo_api.access")

LONGEST_PATH = 300
"""Characters of a path that are told. Escaped, they leave a line below the 4,096 bytes that Linux
writes to a pipe in one piece, so that the lines of several processes do not mix."""

_LONGEST_METHOD = 16


@dataclass(frozen=True)
class Line:
    """The line of a request, which `begun` when the performance counter stood there, in seconds."""

    request: Request
    request_id: str
    begun: float
    account: int | None = None

    def write(self, status: int, size: int | None, settings: Settings) -> None:
        """Write the line of an answer with a body of `size` bytes, if anybody listens."""
        if not log.isEnabledFor(logging.INFO):
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {
            "time": now.replace("+00:00", "Z"),
            "request_id": self.request_id,
            "method": self.request.environ["REQUEST_METHOD"][:_LONGEST_METHOD],
            "path": self.request.path[:LONGEST_PATH],
            "status": status,
            "ms": round(1000 * (time.perf_counter() - self.begun), 1),
            "address": str(caller_address.exact(self.request, settings) or ""),
            "account": self.account,
            "bytes": size,
        }
        log.info("%s", json.dumps(line))


def note(response: Response, settings: Settings) -> None:
    """Write the line of `response`; how long a stream will be nobody knows."""
    is_empty = request.method == "HEAD" or response.status_code in (204, 304)
    line = Line(request, g.request_id, g.started, g.get("account_id"))
    line.write(response.status_code, 0 if is_empty else response.content_length, settings)
