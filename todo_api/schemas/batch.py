"""Batches of changes to tasks, on the wire."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from todo_api.schemas.change import Change
from todo_api.schemas.fields import Few, OneOf, Text
from todo_api.schemas.numbers import Integer
from todo_api.schemas.wire import Wire

MOST_OPERATIONS = 100


class Batch(Wire):
    """What is to happen, all of it or nothing."""

    operations = Few(fields.Raw(allow_none=True), least=1, most=MOST_OPERATIONS, required=True)


class Operation(Wire):
    """One of them: a task is created by POST, changed by PUT or PATCH, deleted by DELETE."""

    method = OneOf(("POST", "PUT", "PATCH", "DELETE"), required=True)
    id = Integer(least=1, most=10**18 - 1)
    if_match = Text(most=200)
    body = fields.Raw()

    @validates_schema
    def _fits_its_method(self, values: dict[str, Any], **options: Any) -> None:
        method = values.get("method")
        creating, deleting = method == "POST", method == "DELETE"
        misplaced = {
            "id": creating == ("id" in values),
            "if_match": creating and "if_match" in values,
            "body": deleting and "body" in values,
        }
        for name, is_wrong in misplaced.items():
            if method and is_wrong:
                raise ValidationError(f"Does not fit {method}, or is missing.", name)


class BatchResult(Wire):
    """What has happened: each task as it is now, or its tombstone, and the counter after it."""

    results = fields.List(Change())
    revision = Integer()
