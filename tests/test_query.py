"""What a query said is kept for whoever sends the same one, and is each request's own."""

import pytest

from todo_api.urls import ROUTES

ASKED = {
    type(schema).__name__: schema for route in ROUTES for schema in route.resource.asks.values()
}


@pytest.mark.parametrize("schema", ASKED.values(), ids=ASKED)
def test_no_value_in_a_query_can_be_changed(schema):
    examples = {name: schema.example[name] for name in schema.fields if name in schema.example}
    texts = {
        name: each if isinstance(each, list) else [str(each)] for name, each in examples.items()
    }
    values = schema.read(schema.from_form(texts))
    assert values
    hash(tuple(values.values()))


@pytest.mark.parametrize("more", ["", "&sort=-name&q=" + 255 * "a"], ids=["short", "too long"])
def test_a_query_that_came_before_says_the_same_again(alice, more):
    for name in ("a" * 253, "a" * 254, "a" * 255):
        alice.task(name=name, note="a" * 300)
    query = f"limit=2{more}"
    first, second, third = (alice.get(f"{alice.path}/tasks?{query}") for _ in range(3))
    assert first.data == second.data == third.data
    assert len(first.json["tasks"]) == 2
    last = alice.get(first.json["next"]).json
    assert last == alice.get(first.json["next"]).json
    assert len(last["tasks"]) == 1
    assert last["next"] is None


def test_the_same_query_may_mean_something_else_elsewhere(alice):
    alice.task(name="Apples")
    query = "?since=x.1"
    assert alice.get(f"{alice.path}/changes{query}").status_code == 200
    assert alice.get(f"{alice.path}/tasks{query}").status_code == 422


def test_a_query_that_is_wrong_is_wrong_each_time(alice):
    for _ in range(2):
        assert alice.get(f"{alice.path}/tasks?limit=0").status_code == 422
        assert alice.get(f"{alice.path}/tasks?limit=%zz").status_code == 400


def test_a_query_by_the_clock_is_read_by_the_clock_of_each_request(alice):
    alice.task(name="late", due_date="2001-01-01")
    for _ in range(2):
        late = alice.get(f"{alice.path}/tasks?overdue=true").json["tasks"]
        assert [task["name"] for task in late] == ["late"]
        alice.task(name="late", due_date="9000-01-01")
