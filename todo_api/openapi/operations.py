"""One operation of the document: what a verb of a route reads and answers."""

import inspect
import re
from typing import Any

from todo_api.openapi import headers
from todo_api.openapi.answers import answers
from todo_api.resources import body
from todo_api.resources.auth import PUBLIC
from todo_api.resources.docs import FILES
from todo_api.resources.endpoint import Endpoint
from todo_api.resources.of_file import FileEndpoint
from todo_api.resources.page import FILES as PAGE_FILES
from todo_api.resources.stored import CHANGES
from todo_api.resources.upload import PART
from todo_api.schemas.account import PATTERN as USERNAME
from todo_api.schemas.echo import Anything
from todo_api.schemas.fields import ANY_TEXT, NOT_BLANK
from todo_api.schemas.json_schema import example_sent
from todo_api.schemas.sum import ADDEND
from todo_api.schemas.wire import AsIs
from todo_api.urls import Route
from todo_api.values.names import LONGEST_NAME

_ID = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
_TEXT = {"type": "string", "minLength": 1}

PATH_PARAMETERS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "username": (
        "Whose it is: the account's name, in whatever case.",
        {"type": "string", "pattern": f"^{USERNAME}$"},
        "alice",
    ),
    "id": ("The number that it has.", _ID, 2),
    "name": (
        "What it is called, in whatever case.",
        {**_TEXT, "maxLength": LONGEST_NAME, "pattern": NOT_BLANK},
        "apples",
    ),
    "file": ("A style sheet, script or icon.", {"type": "string", "enum": [*FILES]}, "start.js"),
    "asset": ("A module, style sheet or icon.", {**_TEXT, "enum": [*PAGE_FILES]}, "app.js"),
    "text": ("Any text, slashes included.", {**_TEXT, "pattern": ANY_TEXT}, "text text"),
    "number1": ("One of the two numbers.", {"type": "string", "pattern": ADDEND}, "42"),
    "number2": ("The other one.", {"type": "string", "pattern": ADDEND}, "117"),
}
"""By name: what it is for, its JSON Schema and an example."""


def operation(route: Route, verb: str) -> dict[str, Any]:
    """Return the description of `verb` at `route`, with schemas that apispec is to resolve."""
    resource = route.resource
    summary = (inspect.getdoc(getattr(resource, verb)) or "").partition("\n")[0]
    described: dict[str, Any] = {
        "operationId": operation_id(route.names[verb]),
        "summary": summary.rstrip("."),
        "description": inspect.getdoc(resource),
        "tags": [noun(resource.__module__)],
        "security": [] if resource.access[verb] == PUBLIC else [{"bearer": []}, {"token": []}],
        "parameters": _parameters(route, verb),
        "responses": answers(resource, verb, route.path),
    }
    if verb in resource.takes:
        described["requestBody"] = _body(resource, verb)
    return described


def operation_id(name: str) -> str:
    """Return the id of the operation that the listing calls `name`."""
    return re.sub("[^a-z]+", "_", name.lower().replace("'", "")).strip("_")


def noun(module: str) -> str:
    """Return what a resource's module is about, which is the tag of its operations."""
    return module.rpartition(".")[2].replace("_", " ")


def _body(resource: type[Endpoint], verb: str) -> dict[str, Any]:
    if issubclass(resource, FileEndpoint):
        return _file(resource)
    schema, partial = resource.takes[verb], verb in CHANGES
    example = {"example": example_sent(schema)}
    content = {body.JSON: {"schema": type(schema)(partial=partial), **example}}
    if schema.in_forms:
        fields = AsIs if isinstance(schema, Anything) else type(schema)
        for media in (body.FORM, body.MULTIPART):
            content[media] = {"schema": fields(partial=partial), **example}
    required = not partial and any(field.required for field in schema.fields.values())
    return {"required": required, "content": content}


def _file(resource: type[FileEndpoint]) -> dict[str, Any]:
    schema = resource.takes["post"]
    json = {"schema": type(schema)(partial=False), "example": example_sent(schema)}
    texts = {
        media: {"schema": {"type": "string"}, "example": example}
        for media, example in resource.files.items()
    }
    part = {"type": "string", "description": "The file; it says what it is, or its name does."}
    form = {
        "schema": {"type": "object", "required": [PART], "properties": {PART: part}},
        "example": {PART: next(iter(resource.files.values()))},
        "encoding": {PART: {"contentType": ", ".join((body.JSON, *resource.files))}},
    }
    return {"required": True, "content": {body.JSON: json, **texts, body.MULTIPART: form}}


def _parameters(route: Route, verb: str) -> list[dict[str, Any]]:
    resource = route.resource
    parameters: list[dict[str, Any]] = []
    for name in re.findall("<([^<>]+)>", route.path):
        about, schema, example = PATH_PARAMETERS[name]
        where = {"name": name, "in": "path", "required": True, "description": about}
        parameters.append({**where, "schema": schema, "example": example})
    if verb in resource.asks:
        parameters.append({"in": "query", "schema": type(resource.asks[verb])(partial=False)})
    sent = headers.sent(resource, verb)
    return parameters + [{"name": name, "in": "header", **headers.SENT[name]} for name in sent]
