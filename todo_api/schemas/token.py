"""Logging in and out, on the wire."""

from marshmallow import fields

from todo_api.schemas.account import AccountSchema
from todo_api.schemas.fields import Text
from todo_api.schemas.moments import Moment
from todo_api.schemas.wire import Wire


class Credentials(Wire):
    """What a login sends."""

    username = Text(most=1_000, required=True)
    password = Text(most=1_000, required=True)


class Session(Wire):
    """What a login gets."""

    token = Text(most=64)
    token_type = Text(most=16)
    expires_at = Moment()
    account = fields.Nested(AccountSchema)


class LoggedOut(Wire):
    """What a logout gets."""

    msg = Text(most=64)
