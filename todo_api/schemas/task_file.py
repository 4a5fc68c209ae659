"""Tasks in a file: what an export holds and an import takes, whatever the format.

A record is one task as the formats know it, with the values that TaskRecordSchema reads and shows.
Reading a file gives records and their places; reading records gives rows that can be stored.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields, post_dump, validates_schema

from todo_api.errors import Invalid
from todo_api.schemas.fields import Boolean, Currency, ETag, Name, OneOf, Text, Unread
from todo_api.schemas.moments import Due, MomentInFile
from todo_api.schemas.numbers import Integer, Scaled
from todo_api.schemas.skipped import SkippedSchema
from todo_api.schemas.wire import Wire
from todo_api.services import exchange
from todo_api.services.bad_rows import MOST_BAD, BadRow, reasons, refusal
from todo_api.services.exchange import HIGHEST_PRICE, Row
from todo_api.values import moments, money

MOST_TASKS = 100_000
"""Tasks that one import may bring."""

LONGEST_NOTE = 10_000

Record = dict[str, Any]
Placed = tuple[str, Record | str]
"""Where in its file a record stands, and the record; or why there is none."""


class Sum(Scaled):
    """A sum of money, which goes out as it was rounded."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **options: Any) -> Any:
        return value


class PaidSchema(Wire):
    """What was paid. The amount is the price times the task's quantity; one of them is enough."""

    amount = Sum(least=Decimal(0), most=Decimal(10) ** 12, allow_none=True)
    currency = Currency(required=True)
    price = Scaled(least=Decimal(0), most=Decimal(HIGHEST_PRICE), allow_none=True)

    sometimes = frozenset({"amount", "price"})
    example = {"amount": 2.70, "currency": "EUR", "price": 1.35}


class TaskRecordSchema(Wire):
    """A task in a file. All that goes out comes in again; what a list shows beside is dropped."""

    name = Name(required=True)
    note = Text(most=LONGEST_NOTE, allow_none=True, load_default=None)
    creation_date = MomentInFile(allow_none=True, load_default=None)
    due_date = Due(allow_none=True, load_default=None)
    completed = Boolean(allow_none=True, load_default=None)
    completed_date = MomentInFile(allow_none=True, load_default=None)
    item = Name(allow_none=True, load_default=None)
    quantity = Scaled(
        least=Decimal("0.0001"),
        most=Decimal(10_000),
        allow_none=True,
        load_default=money.SCALE,
    )
    paid = fields.Nested(PaidSchema, allow_none=True, load_default=None)
    id = Integer(load_only=True)
    revision = Integer(load_only=True)
    etag = ETag(load_only=True)

    example = {
        "name": "Apples",
        "note": "The red ones.",
        "creation_date": "2026-11-20T09:31:00Z",
        "due_date": "2030-12-24T18:00:00Z",
        "completed": True,
        "completed_date": "2026-11-21T10:00:00Z",
        "item": "apples",
        "quantity": 2,
        "paid": PaidSchema.example,
    }

    @post_dump(pass_original=True)
    def _tell_price(self, record: Record, task: Any, **options: Any) -> Record:
        """Put the price that was paid beside the amount, which changes with the quantity."""
        if record["paid"]:
            record["paid"]["price"] = money.plain(task.paid_price)
        return record


class Exported(Wire):
    """All tasks of an account in JSON."""

    tasks = fields.List(fields.Nested(TaskRecordSchema))

    example = {"tasks": [TaskRecordSchema.example]}


class TaskFile(Wire):
    """New tasks in JSON; what else a page of a list shows may be there, and says nothing."""

    tasks = Unread(fields.Nested(TaskRecordSchema(partial=False)), required=True)
    username = Text(most=64, load_only=True)
    next = Text(most=2_000, allow_none=True, load_only=True)
    etag = ETag(allow_none=True, load_only=True)
    total = Integer(load_only=True)

    in_forms = False
    example = {"tasks": [{"name": "Apples", "item": "apples", "quantity": 2}]}


class ExportQuery(Wire):
    """In which format."""

    format = OneOf(
        ("json", "csv", "ics"),
        load_default="json",
        metadata={"description": "The format: JSON, CSV or iCalendar."},
    )
    excel = Boolean(
        load_default=False,
        allow_none=False,
        metadata={"description": "Begin CSV with a byte order mark, so that Excel reads UTF-8."},
    )
    delimiter = OneOf(
        (",", ";"),
        load_default=",",
        metadata={"description": "The delimiter of CSV. With `;` numbers have decimal commas."},
    )
    escape_formulas = Boolean(
        load_default=False,
        allow_none=False,
        metadata={
            "description": "Put an apostrophe before texts of CSV that begin as a formula does:"
            " with `=`, `+`, `-`, `@`, a tab or a carriage return. An import keeps it."
        },
    )

    example = {"format": "csv", "excel": True, "delimiter": ";", "escape_formulas": False}

    @validates_schema(skip_on_field_errors=True)
    def _be_about_csv(self, values: dict[str, Any], **options: Any) -> None:
        for name in ("excel", "delimiter", "escape_formulas"):
            default = self.fields[name].load_default
            if values.get("format", "csv") != "csv" and values.get(name, default) != default:
                raise ValidationError("Only format=csv has it.", name)


class Imported(Wire):
    """How many tasks there are more, and what of a calendar is not in them as it stood there."""

    imported = Integer(least=0)
    skipped = fields.List(fields.Nested(SkippedSchema))

    example = {"imported": 3, "skipped": [SkippedSchema.example]}


_RECORD, _FILE = TaskRecordSchema(), TaskFile()


def in_json(sent: Any) -> Iterator[Placed]:
    """Yield the records in a JSON value; raise Invalid if it does not hold tasks."""
    tasks = _FILE.read(sent)["tasks"]
    for index, task in enumerate(tasks):
        yield f"tasks[{index}]", task if isinstance(task, dict) else "Must be an object."


def dumped(task: Any) -> Record:
    """Return the record of a stored task."""
    record: Record = _RECORD.dump(task)
    return record


def row(record: Record, zone: ZoneInfo) -> Row:
    """Return the row of one record; raise Invalid if it is no task."""
    return exchange.row(_RECORD.read(record), zone, moments.now())


def rows(placed: Iterable[Placed], zone: ZoneInfo) -> list[Row]:
    """Return the rows of all records; raise Invalid, with the places in `errors`, if one is wrong.

    After MOST_BAD wrong ones, the rest is not looked at.
    """
    good: list[Row] = []
    bad: list[BadRow] = []
    for number, (place, record) in enumerate(placed, 1):
        must_be_few(number)
        if isinstance(record, str):
            bad.append(BadRow(place, [record]))
        else:
            try:
                good.append(row(record, zone))
            except Invalid as error:
                bad.append(BadRow(place, reasons(error, record)))
        if len(bad) > MOST_BAD:
            break
    if bad:
        raise refusal(bad, "task")
    return good


def must_be_few(number: int) -> None:
    """Raise Invalid if so many tasks are too many."""
    if number > MOST_TASKS:
        raise Invalid(f"There are more than {MOST_TASKS:,} tasks.")
