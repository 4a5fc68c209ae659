"""Errors on the wire."""

from marshmallow import fields

from todo_api.errors import Code
from todo_api.schemas.fields import OneOf, Text
from todo_api.schemas.numbers import Integer
from todo_api.schemas.wire import Wire


class ErrorSchema(Wire):
    """What went wrong: in one sentence, and by field; of a batch, in which operation.

    A `code` names the kind of error for programs. With a 412 comes what is stored, as it is
    `current`, unless there is nothing.
    """

    status = Integer(least=400, most=599)
    message = Text(least=1, most=1_000)
    code = OneOf(Code)
    errors = fields.Dict(values=fields.List(fields.String()))
    index = Integer(least=0)
    current = fields.Dict()

    sometimes = frozenset({"code", "errors", "index", "current"})
    example = {
        "status": 422,
        "message": "Some fields are wrong.",
        "code": Code.VALIDATION_FAILED,
        "errors": {"name": ["Must have 1 to 255 characters."]},
    }
