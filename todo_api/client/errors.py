"""What goes wrong when a server is asked: one exception, with a subclass for each kind.

They mirror the statuses that the server's contract names.
"""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An answer that is no success, or none at all.

    `status` is that of the answer, None where none came; `message` is one sentence for people;
    `code` is a word for programs, None where the answer has none; `errors` has the texts for each
    wrong field; `request_id` names the request in the server's log; `retry_after`, in seconds, says
    when to come again; `index`, which operation of a batch it was; `current` is the JSON of what
    the server has, with a 412.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        errors: Mapping[str, list[str]] | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        index: int | None = None,
        current: Any = None,
    ) -> None:
        wrong = [f"{field}: {text}" for field, texts in (errors or {}).items() for text in texts]
        super().__init__(" ".join([*([str(status)] if status else []), message, *wrong]))
        self.message = message
        self.status = status
        self.code = code
        self.errors = dict(errors or {})
        self.request_id = request_id
        self.retry_after = retry_after
        self.index = index
        self.current = current


class Unauthorized(ApiError):
    """401: nobody is logged in by that token, or by that name and password."""


class Forbidden(ApiError):
    """403: this is not the caller's to see or to do."""


class NotFound(ApiError):
    """404: it is not there, or not the caller's."""


class Conflict(ApiError):
    """409: a name is taken."""


class Stale(ApiError):
    """412: it was changed since it was read.

    `mine` is what the change was made to, and `theirs` what there is now.
    """

    mine: Any = None
    theirs: Any = None


class Invalid(ApiError):
    """422: what was sent is understood, and wrong; `errors` says where."""


class TooMany(ApiError):
    """429: this was done too often."""


class Unavailable(ApiError):
    """502, 503 or 504, or no answer (then `status` is None): the server cannot be had now."""


KINDS: Mapping[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Stale,
    422: Invalid,
    429: TooMany,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
"""Which exception stands for which status; the others are plain ApiErrors."""
