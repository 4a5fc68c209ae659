"""Tasks on the wire."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, pre_load

from todo_api.schemas.fields import Boolean, Currency, ETag, Name, OneOf, Text
from todo_api.schemas.moments import Due, Moment
from todo_api.schemas.numbers import Integer, Scaled
from todo_api.schemas.query import PageQuery
from todo_api.schemas.wire import READ_ONLY, Wire
from todo_api.services.task_filter import Filter
from todo_api.services.tasks import SORTS
from todo_api.values import money, names

POSTED = "posted"


class Amount(Wire):
    """A sum of money."""

    amount = fields.Decimal(required=True)
    currency = Currency(required=True)

    example = {"amount": 2.70, "currency": "EUR"}


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
    etag = ETag(metadata=READ_ONLY)

    example = {
        "id": 2,
        "name": "Apples",
        "note": "The red ones.",
        "creation_date": "2026-11-20T09:31:00Z",
        "due_date": "2030-12-24T18:00:00Z",
        "completed": False,
        "completed_date": None,
        "item": "apples",
        "quantity": 2,
        "paid": None,
        "revision": 2,
        "etag": '"k7w2mq9x.2"',
    }

    @pre_load
    def _overlook_posted(self, sent: Any, **options: Any) -> Any:
        """Take back a new task as it was answered, see PostedTask."""
        if isinstance(sent, dict) and options["partial"] and sent.get("msg") == POSTED:
            return {name: value for name, value in sent.items() if name != "msg"}
        return sent


class PostedTask(TaskSchema):
    """A new task as it is answered: its fields and a word beside them."""

    msg = fields.Constant(constant=POSTED)

    example = {**TaskSchema.example, "msg": POSTED}


class TaskPage(Wire):
    """One page of an account's tasks; `total` is there when it was asked for."""

    username = Text(most=64)
    tasks = fields.List(fields.Nested(TaskSchema))
    next = Text(most=2_000, allow_none=True)
    etag = ETag(allow_none=True)
    total = Integer()

    sometimes = frozenset({"total"})
    example = {
        "username": "alice",
        "tasks": [TaskSchema.example],
        "next": None,
        "etag": '"k7w2mq9x.4"',
    }


class FilterQuery(Wire):
    """Which tasks are meant."""

    completed = Boolean(metadata={"description": "Only what is done, or only what is not."})
    due_before = Due(metadata={"description": "Only what is due before that."})
    due_after = Due(metadata={"description": "Only what is due after that."})
    overdue = Boolean(metadata={"description": "Only what is late now, or only what is not."})
    q = Text(
        least=1,
        most=names.LONGEST_NAME,
        metadata={"description": "A part of the name or of the note, in whatever case."},
    )

    example = {
        "completed": False,
        "due_before": "2030-12-25",
        "due_after": "2026-11-20T09:30:00Z",
        "overdue": False,
        "q": "app",
    }

    @post_load
    def _wanted(self, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Put the filter's own parameters together, beside what there is for a page."""
        own = {name: values.pop(name) for name in list(values) if hasattr(Filter, name)}
        return {**values, "wanted": Filter(**own)}


class TaskQuery(PageQuery, FilterQuery):
    """Which page of which tasks, in which order, and whether all of them are counted."""

    sort = OneOf(
        SORTS,
        load_default="id",
        metadata={"description": "In which order; `-` stands for backwards."},
    )
    total = Boolean(
        load_default=False,
        metadata={"description": "Whether to count what all pages have together."},
    )

    example = {**PageQuery.example, **FilterQuery.example, "sort": "id", "total": True}


class Unpriced(Wire):
    """A task whose item has no price."""

    id = Integer()
    name = Text(most=255)
    item = Text(most=255)
    etag = ETag()

    example = {"id": 3, "name": "Balloons", "item": "balloons", "etag": '"k7w2mq9x.3"'}


class TotalSchema(Wire):
    """What the tasks cost."""

    totals = fields.List(fields.Nested(Amount))
    priced = Integer()
    unpriced = fields.List(fields.Nested(Unpriced))

    example = {"totals": [Amount.example], "priced": 1, "unpriced": [Unpriced.example]}
