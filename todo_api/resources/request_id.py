"""The id of a request, which its answer and each of its log lines carry."""

import re
import uuid

from flask import Request

_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def of(request: Request) -> str:
    """Return the client's own id if it sent a usable one, else a new one."""
    given = request.headers.get("X-Request-ID", "")
    return given if _USABLE.fullmatch(given) else uuid.uuid4().hex
