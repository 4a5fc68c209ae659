"""A sandbox's controls, on the wire."""

from marshmallow import fields

from todo_api.schemas.fields import Boolean, OneOf, Text
from todo_api.schemas.moments import Moment
from todo_api.schemas.numbers import Integer
from todo_api.schemas.wire import Wire

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_LONGEST = 10**11
"""Seconds that a clock may be moved at once, some 3,000 years."""


class ClockSchema(Wire):
    """What time it is, and whether it stays that time."""

    now = Moment()
    is_stopped = Boolean()

    example = {"now": "2030-12-24T18:00:00Z", "is_stopped": True}


class StopClock(Wire):
    """Where a clock is to stand: at `now`, or else where it is, and so many seconds on from there.

    Without an offset, `now` is in UTC.
    """

    now = Moment(allow_none=True, load_default=None)
    advance = Integer(least=-_LONGEST, most=_LONGEST, allow_none=True, load_default=0)

    example = {"now": "2030-12-24T18:00:00Z", "advance": 3600}


class FailureSchema(Wire):
    """The next requests are to fail: how, and how many; of one method or path, or of any.

    The path is one that was sent, or a route's, `/api/v1/accounts/<username>/tasks` say.
    """

    status = Integer(least=400, most=599, required=True)
    times = Integer(least=1, most=1_000_000, allow_none=True, load_default=1)
    method = OneOf(METHODS, allow_none=True, load_default=None)
    path = Text(most=2_000, allow_none=True, load_default=None)

    example = {"status": 503, "times": 2, "method": "POST", "path": "/users"}


class FailureList(Wire):
    """What is to fail, in the order in which it was asked for."""

    failures = fields.List(fields.Nested(FailureSchema))

    example = {"failures": [FailureSchema.example]}
