"""What is compiled from a schema shows the same JSON as marshmallow does."""

from collections import namedtuple
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields, post_dump, pre_dump

from todo_api.models import TaskRow
from todo_api.resources import json_text
from todo_api.schemas.change import Change
from todo_api.schemas.echo import EchoedRequest
from todo_api.schemas.fields import Boolean, Text
from todo_api.schemas.moments import Due, Moment, MomentInFile
from todo_api.schemas.numbers import Integer, Scaled
from todo_api.schemas.task import TaskPage, TaskSchema
from todo_api.schemas.task_file import Exported
from todo_api.schemas.wire import AsIs, Wire
from todo_api.urls import ROUTES

SHOWN = {
    type(schema).__name__: schema
    for route in ROUTES
    for schema in route.resource.gives.values()
    if not isinstance(schema, AsIs)
}
FALLS_BACK = {EchoedRequest, Exported}
"""What is rare, or any JSON; it has fields or a hook that are not compiled."""

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - The time zones stand below.
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001 - The time zones stand below.
    timezones=st.sampled_from([UTC, timezone(timedelta(0), "Zulu"), None]),
)
DATES = st.dates(min_value=date(1970, 1, 1), max_value=date(9998, 12, 31))
TEXTS = st.text(max_size=20)
WHOLE = st.integers(-(2**53), 2**53)


def values_of(field):
    """Return a strategy for what is stored where `field` shows it."""
    if isinstance(field, Change):
        return objects_of(TaskSchema(), deleted_date=st.none() | MOMENTS)
    if isinstance(field, fields.Nested):
        return objects_of(field.schema)
    if isinstance(field, fields.List):
        inner = values_of(field.inner)
        return st.lists(inner if isinstance(field.inner, Change) else st.none() | inner, max_size=3)
    kinds = {
        fields.Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=3) | WHOLE,
        fields.Float: st.floats(allow_nan=False, allow_infinity=False),
        Moment: MOMENTS,
        MomentInFile: MOMENTS,
        Due: MOMENTS | DATES,
        Scaled: st.integers(0, 10**12),
        Integer: WHOLE,
        Boolean: st.booleans(),
    }
    return kinds.get(type(field), TEXTS)


class Items:
    """What gives its members as items only."""

    def __init__(self, **members):
        self.members = members

    def __getitem__(self, name):
        return self.members[name]


def row(**members):
    return namedtuple("Row", members)(**members)  # noqa: PYI024 - Of any names.


KINDS = (SimpleNamespace, row, dict, Items)


@st.composite
def objects_of(draw, schema, **more):
    members = {}
    for name, field in schema.dump_fields.items():
        if draw(st.sampled_from(["there", "there", "there", "null", "missing"])) == "missing":
            continue
        members[field.attribute or name] = draw(st.none() | values_of(field))
    members.update({name: draw(strategy) for name, strategy in more.items()})
    kinds = KINDS[:2] if more else KINDS
    # Each tuple has a method count.
    possible = [kind for kind in kinds if kind is not row or "count" not in schema.dump_fields]
    return draw(st.sampled_from(possible))(**members)


COMPILED = [schema for schema in SHOWN.values() if type(schema) not in FALLS_BACK]


@pytest.mark.parametrize("schema", COMPILED, ids=lambda schema: type(schema).__name__)
@given(data=st.data())
def test_every_answer_is_shown_as_marshmallow_shows_it(schema, data):
    objects = objects_of(schema)
    it = data.draw(st.lists(objects, max_size=3) if schema.many else objects)
    dumped = schema.dump(it)
    assert json_text.render(schema.show(it)) == json_text.render(dumped)
    assert json_text.render(schema.show(it), ordered=True) == json_text.render(dumped, ordered=True)


def is_compiled(schema):
    """Return whether showing asks marshmallow for nothing."""

    def dump(*_):
        raise AssertionError

    schema.dump = dump
    try:
        schema.show(dict.fromkeys(schema.dump_fields))
    except AssertionError:
        return False
    return True


def test_only_what_is_rare_is_left_to_marshmallow():
    assert {
        type(schema) for schema in SHOWN.values() if not is_compiled(type(schema)())
    } == FALLS_BACK


def test_a_task_is_shown_as_it_is_stored():
    stored = TaskRow(
        id=2,
        name="Apples",
        note=None,
        creation_date=datetime(2026, 11, 20, 9, 31, 0, 7, tzinfo=UTC),
        due_at=None,
        due_on=date(2030, 12, 24),
        completed_date=datetime(2026, 11, 21, tzinfo=UTC),
        item=None,
        quantity=12345,
        paid_price=13500,
        paid_currency="EUR",
        revision=3,
        deleted_date=None,
        era="k7w2mq9x",
    )
    assert json_text.render(TaskSchema().show(stored)) == (
        b'{"id":2,"name":"Apples","note":null,"creation_date":"2026-11-20T09:31:00.000007Z",'
        b'"due_date":"2030-12-24","completed":true,"completed_date":"2026-11-21T00:00:00Z",'
        b'"item":null,"quantity":1.2345,"paid":{"amount":1.67,"currency":"EUR"},"revision":3,'
        rb'"etag":"\"k7w2mq9x.3\""}'
    )


class Loud(Text):
    """A field that writes its value in a way of its own."""

    def _serialize(self, value, attr, obj, **options):
        return str(value).upper()


class OwnWay(Scaled):
    """A field that overrides how it dumps, and not how it shows."""

    def _serialize(self, value, attr, obj, **options):
        return -value


class Elsewhere(Text):
    """A field that finds its value somewhere else."""

    def get_value(self, obj, attr, accessor=None, default=None):
        return "elsewhere"


class Hooked(Wire):
    name = Text(most=9)

    @post_dump
    def _add(self, shown, **options):
        return {**shown, "more": True}


class HookedBefore(Wire):
    name = Text(most=9)

    @pre_dump
    def _put(self, it, **options):
        return {**it, "name": "another"}


class Override(Wire):
    name = Text(most=9)

    def dump(self, obj, **options):
        return {"dumped": super().dump(obj, **options)}


@pytest.mark.parametrize(
    "schema",
    [
        Hooked,
        HookedBefore,
        Override,
        *(
            partial(Wire.from_dict({"name": field}))
            for field in (
                Loud(most=9),
                OwnWay(least=Decimal(0), most=Decimal(9)),
                Elsewhere(most=9),
                Text(most=9, dump_default="default"),
                Text(most=9, attribute="not.plain"),
                fields.Function(lambda it: it.get("name")),
                fields.Decimal(places=1),
                fields.Decimal(as_string=True),
                fields.Float(as_string=True),
                fields.Nested(Hooked),
                fields.List(fields.Nested(Hooked)),
                fields.Nested(TaskPage, many=True),
            )
        ),
    ],
)
@pytest.mark.parametrize("it", [{"name": 7, "not": {"plain": 1}}, {"not": {"plain": 2}}])
def test_what_is_not_known_is_left_to_marshmallow(schema, it):
    assert not is_compiled(schema())
    if not isinstance(schema().fields["name"], fields.Nested | fields.List):
        assert schema().show(it) == schema().dump(it)


class Renamed(Wire):
    name = Text(most=9, data_key='the "name"', attribute="named")
    never = Text(most=9, load_only=True)


def test_a_member_may_have_another_name_than_the_field_and_the_attribute():
    assert is_compiled(Renamed())
    assert Renamed().show({"named": "x", "never": "y"}) == {'the "name"': "x"}


def test_what_an_answer_has_only_sometimes_is_left_out_when_it_is_null():
    page = {"username": "alice", "tasks": [], "next": None}
    assert (
        TaskPage().show({**page, "total": None}) == TaskPage().dump({**page, "total": None}) == page
    )
    assert TaskPage().show({**page, "total": 0}) == {**page, "total": 0}
