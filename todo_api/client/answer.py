"""Answers of a server, and the exceptions that stand for those that are no success."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx2

from todo_api.client import wire
from todo_api.client.errors import KINDS, ApiError, Unavailable

JSON = "application/json"

GATEWAY = "gateway"
"""The `code` of an error that does not come from the server but from something in front of it."""

_NO_JSON = "The answer cannot be read: is this the URL of a todo_api?"
_LOGIN = (
    "This is no answer of a todo_api: a gateway in front of it asks for a login,"
    " or the URL is another one."
)
_ASKS_FOR_LOGIN = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED,
)


@dataclass(frozen=True)
class Answer:
    """A successful answer: the JSON in it, and its bytes."""

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


def is_foreign(response: httpx2.Response) -> bool:
    """Return whether an answer is a page, which the API never sends: a gateway's login, say."""
    return str(response.headers.get("Content-Type", "")).startswith("text/html")


def failure(response: httpx2.Response) -> ApiError:
    """Return the exception for an answer that is no success of the server's own."""
    try:
        said = wire.loads(response.content)
    except ValueError:
        said = None
    told: Mapping[str, Any] = said if isinstance(said, dict) else {}
    if told.get("status") != response.status_code:
        return _foreign(response)
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


def _foreign(response: httpx2.Response) -> ApiError:
    """Return the exception for an answer of something in front of the server."""
    status = response.status_code
    retry_after = _seconds(response.headers.get("Retry-After"))
    if status < HTTPStatus.BAD_REQUEST or status in _ASKS_FOR_LOGIN:
        return ApiError(_LOGIN, status=status, code=GATEWAY)
    message = f"{response.reason_phrase}. This seems to come from a proxy in front of the server."
    kind = KINDS.get(status, ApiError)
    return kind(message, status=status, retry_after=retry_after, code=GATEWAY)


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
