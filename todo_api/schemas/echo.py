"""Echoes on the wire."""

from marshmallow import fields

from todo_api.schemas.fields import Text
from todo_api.schemas.wire import Wire


class EchoedText(Wire):
    """The text that came."""

    echo = Text(most=10**6)


class EchoedRequest(Wire):
    """A request as the server saw it, its credentials left out."""

    method = Text(most=16)
    args = fields.Dict()
    headers = fields.Dict()
    form = fields.Dict()
    json = fields.Raw()
