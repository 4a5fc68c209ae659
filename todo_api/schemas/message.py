"""Messages on the wire."""

from marshmallow import fields

from todo_api.schemas.fields import ETag, Text
from todo_api.schemas.moments import Moment
from todo_api.schemas.numbers import Integer
from todo_api.schemas.wire import Wire


class NewMessage(Wire):
    """What anybody may send."""

    data = Text(least=1, most=10_000, required=True)

    example = {"data": "hi"}


class Received(Wire):
    """What the sender is told."""

    status = Text(most=16)
    message = Text(most=11_000)

    example = {"status": "success", "message": "received: hi"}


class MessageSchema(Wire):
    """A message as the admins see it."""

    id = Integer()
    text = Text(most=10_000)
    created_date = Moment()
    etag = ETag()

    example = {
        "id": 1,
        "text": "hi",
        "created_date": "2026-11-20T09:30:00Z",
        "etag": '"message.1"',
    }


class MessagePage(Wire):
    """One page of the messages."""

    messages = fields.List(fields.Nested(MessageSchema))
    next = Text(most=2_000, allow_none=True)

    example = {"messages": [MessageSchema.example], "next": None}
