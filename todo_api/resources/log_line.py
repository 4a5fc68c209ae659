"""What else the program has to say: each record is one line of JSON, as in the access log.

A line is ASCII for the same reason as there, and tells of which request it is.
"""

import json
import logging
from datetime import UTC, datetime

from flask import has_request_context, request

from todo_api.resources import passage


class LogLine(logging.Formatter):
    """Formats a record as `time`, `level`, `logger`, `message` and, if there is one, `error`.

    In a request there are its `request_id` and, once it is known, its `account`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of `record`; a traceback is a text with line feeds in it."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, str | int | None] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context():
            this = passage.of(request)
            line["request_id"] = this.request_id
            line["account"] = this.account
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)
