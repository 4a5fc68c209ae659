"""The caller's own account, on the wire."""

from marshmallow import fields

from todo_api.schemas.account import AccountSchema
from todo_api.schemas.token import TokenSchema
from todo_api.schemas.wire import READ_ONLY


class CallersToken(TokenSchema):
    """The token that was sent, without its last use, which no revision counts."""

    class Meta:
        exclude = ("last_used_date",)

    example = {
        name: value for name, value in TokenSchema.example.items() if name != "last_used_date"
    }


class OwnAccountSchema(AccountSchema):
    """The caller's account, and the token by which they called."""

    token = fields.Nested(CallersToken, metadata=READ_ONLY)

    example = {**AccountSchema.example, "token": CallersToken.example}
