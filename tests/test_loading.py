"""What is compiled from a schema loads the same values as marshmallow does, or refuses the same."""

from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import INCLUDE, fields, missing, post_load, validates, validates_schema

from todo_api.errors import Problem
from todo_api.schemas.fields import Text
from todo_api.schemas.numbers import Integer
from todo_api.schemas.task import TaskSchema
from todo_api.schemas.wire import AsIs, Wire
from todo_api.urls import ROUTES

SENT = {
    type(schema).__name__: schema
    for route in ROUTES
    for schemas in (route.resource.takes, route.resource.asks)
    for schema in schemas.values()
    if not isinstance(schema, AsIs)
}.values()

EXAMPLES = [
    value
    for schema in SENT
    for value in (schema.example if schema.example_sent is None else schema.example_sent).values()
]
VALUES = st.one_of(
    st.sampled_from(EXAMPLES),
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.lists(st.text(max_size=2), max_size=2),
)


def outcome(schema, raw, partial):
    try:
        return schema.read(raw, partial=partial)
    except Problem as problem:
        return type(problem), problem.message, problem.errors


def by_marshmallow(schema):
    """Return a schema of the same class for which nothing is compiled."""
    asking = type(schema)()
    vars(asking)["_load"] = None
    return asking


@st.composite
def sent_to(draw, schema):
    example = schema.example if schema.example_sent is None else schema.example_sent
    raw = {
        name: draw(st.just(example[name]) | VALUES if name in example else VALUES)
        for name in schema.fields
        if draw(st.sampled_from([True, True, False]))
    }
    return {**raw, **draw(st.sampled_from([{}, {}, {}, {"unknown": 1}, {"msg": "posted"}]))}


@pytest.mark.parametrize("schema", SENT, ids=lambda schema: type(schema).__name__)
@given(data=st.data(), partial=st.booleans())
def test_all_that_is_sent_is_read_as_marshmallow_reads_it(schema, data, partial):
    raw = data.draw(sent_to(schema))
    assert outcome(schema, raw, partial) == outcome(by_marshmallow(schema), raw, partial)


def is_compiled(schema, raw=MappingProxyType({})):
    """Return whether what is right is read without marshmallow's `load`."""
    loaded = []
    schema.load = lambda raw, **_: loaded.append(raw)
    schema.read(raw, partial=True)
    return not loaded


def test_all_that_is_sent_is_compiled():
    assert {type(schema) for schema in SENT if not is_compiled(type(schema)())} == set()
    assert is_compiled(TaskSchema(), {"name": "x", "msg": "posted"})
    assert is_compiled(Renamed(), {"inner": {}, "count": 1})


class Checked(Wire):
    name = Text(most=9)

    @validates("name")
    def _check(self, value, **options):
        pass


class OfAll(Wire):
    name = Text(most=9)

    @post_load(pass_collection=True)
    def _change(self, values, **options):
        return values


class WithOriginal(Wire):
    name = Text(most=9)

    @validates_schema(pass_original=True)
    def _check(self, values, original, **options):
        pass


class Open(Wire):
    class Meta:
        unknown = INCLUDE


class Override(Wire):
    name = Text(most=9)

    def load(self, data, **options):
        return super().load(data, **options)


class Several(Wire):
    class Meta:
        many = True


@pytest.mark.parametrize(
    "schema",
    [
        Checked,
        OfAll,
        WithOriginal,
        Open,
        Override,
        Several,
        Wire.from_dict({"name": Text(most=9, attribute="not.plain")}),
    ],
)
def test_what_loads_in_another_way_is_left_to_marshmallow(schema):
    assert not is_compiled(schema())


class Inner(Wire):
    name = Text(most=9, required=True)


class Counting(Integer):
    def deserialize(self, value, *arguments, **options):
        return 3 if value is missing else super().deserialize(value, *arguments, **options)


class Renamed(Wire):
    name = Text(most=9, data_key='the "name"', attribute="named", required=True)
    inner = fields.Nested(Inner)
    count = Integer(allow_none=True, load_default=lambda: 7)
    counted = Counting(allow_none=True, load_default=8)
    shown = Text(most=9, dump_only=True)

    needs: ClassVar = {"inner": ["count"]}


@pytest.mark.parametrize(
    "raw",
    [
        {'the "name"': "x"},
        {'the "name"': "x", "count": None},
        {'the "name"': "x", "counted": None},
        {'the "name"': "x", "count": Decimal(2)},
        {"name": "x"},
        {"named": "x"},
        {"shown": "x", 'the "name"': "x"},
        {'the "name"': "x", "inner": {}, "count": 1},
        {'the "name"': "x", "inner": {"name": "x"}},
        {},
    ],
)
@pytest.mark.parametrize("partial", [False, True])
def test_names_defaults_and_needs_are_marshmallows(raw, partial):
    assert outcome(Renamed(), raw, partial) == outcome(by_marshmallow(Renamed()), raw, partial)


def test_all_that_is_wrong_is_told():
    kind, _, errors = outcome(TaskSchema(), {"quantity": "x", "note": 1, "more": 2}, False)
    assert (kind.__name__, set(errors)) == ("Invalid", {"name", "quantity", "note", "more"})
