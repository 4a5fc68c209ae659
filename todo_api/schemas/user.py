"""Listed users on the wire."""

from marshmallow import fields

from todo_api.schemas.fields import Text
from todo_api.schemas.wire import Wire


class User(Wire):
    """A listed account as anybody sees it."""

    username = Text(most=64)
    pets = fields.List(Text(most=64))

    example = {"username": "user1", "pets": ["dog"]}
