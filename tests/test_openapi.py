"""The OpenAPI document: complete, valid, and true."""

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from todo_api import openapi
from todo_api.urls import ROUTES

OPERATIONS = [(route.path, verb) for route in ROUTES for verb in route.names]


def operation(path, verb):
    return openapi.document()["paths"][re.sub("<(.+?)>", r"{\1}", path)][verb]


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
        assert "X-Request-ID" in answer["headers"]
        if status not in ("204", "304"):
            assert answer["content"]
            assert all(media["schema"] for media in answer["content"].values())
    assert (told["security"] == []) is ("401" not in told["responses"] or path.endswith("login"))


def test_operations_have_names_of_their_own():
    names = [operation(path, verb)["operationId"] for path, verb in OPERATIONS]
    assert len(set(names)) == len(names)


def test_a_body_is_described_for_each_media_type(nobody):
    body = operation("/api/v1/accounts/<username>/tasks", "post")["requestBody"]
    assert set(body["content"]) == {
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }


def test_a_schema_says_what_the_field_checks():
    task = openapi.document()["components"]["schemas"]["Task"]
    assert task["required"] == ["name"]
    assert task["additionalProperties"] is False
    assert task["properties"]["name"] == {"type": "string", "minLength": 1, "maxLength": 255}
    assert task["properties"]["note"]["type"] == ["string", "null"]
    assert task["properties"]["quantity"]["default"] == 1
    assert task["properties"]["id"]["readOnly"] is True
    assert "required" not in openapi.document()["components"]["schemas"]["TaskChanges"]


def test_a_secret_only_goes_in():
    schemas = openapi.document()["components"]["schemas"]
    assert schemas["Registration"]["properties"]["password"]["writeOnly"] is True
    assert "password" not in str(schemas["User"])
