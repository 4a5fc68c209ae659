"""Logging in and out, on the wire."""

from marshmallow import fields

from todo_api.schemas.account import AccountSchema
from todo_api.schemas.fields import Name, OneOf, Text
from todo_api.schemas.moments import Due, Moment
from todo_api.schemas.numbers import Integer
from todo_api.schemas.query import PageQuery
from todo_api.schemas.wire import READ_ONLY, Wire
from todo_api.services.tokens import LOGIN, MADE, READ, WRITE


class Credentials(Wire):
    """What a login sends."""

    username = Text(most=1_000, required=True)
    password = Text(most=1_000, required=True)

    example = {"username": "alice", "password": "correct-horse-battery"}


class Session(Wire):
    """What a login gets."""

    token = Text(most=64)
    token_type = Text(most=16)
    expires_at = Moment()
    account = fields.Nested(AccountSchema)

    example = {
        "token": "AAAAAAAAAAFhbiBleGFtcGxlLCBubyB0b2tlbiE-Pz8=",
        "token_type": "Bearer",
        "expires_at": "2026-12-20T09:30:00Z",
        "account": AccountSchema.example,
    }


class TokenSchema(Wire):
    """A token as its owner sees it; of its secret nothing is known."""

    id = Integer(metadata=READ_ONLY)
    name = Name(required=True)
    scope = OneOf((WRITE, READ), allow_none=True, load_default=WRITE)
    origin = OneOf((LOGIN, MADE), metadata=READ_ONLY)
    creation_date = Moment(attribute="created_date", metadata=READ_ONLY)
    expires_at = Due(attribute="expires_date", allow_none=True, load_default=None)
    last_used_date = Moment(allow_none=True, metadata=READ_ONLY)

    example = {
        "id": 1,
        "name": "backup script",
        "scope": "read",
        "origin": "made",
        "creation_date": "2026-11-20T09:30:00Z",
        "expires_at": "2026-12-20T09:30:00Z",
        "last_used_date": None,
    }
    example_sent = {"name": "backup script", "scope": "read"}


class MadeToken(TokenSchema):
    """A new token as it is answered: with its secret, this once."""

    token = Text(most=64, attribute="secret")

    example = {**TokenSchema.example, "token": Session.example["token"]}


class TokenQuery(PageQuery):
    """Which page of the tokens."""

    example = {"limit": 10, "after": "WyJhZ2UiLCIyMDI2LTExLTIwVDA5OjMwOjAwKzAwOjAwIiwxXQ"}


class TokenPage(Wire):
    """One page of an account's tokens."""

    tokens = fields.List(fields.Nested(TokenSchema))
    next = Text(most=2_000, allow_none=True)

    example = {"tokens": [TokenSchema.example], "next": None}


class LoggedOut(Wire):
    """What a logout gets."""

    msg = Text(most=64)

    example = {"msg": "Logged out."}
