"""Batches of changes to tasks, on the wire."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from todo_api.errors import Invalid
from todo_api.schemas.change import Change, Tombstone
from todo_api.schemas.fields import Few, IfMatch, OneOf
from todo_api.schemas.numbers import Integer
from todo_api.schemas.task import TaskSchema
from todo_api.schemas.wire import Wire

MOST_OPERATIONS = 100


class _Sent(fields.Raw):
    """What is sent in one of some shapes, and read later."""

    def __init__(self, *shapes: Wire, **options: Any) -> None:
        super().__init__(**options)
        self.one_of = shapes


class Creation(Wire):
    """A task that is to be."""

    method = OneOf(("POST",), required=True)
    body = _Sent(TaskSchema(partial=False), required=True)

    example = {"method": "POST", "body": {"name": "Pears"}}


class Alteration(Wire):
    """A task that is to be another."""

    method = OneOf(("PUT", "PATCH"), required=True)
    id = Integer(least=1, most=10**18 - 1, required=True)
    if_match = IfMatch()
    body = _Sent(TaskSchema(partial=True))

    example = {"method": "PATCH", "id": 2, "body": {"completed": True}}


class Deletion(Wire):
    """A task that is to be no more."""

    method = OneOf(("DELETE",), required=True)
    id = Integer(least=1, most=10**18 - 1, required=True)
    if_match = IfMatch()

    example = {"method": "DELETE", "id": 3}


OPERATIONS = {
    "POST": Creation(partial=False),
    "PUT": Alteration(partial=False),
    "PATCH": Alteration(partial=False),
    "DELETE": Deletion(partial=False),
}


class Batch(Wire):
    """What is to happen, all of it or nothing."""

    operations = Few(
        _Sent(OPERATIONS["POST"], OPERATIONS["PUT"], OPERATIONS["DELETE"], allow_none=True),
        least=1,
        most=MOST_OPERATIONS,
        required=True,
    )

    in_forms = False
    example = {"operations": [Creation.example, Alteration.example, Deletion.example]}


class BatchResult(Wire):
    """What has happened: each task as it is now, or its tombstone, and the counter after it."""

    results = fields.List(Change())
    revision = Integer()

    example = {
        "results": [
            {
                **TaskSchema.example,
                "id": 5,
                "name": "Pears",
                "revision": 5,
                "etag": '"k7w2mq9x.5"',
            },
            TaskSchema.example,
            Tombstone.example,
        ],
        "revision": 7,
    }


def read_operation(raw: Any) -> dict[str, Any]:
    """Return the values of one operation; raise errors.Invalid if any of them is wrong."""
    method = raw.get("method") if isinstance(raw, Mapping) else None
    if not isinstance(method, str) or method not in OPERATIONS:
        raise Invalid(errors={"method": [f"Must be one of {', '.join(OPERATIONS)}."]})
    return OPERATIONS[method].read(raw)
