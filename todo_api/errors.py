"""The words for failure, in plain Python.

Any floor raises these; `resources.problems` alone knows which HTTP status each one becomes.
"""

from collections.abc import Mapping


class Problem(Exception):
    """Something a client did, or met, that it may be told about.

    `message` is one sentence for people; `errors` maps the name of each wrong field to its texts;
    `retry_after` is the number of seconds after which trying again makes sense; `index` says which
    operation of a batch it was.
    """

    message = "The request failed."

    def __init__(
        self,
        message: str | None = None,
        *,
        errors: Mapping[str, list[str]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.errors = dict(errors) if errors else None
        self.retry_after = retry_after
        self.index: int | None = None


class Malformed(Problem):
    """The bytes that came cannot be parsed."""

    message = "The request cannot be parsed."


class Unauthenticated(Problem):
    """Nobody is logged in by what was sent."""

    message = "A valid token is required."


class Forbidden(Problem):
    """Somebody is logged in who may not do this."""

    message = "This is not yours to see or to change."


class NotFound(Problem):
    """What was asked for is not there, or not for the one who asks."""

    message = "Not found"


class Conflict(Problem):
    """A name is taken."""

    message = "This name is taken."


class Stale(Problem):
    """The caller's copy, as its If-Match says, is not the stored one."""

    message = "It has changed since you read it."


class TooLarge(Problem):
    """The body has more bytes than are read here."""

    message = "The body is too large."


class UnsupportedMedia(Problem):
    """The body's media type or encoding is not one that is read here."""

    message = "Send JSON or a form."


class EncodedBody(UnsupportedMedia):
    """The body is compressed, or encoded in another way."""

    message = "Send the body without a Content-Encoding."


class Invalid(Problem):
    """The request was parsed, and what it says is wrong."""

    message = "Some fields are wrong."


class TooMany(Problem):
    """A limit on how often something may be done is reached."""

    message = "Too many requests of this kind; try again later."


class Unavailable(Problem):
    """The database does not answer in time, or there are too many requests at once."""

    message = "The database is busy or out of reach; try again."


class TooSlow(Unavailable):
    """The database took longer for a statement than it may."""

    message = "This took the database too long; ask for less, or try again."


class ReadOnly(Unavailable):
    """The database can be read, and nothing can be written to it."""

    message = "The database is read-only."


class CannotStart(Exception):
    """A setting or the database makes starting impossible; one line says it to the operator."""
