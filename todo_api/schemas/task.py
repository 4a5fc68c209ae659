"""Tasks on the wire."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_dump

from todo_api.schemas.fields import Boolean, Currency, Integer, Name, Scaled, Text
from todo_api.schemas.moments import Due, Moment
from todo_api.schemas.wire import READ_ONLY, Wire
from todo_api.values import money


class Amount(Wire):
    """A sum of money."""

    amount = fields.Decimal(required=True)
    currency = Currency(required=True)


class TaskSchema(Wire):
    """A task, coming in and going out."""

    id = Integer(metadata=READ_ONLY)
    name = Name(required=True)
    note = Text(most=10_000, allow_none=True, load_default=None)
    creation_date = Moment(metadata=READ_ONLY)
    due_date = Due(allow_none=True, load_default=None)
    completed = Boolean(allow_none=True, load_default=False)
    completed_date = Moment(allow_none=True, metadata=READ_ONLY)
    item = Name(allow_none=True, load_default=None)
    quantity = Scaled(
        least=Decimal("0.0001"),
        most=Decimal(10_000),
        allow_none=True,
        load_default=money.SCALE,
    )
    paid = fields.Nested(Amount, allow_none=True, metadata=READ_ONLY)
    revision = Integer(metadata=READ_ONLY)


class PostedTask(TaskSchema):
    """A new task as it is answered: its fields and a word beside them."""

    @post_dump
    def _say_posted(self, shown: dict[str, Any], **options: Any) -> dict[str, Any]:
        return {**shown, "msg": "posted"}


class TaskPage(Wire):
    """One page of an account's tasks."""

    username = Text(most=64)
    tasks = fields.List(fields.Nested(TaskSchema))
    next = Text(most=2_000)
