"""The OpenAPI document: complete, valid, and true."""

import re

import pytest
from document import BY_ID, OPERATIONS, example_of, fit, operation, resolved, success
from jsonschema import ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator

from todo_api import openapi
from todo_api.schemas.fields import NOT_BLANK
from todo_api.urls import ROUTES
from todo_api.values import names

FILES = (
    "text/css",
    "text/javascript",
    "image/png",
    "image/svg+xml",
    "application/manifest+json",
)
RESOURCES = {route.path: route.resource for route in ROUTES}


def test_the_document_is_served_and_valid(nobody):
    answer = nobody.get("/openapi.json")
    assert answer.json["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(answer.json).validate()


def test_every_route_is_in_it_and_no_other():
    paths = openapi.document()["paths"]
    described = {(path, verb) for path, verbs in paths.items() for verb in verbs}
    assert described == {(re.sub("<(.+?)>", r"{\1}", path), verb) for path, verb in OPERATIONS}


@pytest.mark.parametrize(("path", "verb"), OPERATIONS)
def test_an_operation_is_described_whole(path, verb):
    told = operation(path, verb)
    assert told["summary"]
    assert told["description"]
    assert told["tags"]
    assert re.fullmatch("[a-z_]+", told["operationId"])
    named = {each["name"] for each in told["parameters"] if each["in"] == "path"}
    assert named == set(re.findall("<(.+?)>", path))
    for status, answer in told["responses"].items():
        answered = resolved(answer)
        assert answered["description"]
        assert "X-Request-ID" in answered["headers"]
        assert all(resolved(each)["description"] for each in answered["headers"].values())
        if status not in ("204", "304"):
            assert answered["content"]
            assert all(media["schema"] for media in answered["content"].values())
    assert (told["security"] == []) is ("401" not in told["responses"] or path.endswith("login"))


def examples(content):
    """Yield the examples of what has one, and that is all but files."""
    for media, told in content.items():
        if media not in FILES:
            yield told["example"], told["schema"]


@pytest.mark.parametrize(("path", "verb"), OPERATIONS)
def test_everything_sent_and_answered_has_an_example_that_fits(path, verb):
    told = operation(path, verb)
    for each in told["parameters"]:
        assert each["description"]
        fit(example_of(each), each["schema"])
    for status, answer in told["responses"].items():
        content = resolved(answer).get("content", {})
        for example, schema in examples(content):
            fit(example, schema)
            if int(status) >= 400:
                assert example["status"] == int(status)
    assert ("requestBody" in told) is (verb in RESOURCES[path].takes)
    for example, schema in examples(told.get("requestBody", {"content": {}})["content"]):
        fit(example, schema)


def test_operations_have_names_of_their_own():
    assert len(BY_ID) == len(OPERATIONS)


def test_tags_and_the_security_scheme_are_described():
    document = openapi.document()
    assert all(tag["description"] for tag in document["tags"])
    used = {tag for path, verb in OPERATIONS for tag in operation(path, verb)["tags"]}
    assert used == {tag["name"] for tag in document["tags"]}
    assert document["components"]["securitySchemes"]["bearer"]["description"]


def test_a_body_is_described_for_each_media_type(nobody):
    body = operation("/api/v1/accounts/<username>/tasks", "post")["requestBody"]
    assert set(body["content"]) == {
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }


def test_a_form_has_no_null_and_no_objects():
    content = operation("/api/v1/accounts/<username>/tasks", "post")["requestBody"]["content"]
    form = content["application/x-www-form-urlencoded"]["schema"]
    assert form["required"] == ["name"]
    assert "paid" not in form["properties"]
    fit({"name": "x", "note": "", "item": "", "due_date": "", "completed": "on"}, form)
    for wrong in ({"note": None}, {"completed": "yes"}, {"item": None}, {"due_date": None}):
        with pytest.raises(ValidationError):
            fit({"name": "x", **wrong}, form)


def test_a_new_password_needs_the_old_one():
    changes = openapi.document()["components"]["schemas"]["AccountChanges"]
    fit({"password": "correct-horse", "current_password": "x"}, changes)
    with pytest.raises(ValidationError):
        fit({"password": "correct-horse"}, changes)
    assert "dependentRequired" not in openapi.document()["components"]["schemas"]["Registration"]


def test_a_schema_says_what_the_field_checks():
    schemas = openapi.document()["components"]["schemas"]
    task = schemas["NewTask"]
    assert task["required"] == ["name"]
    assert task["additionalProperties"] is False
    assert schemas["Addends"]["required"] == ["number1", "number2"]
    name = task["properties"]["name"]
    assert (name["type"], name["minLength"], name["maxLength"]) == ("string", 1, 255)
    assert re.search(name["pattern"], " milk ")
    assert not re.search(name["pattern"], " \x1f\u3000")
    assert not re.search(name["pattern"], "a\0")
    assert task["properties"]["note"]["type"] == ["string", "null"]
    assert task["properties"]["quantity"]["default"] == 1
    assert task["properties"]["id"]["readOnly"] is True
    assert "required" not in schemas["TaskChanges"]
    assert "default" not in str(schemas["TaskChanges"])
    quantity, price = (
        schemas[name]["properties"][field]["anyOf"][1]["pattern"]
        for name, field in (("NewTask", "quantity"), ("NewItemPrice", "price"))
    )
    assert [
        t
        for t in ("0", "0.0001", "1", "10", "0.5", "9999.9999", "10001", "1.00001")
        if re.search(quantity, t)
    ] == ["0.0001", "1", "10", "0.5", "9999.9999"]
    assert [
        t for t in ("0", "0.0001", "99999999", "999999999", "1.00001", "x") if re.search(price, t)
    ] == ["0", "0.0001", "99999999"]


TEXT = "^[^\\u0000]*$"
NUMBER = "^\\s*[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*$"
YEARS = "^(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-"
DUE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{6})?Z)?$"
PET = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": NOT_BLANK}
WHEN = [{"type": "string", "format": kind, "pattern": YEARS} for kind in ("date-time", "date")]
QUANTITY = [
    {"type": "number", "minimum": 0.0001, "maximum": 10000, "multipleOf": 0.0001},
    {"type": "string", "pattern": "^([1-9][0-9]{0,3}(\\.[0-9]{1,4})?|0\\.[0-9]{0,3}[1-9])$"},
]
PRICE = [
    {"type": "number", "minimum": 0, "maximum": 100000000, "multipleOf": 0.0001},
    {"type": "string", "pattern": "^[0-9]{1,8}(\\.[0-9]{1,4})?$"},
]
OPERATION = [
    {"$ref": f"#/components/schemas/{name}"} for name in ("Creation", "Alteration", "Deletion")
]
FIELDS = {
    "Account.is_admin": {"readOnly": True, "type": "boolean"},
    "Addends.number1": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": NUMBER}]},
    "Amount.currency": {"type": "string", "format": "iso-4217", "pattern": "^[A-Za-z]{3}$"},
    "AskedPrice.price": {"type": "number", "minimum": 0, "maximum": 100000000},
    "Batch.operations": {
        "type": "array",
        "items": {"oneOf": OPERATION},
        "minItems": 1,
        "maxItems": 100,
    },
    "Deletion.id": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "EchoedText.echo": {"type": "string", "pattern": TEXT},
    "ItemPrice.unit": {"type": ["string", "null"], "maxLength": 32, "pattern": TEXT},
    "NewItemPrice.price": {"anyOf": PRICE},
    "NewTask.completed": {"type": ["boolean", "null"], "default": False},
    "NewTask.due_date": {"anyOf": [*WHEN, {"type": "null"}]},
    "NewTask.quantity": {"anyOf": [*QUANTITY, {"type": "null"}], "default": 1},
    "PostedTask.msg": {"const": "posted"},
    "Registration.pets": {
        "type": ["array", "null"],
        "items": PET,
        "maxItems": 50,
        "default": [],
    },
    "Registration.timezone": {
        "type": ["string", "null"],
        "format": "iana-time-zone",
        "maxLength": 64,
        "default": "UTC",
    },
    "Registration.username": {"type": "string", "pattern": "^[A-Za-z0-9._-]{3,64}$"},
    "Session.expires_at": {"type": "string", "format": "date-time"},
    "Sum.total_sum": {"type": "number"},
    "Task.due_date": {"type": ["string", "null"], "pattern": DUE},
    "Task.quantity": {"type": ["number", "null"], "minimum": 0.0001, "maximum": 10000},
    "TaskChanges.due_date": {"anyOf": [*WHEN, {"type": "null"}]},
    "Token.scope": {"type": ["string", "null"], "enum": ["write", "read", None]},
}


@pytest.mark.parametrize("name", FIELDS)
def test_each_kind_of_field_says_what_it_takes(name):
    schema, _, field = name.partition(".")
    told = openapi.document()["components"]["schemas"][schema]["properties"][field]
    assert {**told, "description": None} == {**FIELDS[name], "description": None}


def test_a_name_in_the_document_is_blank_if_the_server_finds_nothing_in_it():
    for character in map(chr, (*range(0xD800), *range(0xE000, 0x10000))):
        is_name = bool(names.key(character)) and character != "\0"
        for text in (character, f" \u200b{character}\ufe0f"):
            assert bool(re.search(NOT_BLANK, text)) is is_name, ascii(text)


def test_an_answer_has_all_of_its_fields():
    schemas = openapi.document()["components"]["schemas"]
    assert set(schemas["Task"]["required"]) == set(schemas["Task"]["properties"])
    assert "total" not in schemas["TaskPage"]["required"]
    changes = schemas["Changes"]["properties"]["changes"]["items"]["oneOf"]
    assert [each["$ref"].rpartition("/")[2] for each in changes] == ["Task", "Tombstone"]


def test_a_secret_only_goes_in():
    schemas = openapi.document()["components"]["schemas"]
    assert schemas["Registration"]["properties"]["password"]["writeOnly"] is True
    assert "password" not in schemas["Account"]["properties"]


def links(path, verb):
    return success(path, verb).get("links", {})


def test_whatever_is_stored_can_be_reached_by_links():
    stored = {each for each in OPERATIONS if re.search("<(username|id|name)>", each[0])}
    reached = set(OPERATIONS) - stored
    while True:
        following = {BY_ID[name] for path, verb in reached for name in links(path, verb)}
        if following <= reached:
            break
        reached |= following
    assert stored <= reached


def test_what_creates_leads_to_what_is_done_with_it():
    for path, verb in OPERATIONS:
        items = {
            each for each in OPERATIONS if re.fullmatch(re.escape(path) + "/<[a-z]+>", each[0])
        }
        if "201" in operation(path, verb)["responses"] and path != "/api/v1/accounts":
            assert items == {BY_ID[name] for name in links(path, verb) if BY_ID[name] in items}
    assert set(links("/api/v1/accounts", "post")) == {"login"}
