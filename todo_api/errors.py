"""The words for failure, in plain Python.

Any floor raises these; `resources.problems` alone knows which HTTP status each one becomes.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self


class Code(StrEnum):
    """A word that names an error for programs; it stays the same while messages may change.

    This is the one place where codes are declared, each with its `status` in HTTP and a sentence,
    `meaning`. The table in docs/errors.rst has the same, and the OpenAPI document is made of it.
    """

    status: int
    meaning: str

    def __new__(cls, value: str, status: int, meaning: str) -> Self:
        """Return a code with its status and its sentence."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.status = status
        code.meaning = meaning
        return code

    MALFORMED_REQUEST = (
        "malformed_request",
        400,
        "The path is not valid UTF-8, or the request cannot be parsed for another reason.",
    )
    MALFORMED_HEADER = (
        "malformed_header",
        400,
        "A header that the server reads is missing, or its value cannot be parsed.",
    )
    MALFORMED_JSON = "malformed_json", 400, "The body or the file is not valid JSON in UTF-8."
    MALFORMED_FORM = "malformed_form", 400, "The query or the form cannot be parsed."
    MALFORMED_FILE = "malformed_file", 400, "The file that is to be imported cannot be parsed."
    INCOMPLETE_BODY = "incomplete_body", 400, "The body is shorter than its length says."
    TOKEN_MISSING = "token_missing", 401, "The request has no Authorization header."
    TOKEN_MALFORMED = (
        "token_malformed",
        401,
        "The Authorization header is not the word Bearer and a token.",
    )
    TOKEN_UNKNOWN = (
        "token_unknown",
        401,
        "The server knows no such token. It may have been ended, or have expired long ago.",
    )
    TOKEN_EXPIRED = "token_expired", 401, "The token has reached the end of its life; log in again."
    WRONG_CREDENTIALS = (
        "wrong_credentials",
        401,
        "The username or the password of a login is wrong.",
    )
    FORBIDDEN = "forbidden", 403, "The caller may not do this, for a reason that has no other code."
    NOT_OWNER = "not_owner", 403, "Only the owner of the account in the path may do this."
    ADMIN_REQUIRED = "admin_required", 403, "Only an administrator may do this."
    READ_ONLY_TOKEN = (
        "read_only_token",
        403,
        "The token may only read; this needs a token with the scope write.",
    )
    LOGIN_REQUIRED = (
        "login_required",
        403,
        "The token was made by hand; this needs one that came from a login.",
    )
    REGISTRATION_CLOSED = "registration_closed", 403, "This server takes no registrations."
    NOT_FOUND = "not_found", 404, "The thing is not there, or it is not the caller's."
    METHOD_NOT_ALLOWED = (
        "method_not_allowed",
        405,
        "The path does not have this method; the header Allow lists those that it has.",
    )
    BODY_TIMEOUT = "body_timeout", 408, "The body did not arrive in time."
    NAME_TAKEN = "name_taken", 409, "Something else already has this name."
    LENGTH_REQUIRED = "length_required", 411, "This body needs a Content-Length."
    REVISION_CONFLICT = (
        "revision_conflict",
        412,
        "The thing has changed since the version that If-Match names.",
    )
    WEAK_ETAG = (
        "weak_etag",
        412,
        "A proxy has weakened the ETag in If-Match; send the `etag` of the body.",
    )
    ALREADY_EXISTS = "already_exists", 412, "The thing exists, and If-None-Match forbids that."
    BODY_TOO_LARGE = "body_too_large", 413, "The body has more bytes than the server reads here."
    UNSUPPORTED_MEDIA_TYPE = (
        "unsupported_media_type",
        415,
        "The server does not read this media type, or this character set, here.",
    )
    UNSUPPORTED_CONTENT_ENCODING = (
        "unsupported_content_encoding",
        415,
        "The body is compressed or encoded; the server reads it only as it is.",
    )
    VALIDATION_FAILED = (
        "validation_failed",
        422,
        "The request was understood, and its values are wrong; `errors` lists them by field.",
    )
    WRONG_PASSWORD = "wrong_password", 422, "The current password is not the account's."
    IDEMPOTENCY_KEY_REUSED = (
        "idempotency_key_reused",
        422,
        "The Idempotency-Key was used for another request.",
    )
    TOO_MANY_REQUESTS = (
        "too_many_requests",
        429,
        "A limit is reached; Retry-After says when to come again.",
    )
    HEADERS_TOO_LARGE = "headers_too_large", 431, "A header, or all of them together, is too long."
    INTERNAL_ERROR = "internal_error", 500, "The server failed; its log has the request's id."
    BUSY = "busy", 503, "The server or its database is busy or out of reach; try again."
    TOO_SLOW = "too_slow", 503, "The database took too long for this; ask for less, or try again."
    READ_ONLY_DATABASE = "read_only_database", 503, "The database takes no writes at present."
    SCHEMA_MISMATCH = (
        "schema_mismatch",
        503,
        "The database has the schema of another version of the server.",
    )
    TOO_MANY_STREAMS = "too_many_streams", 503, "All event streams are taken."
    STOPPING = "stopping", 503, "The server is being stopped; try again."

    @classmethod
    def of_status(cls, status: int) -> "Code | None":
        """Return the code of an error of which only the status is known, the first that has it."""
        return next((code for code in cls if code.status == status), None)


class Problem(Exception):
    """Something a client did, or met, that it may be told about.

    `message` is one sentence for people, `code` the word for programs, None where a source has
    fixed the body without one; `errors` maps the name of each wrong field to its texts;
    `retry_after` is the number of seconds after which trying again makes sense; `index` says which
    operation of a batch it was.
    """

    message = "The request failed."
    code: Code | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        code: Code | None = None,
        errors: Mapping[str, list[str]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.code = code or self.code
        self.errors = dict(errors) if errors else None
        self.retry_after = retry_after
        self.index: int | None = None


class Malformed(Problem):
    """The bytes that came cannot be parsed."""

    message = "The request cannot be parsed."
    code: Code | None = Code.MALFORMED_REQUEST


class MalformedJSON(Malformed):
    """The body is to be JSON, and is none."""

    message = "The JSON cannot be parsed."
    code = Code.MALFORMED_JSON


class MalformedForm(Malformed):
    """The query or the form cannot be parsed."""

    message = "The form cannot be parsed."
    code = Code.MALFORMED_FORM


class MalformedFile(Malformed):
    """The file that is to be imported cannot be parsed."""

    message = "The file cannot be parsed."
    code = Code.MALFORMED_FILE


class Unauthenticated(Problem):
    """Nobody is logged in by what was sent."""

    message = "A valid token is required."
    code = Code.TOKEN_MISSING


class Forbidden(Problem):
    """Somebody is logged in who may not do this."""

    message = "You may not do this."
    code = Code.FORBIDDEN


class NotFound(Problem):
    """What was asked for is not there, or not for the one who asks."""

    message = "Not found"
    code = Code.NOT_FOUND


class Conflict(Problem):
    """A name is taken."""

    message = "This name is taken."
    code = Code.NAME_TAKEN


class Stale(Problem):
    """The caller's copy, as its If-Match says, is not the stored one.

    `current` is what is stored, as the caller would be shown it; None where there is nothing.
    """

    message = "It has changed since you read it."
    code = Code.REVISION_CONFLICT

    def __init__(self, *, current: Any = None) -> None:
        super().__init__()
        self.current = current


class WeakTag(Stale):
    """No tag of the If-Match matches, and a proxy has weakened one of them."""

    message = (
        "This ETag guards no change, since a proxy on the way has weakened it."
        " Send the `etag` of the body."
    )
    code = Code.WEAK_ETAG


class Exists(Stale):
    """If-None-Match says that the resource must not exist, and it does."""

    message = "It exists, and If-None-Match says that it must not."
    code = Code.ALREADY_EXISTS


class TooLarge(Problem):
    """The body has more bytes than are read here."""

    message = "The body is too large."
    code = Code.BODY_TOO_LARGE


class UnsupportedMedia(Problem):
    """The body's media type or encoding is not one that is read here."""

    message = "Send JSON or a form."
    code = Code.UNSUPPORTED_MEDIA_TYPE


class EncodedBody(UnsupportedMedia):
    """The body is compressed, or encoded in another way."""

    message = "Send the body without a Content-Encoding."
    code = Code.UNSUPPORTED_CONTENT_ENCODING


class Invalid(Problem):
    """The request was parsed, and what it says is wrong."""

    message = "Some fields are wrong."
    code = Code.VALIDATION_FAILED


class TooMany(Problem):
    """A limit on how often something may be done is reached."""

    message = "Too many requests of this kind; try again later."
    code = Code.TOO_MANY_REQUESTS


class Unavailable(Problem):
    """The database does not answer in time, or there are too many requests at once."""

    message = "The database is busy or out of reach; try again."
    code = Code.BUSY


class TooSlow(Unavailable):
    """The database took longer for a statement than it may."""

    message = "This took the database too long; ask for less, or try again."
    code = Code.TOO_SLOW


class ReadOnly(Unavailable):
    """The database can be read, and nothing can be written to it."""

    message = "The database is read-only."
    code = Code.READ_ONLY_DATABASE


class CannotStart(Exception):
    """A setting or the database makes starting impossible; one line says it to the operator."""
