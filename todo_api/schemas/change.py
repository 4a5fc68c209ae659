"""Changes on the wire."""

from typing import Any

from marshmallow import fields

from todo_api.models import Task
from todo_api.schemas.account import AccountSchema
from todo_api.schemas.fields import Boolean, Text
from todo_api.schemas.numbers import Integer
from todo_api.schemas.query import PageQuery
from todo_api.schemas.task import TaskSchema
from todo_api.schemas.wire import Wire

_TASK = TaskSchema()


class ChangeQuery(PageQuery):
    """From where on, and how many at once."""

    class Meta:
        exclude = ("after",)

    since = Text(
        most=64,
        load_default=None,
        allow_none=False,
        metadata={"description": "The `next` of the last answer; without it, from the start on."},
    )

    example = {"since": "k7w2mq9x.2", "limit": 100}


class EventQuery(ChangeQuery):
    """From where on, unless the last event's id says that."""

    class Meta:
        exclude = ("after", "limit")


class Tombstone(Wire):
    """What is left of a deleted task."""

    id = Integer()
    deleted = fields.Constant(constant=True)
    revision = Integer()

    example = {"id": 3, "deleted": True, "revision": 4}


_TOMBSTONE = Tombstone()


class Change(fields.Field[Task]):
    """A task as it is now or, if it was deleted, its tombstone."""

    one_of = (_TASK, _TOMBSTONE)

    def _serialize(self, value: Any, attr: Any, obj: Any, **options: Any) -> Any:
        return (_TOMBSTONE if value.deleted_date else _TASK).dump(value)

    def show(self, value: Any) -> Any:
        """Return what renders as what `dump` gives."""
        return (_TOMBSTONE if value.deleted_date else _TASK).show(value)


class ChangesSchema(Wire):
    """What has changed; `account` is there only if it has."""

    changes = fields.List(Change())
    account = fields.Nested(AccountSchema)
    next = Text(most=64)
    more = Boolean()
    reset = Boolean()

    sometimes = frozenset({"account"})
    example = {
        "changes": [TaskSchema.example, Tombstone.example],
        "next": "k7w2mq9x.4",
        "more": False,
        "reset": False,
    }
