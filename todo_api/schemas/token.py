"""Logging in and out, on the wire."""

from marshmallow import fields

from todo_api.schemas.account import AccountSchema
from todo_api.schemas.fields import Name, OneOf, Text
from todo_api.schemas.moments import Due, Moment
from todo_api.schemas.numbers import Integer
from todo_api.schemas.wire import READ_ONLY, Wire
from todo_api.services.tokens import LOGIN, MADE, READ, WRITE


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


class TokenSchema(Wire):
    """A token as its owner sees it; of its secret nothing is known."""

    id = Integer(metadata=READ_ONLY)
    name = Name(required=True)
    scope = OneOf((WRITE, READ), allow_none=True, load_default=WRITE)
    origin = OneOf((LOGIN, MADE), metadata=READ_ONLY)
    creation_date = Moment(attribute="created_date", metadata=READ_ONLY)
    expires_at = Due(attribute="expires_date", allow_none=True, load_default=None)
    last_used_date = Moment(allow_none=True, metadata=READ_ONLY)


class NewToken(TokenSchema):
    """A token that is asked for or, with its secret this once, that was made."""

    token = Text(most=64, attribute="secret", dump_only=True)


class TokenPage(Wire):
    """One page of an account's tokens."""

    tokens = fields.List(fields.Nested(TokenSchema))
    next = Text(most=2_000)


class LoggedOut(Wire):
    """What a logout gets."""

    msg = Text(most=64)
