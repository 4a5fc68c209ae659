"""Nobody sets what is not theirs to set: read-only fields, and the columns behind the schemas.

The cases are made from the schemas and the tables, so that a new field or column is among them.
"""

import json

import pytest
from marshmallow import fields
from sqlalchemy import select
from support import PASSWORD

from todo_api.models import Base
from todo_api.resources.of_file import FileEndpoint
from todo_api.resources.stored import StoredEndpoint
from todo_api.schemas.fields import Boolean
from todo_api.schemas.json_schema import example_sent
from todo_api.schemas.moments import Moment
from todo_api.schemas.numbers import Integer
from todo_api.schemas.task import TaskSchema
from todo_api.urls import ROUTES

OWN = "/api/v1/accounts/<username>"
VALUES = {"username": "alice", "id": "2", "name": "apples"}
WRITING = [
    (route.path, verb, route.resource.takes[verb])
    for route in ROUTES
    for verb in ("post", "put", "patch")
    if verb in route.names and verb in route.resource.takes
    if issubclass(route.resource, StoredEndpoint) and not issubclass(route.resource, FileEndpoint)
]
COLUMNS = sorted({column.name for table in Base.metadata.sorted_tables for column in table.columns})


@pytest.fixture
def backend(backend):
    """The backend, where every field may be tried in a registration."""
    return backend.with_settings(registrations_per_hour=1_000)


@pytest.fixture
def writer(backend):
    """An account with all that the routes name."""
    backend.register("alice", PASSWORD)
    alice = backend.someone("alice")
    alice.task()
    backend.price("apples", 13500)
    assert alice.get(alice.path).status_code == 200, "The use of the token is noted from here on."
    return alice


@pytest.fixture
def keeper(backend):
    """An admin, who may write the price list."""
    admin = backend.admin()
    assert admin.get(admin.path).status_code == 200
    return admin


def stored(backend):
    """Return all rows but those that count attempts, which are to count these, too."""
    with backend.session() as session:
        return [
            session.execute(select(table)).all()
            for table in Base.metadata.sorted_tables
            if table.name != "attempt"
        ]


def path_of(path):
    for name, value in VALUES.items():
        path = path.replace(f"<{name}>", value)
    return path


def others(field):
    """Return values that the field, of whatever account or task, never has."""
    if isinstance(field, Boolean):
        return [True]
    if isinstance(field, Integer):
        return [999_999, 1]
    if isinstance(field, Moment):
        return ["2001-01-01T00:00:00Z"]
    if isinstance(field, fields.Nested):
        return [{"amount": 1, "currency": "EUR"}]
    return ["mallory"]


def body_of(path, verb, schema):
    """Return a body that would be right."""
    body = dict(example_sent(schema))
    if path == "/api/v1/accounts":
        body["username"] = "mallory"
    if path == "/api/v1/prices":
        body["name"] = "pears"
    if path.endswith("/login"):
        body["password"] = PASSWORD
    if "current_password" in schema.fields and "password" in body:
        body["current_password"] = PASSWORD
    return body


def read_only(schema):
    return {name: each for name, each in schema.fields.items() if each.metadata.get("readOnly")}


def wrong_fields(schema):
    """Yield each field that may not be set, with a value that it may not be set to."""
    for name, each in read_only(schema).items():
        for value in others(each):
            yield name, value
    for name in {*COLUMNS} - {*schema.fields}:
        yield name, 1


def must_be_refused(answer, name, where):
    assert answer.status_code == 422, where
    assert name in answer.json["errors"], where


@pytest.mark.parametrize("case", WRITING, ids=lambda case: f"{case[1]} {case[0]}")
def test_what_is_not_to_be_set_is_refused(backend, writer, keeper, case):
    path, verb, schema = case
    sender = keeper if "prices" in path else writer
    before = stored(backend)
    right = body_of(path, verb, schema)
    for name, value in wrong_fields(schema):
        sent = {**right, name: value}
        answer = sender(verb.upper(), path_of(path), json=sent)
        must_be_refused(answer, name, (name, value, answer.json))
        if schema.in_forms and not isinstance(value, dict):
            form = {
                each: str(text).lower() if text in (True, False) else text
                for each, text in sent.items()
                if text is not None
            }
            answer = sender(verb.upper(), path_of(path), data=form)
            must_be_refused(answer, name, ("form", name, value, answer.json))
    assert stored(backend) == before
    assert sender(verb.upper(), path_of(path), json=right).status_code in (200, 201)


@pytest.mark.parametrize("verb", ["put", "patch"])
@pytest.mark.parametrize("whose", ["alice", "boss"])
def test_an_admin_sets_no_more_of_an_account_either(backend, writer, keeper, verb, whose):
    """An admin manages profiles; who is an admin, though, is said where the server runs."""
    account = f"/api/v1/accounts/{whose}"
    (schema,) = (schema for *route, schema in WRITING if route == [OWN, verb])
    shown = keeper.get(account).json
    assert shown["is_admin"] is (whose == "boss")
    before = stored(backend)
    for name, value in [*wrong_fields(schema), ("is_admin", not shown["is_admin"])]:
        if shown.get(name) == value:
            continue
        for sent in ({name: value}, {**shown, name: value}):
            answer = keeper(verb.upper(), account, json=sent)
            must_be_refused(answer, name, (name, value, answer.json))
        answer = keeper(verb.upper(), account, data={name: str(value).lower()})
        must_be_refused(answer, name, ("form", name, value, answer.json))
    assert stored(backend) == before
    assert keeper(verb.upper(), account, json={**shown, "pets": ["cat"]}).status_code == 200


def test_a_batch_sets_no_more_than_a_request(backend, writer):
    before = stored(backend)
    schema = TaskSchema()
    batch = f"{writer.tasks}/batch"
    good = {"method": "POST", "body": {"name": "first"}}
    for name, value in wrong_fields(schema):
        for other in (
            {"method": "POST", "body": {"name": "x", name: value}},
            {"method": "PUT", "id": 2, "body": {name: value}},
            {"method": "PATCH", "id": 2, "body": {name: value}},
        ):
            answer = writer.post(batch, json={"operations": [good, other]})
            must_be_refused(answer, name, (name, value, other["method"], answer.json))
            assert answer.json["index"] == 1
    assert stored(backend) == before


def test_an_import_brings_no_ids_and_no_columns(backend, writer):
    before = stored(backend)
    route = f"{writer.path}/import"
    for name in (
        {*COLUMNS}
        - {"id", "name", "note", "creation_date", "completed_date", "item"}
        - {
            "quantity",
            "revision",
        }
    ):
        files = (
            (json.dumps({"tasks": [{"name": "x", name: 1}]}), "application/json"),
            (f"name,{name}\nx,1\n", "text/csv"),
        )
        for content, media in files:
            answer = writer.post(route, data=content, content_type=media)
            assert answer.status_code == 422, (name, media, answer.json)
    assert stored(backend) == before
    sent = {"tasks": [{"name": "x", "id": 999_999, "revision": 999_999}], "username": "bob"}
    assert writer.post(route, json=sent).json["imported"] == 1
    assert [task["id"] for task in writer.get(writer.tasks).json["tasks"]] == [2, 3]


def test_an_import_of_prices_brings_no_columns(backend, writer, keeper):
    before = stored(backend)
    own = {"name", "price", "currency", "unit", "updated_date"}
    for name in {*COLUMNS} - own:
        content = json.dumps({"prices": [{"name": "x", "price": 1, name: 1}]})
        answer = keeper.post("/api/v1/prices/import", data=content, content_type="application/json")
        assert answer.status_code == 422, (name, answer.json)
    assert stored(backend) == before


def test_what_equals_what_is_stored_is_accepted(writer, keeper):
    for path in (writer.path, "/api/v1/me", f"{writer.tasks}/2", "/api/v1/prices/apples"):
        shown = writer.get(path).json
        sender = keeper if "prices" in path else writer
        for method in ("PUT", "PATCH"):
            answer = sender(method, path, json=shown)
            assert (answer.status_code, answer.json) == (200, shown), (method, path)
