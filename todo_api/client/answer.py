"""What comes back from a server: a success, or what becomes an exception."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from todo_api.client import wire
from todo_api.client.errors import KINDS, ApiError, Unavailable

JSON = "application/json"

_NO_JSON = "The answer cannot be read: is this the URL of a todo_api?"


@dataclass(frozen=True)
class Answer:
    """What came back: the JSON in it, and its bytes."""

    data: Any
    content: bytes

    @classmethod
    def of(cls, response: httpx2.Response) -> "Answer":
        """Read a success; raise ApiError if it says JSON and is none."""
        data = None
        if response.content and response.headers.get("Content-Type") == JSON:
            try:
                data = wire.loads(response.content)
            except ValueError:
                raise ApiError(_NO_JSON, status=response.status_code) from None
        return cls(data, response.content)


def failure(response: httpx2.Response) -> ApiError:
    """Return the exception for an answer that is no success."""
    try:
        said = wire.loads(response.content)
    except ValueError:
        said = None
    # What stands between this client and the server may answer in its own way.
    told: Mapping[str, Any] = said if isinstance(said, dict) else {}
    kind = KINDS.get(response.status_code, ApiError)
    return kind(
        str(told.get("message", response.reason_phrase)),
        status=response.status_code,
        code=told.get("code"),
        errors=told.get("errors"),
        request_id=response.headers.get("X-Request-ID"),
        retry_after=_seconds(response.headers.get("Retry-After")),
        index=told.get("index"),
        current=told.get("current"),
    )


def unanswered(error: httpx2.TransportError) -> Unavailable:
    """Return the exception for a request that got no answer."""
    problem = Unavailable(f"The server does not answer: {str(error) or type(error).__name__}.")
    problem.__cause__ = error
    return problem


def _seconds(retry_after: str | None) -> float | None:
    """Return how long a Retry-After (RFC 9110, 10.2.3) asks to wait, None if it says nothing."""
    if retry_after is None:
        return None
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
