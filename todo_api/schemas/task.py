"""Tasks on the wire."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_dump, post_load, pre_load

from todo_api.schemas.fields import Boolean, Currency, Name, OneOf, Text
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

    @pre_load
    def _overlook_posted(self, sent: Any, **options: Any) -> Any:
        """Take back a new task as it was answered, see PostedTask."""
        if isinstance(sent, dict) and options["partial"] and sent.get("msg") == POSTED:
            return {name: value for name, value in sent.items() if name != "msg"}
        return sent


class PostedTask(TaskSchema):
    """A new task as it is answered: its fields and a word beside them."""

    @post_dump
    def _say_posted(self, shown: dict[str, Any], **options: Any) -> dict[str, Any]:
        return {**shown, "msg": POSTED}


class TaskPage(Wire):
    """One page of an account's tasks; `total` is there when it was asked for."""

    username = Text(most=64)
    tasks = fields.List(fields.Nested(TaskSchema))
    next = Text(most=2_000)
    total = Integer()


class FilterQuery(Wire):
    """Which tasks are meant."""

    completed = Boolean()
    due_before = Due()
    due_after = Due()
    overdue = Boolean()
    q = Text(least=1, most=names.LONGEST_NAME)

    @post_load
    def _wanted(self, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Put the filter's own parameters together, beside what there is for a page."""
        own = {name: values.pop(name) for name in list(values) if hasattr(Filter, name)}
        return {**values, "wanted": Filter(**own)}


class TaskQuery(PageQuery, FilterQuery):
    """Which page of which tasks, in which order, and whether all of them are counted."""

    sort = OneOf(SORTS, load_default="id")
    total = Boolean(load_default=False)


class Unpriced(Wire):
    """A task whose item has no price."""

    id = Integer()
    name = Text(most=255)
    item = Text(most=255)


class TotalSchema(Wire):
    """What the tasks cost."""

    totals = fields.List(fields.Nested(Amount))
    priced = Integer()
    unpriced = fields.List(fields.Nested(Unpriced))
