"""Echoes on the wire."""

from marshmallow import fields

from todo_api.schemas.fields import UNBOUND, Text
from todo_api.schemas.wire import Wire


class Anything(Wire):
    """Any JSON value, or any form."""

    example = {"text": "hi"}
    example_sent = example


class EchoedText(Wire):
    """The text that came, twice."""

    echo = Text(most=UNBOUND)

    example = {"echo": "text text"}


class EchoedRequest(Wire):
    """A request as the server saw it, its credentials left out."""

    method = Text(most=16)
    args = fields.Dict()
    headers = fields.Dict()
    form = fields.Dict()
    json = fields.Raw(allow_none=True)

    example = {
        "method": "POST",
        "args": {"page": "2"},
        "headers": {"Host": "127.0.0.1:5000", "Content-Type": "application/json"},
        "form": {},
        "json": {"text": "hi"},
    }
