"""The OpenAPI 3.1 document, made from the URL table, the schemas and the docstrings."""

import inspect
import re
import sys
from functools import cache
from http import HTTPStatus
from typing import Any

from apispec import APISpec

from todo_api import __version__
from todo_api.resources import body
from todo_api.resources.auth import PUBLIC, SCRAPER
from todo_api.resources.endpoint import Created, Endpoint
from todo_api.resources.event import EVENT_STREAM, LAST_EVENT_ID
from todo_api.resources.idempotency import HEADER as IDEMPOTENCY_KEY
from todo_api.resources.stored import CHANGES, GUARDED, StoredEndpoint
from todo_api.schemas import json_schema
from todo_api.schemas.wire import Wire
from todo_api.urls import ROUTES, Route

JSON = "application/json"

PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "username": {"type": "string", "minLength": 3, "maxLength": 64},
    "id": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "name": {"type": "string", "minLength": 1, "maxLength": 255},
    "text": {"type": "string", "minLength": 1},
    "number1": {"type": "string", "examples": ["42"]},
    "number2": {"type": "string", "examples": ["117"]},
}

ERROR = {
    "type": "object",
    "required": ["status", "message"],
    "properties": {
        "status": {"type": "integer"},
        "message": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "index": {"type": "integer", "description": "Which operation of a batch it was."},
    },
}


@cache
def document() -> dict[str, Any]:
    """Return the document; it is the same for every server of this version."""
    describer = json_schema.describer()
    spec = APISpec(
        title="todo_api",
        version=__version__,
        openapi_version="3.1.0",
        info={
            "description": "A to-do and shopping-list backend.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        servers=[{"url": "/"}],
        plugins=[describer],
    )
    json_schema.prepare(describer)
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Error", ERROR)
    for module in dict.fromkeys(route.resource.__module__ for route in ROUTES):
        about = (inspect.getdoc(sys.modules[module]) or "").partition("\n")[0]
        spec.tag({"name": _noun(module), "description": about})
    for route in ROUTES:
        operations = {verb: _operation(route, verb) for verb in route.names}
        spec.path(path=re.sub("<(.+?)>", r"{\1}", route.path), operations=operations)
    made: dict[str, Any] = spec.to_dict()
    return made


def statuses(resource: type[Endpoint], verb: str, path: str) -> list[int]:
    """Return the statuses that `verb` may answer at `path`, the successful one first."""
    stored = issubclass(resource, StoredEndpoint)
    public = resource.access[verb] == PUBLIC
    reads_body = verb in resource.takes
    shows = verb in resource.gives or verb in resource.media
    success = 204 if not shows else 201 if _creates(resource, verb) else 200
    possible = {
        304: verb == "get" and _is_versioned(resource),
        400: True,
        401: not public,
        403: not public and resource.access[verb] != SCRAPER,
        404: stored and "<" in path,
        411: reads_body,
        412: verb in GUARDED and _is_versioned(resource),
        413: reads_body,
        415: reads_body,
        422: reads_body or verb in resource.asks or resource.strict,
        431: True,
        500: True,
        503: stored,
    }
    also = resource.may.get(verb, ())
    return [success, *sorted({status for status, is_so in possible.items() if is_so} | {*also})]


def _operation(route: Route, verb: str) -> dict[str, Any]:
    resource = route.resource
    summary = (inspect.getdoc(getattr(resource, verb)) or "").partition("\n")[0]
    operation: dict[str, Any] = {
        "operationId": re.sub("[^a-z]+", "_", route.names[verb].lower()).strip("_"),
        "summary": summary.rstrip("."),
        "description": inspect.getdoc(resource),
        "tags": [_noun(resource.__module__)],
        "security": [] if resource.access[verb] == PUBLIC else [{"bearer": []}],
        "parameters": _parameters(route, verb),
        "responses": {
            str(status): _response(resource, verb, status)
            for status in statuses(resource, verb, route.path)
        },
    }
    if verb in resource.takes:
        schema = _sent(resource.takes[verb], verb)
        media = (JSON, body.FORM, body.MULTIPART)
        content = {each: {"schema": schema} for each in media}
        operation["requestBody"] = {"required": verb == "post", "content": content}
    return operation


def _parameters(route: Route, verb: str) -> list[dict[str, Any]]:
    resource = route.resource
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": PATH_PARAMETERS[name]}
        for name in re.findall("<(.+?)>", route.path)
    ]
    if verb in resource.asks:
        parameters.append({"in": "query", "schema": resource.asks[verb]})
    headers = {
        "If-None-Match": verb == "get" and _is_versioned(resource),
        "If-Match": verb in GUARDED and _is_versioned(resource),
        IDEMPOTENCY_KEY: verb == "post" and _takes_a_key(resource),
        LAST_EVENT_ID: EVENT_STREAM in resource.media.get(verb, ()),
    }
    parameters += [
        {"name": name, "in": "header", "schema": {"type": "string"}}
        for name, is_read in headers.items()
        if is_read
    ]
    return parameters


def _response(resource: type[Endpoint], verb: str, status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": {}}
    names = ["X-Request-ID"]
    if status in (429, 503):
        names.append("Retry-After")
    if status == HTTPStatus.UNAUTHORIZED:
        names.append("WWW-Authenticate")
    if status == HTTPStatus.CREATED:
        names += ["Location", "ETag"]
    if status in (200, 304) and _is_versioned(resource):
        names.append("ETag")
    answer["headers"] = {name: {"schema": {"type": "string"}} for name in names}
    if status >= HTTPStatus.BAD_REQUEST:
        answer["content"] = {JSON: {"schema": "Error"}}
    elif status in (200, 201):
        answer["content"] = {
            media: {"schema": resource.gives[verb] if media == JSON else {"type": "string"}}
            for media in resource.media.get(verb, (JSON,))
        }
    return answer


def _sent(schema: Wire, verb: str) -> Wire:
    return type(schema)(partial=True) if verb in CHANGES else schema


def _creates(resource: type[Endpoint], verb: str) -> bool:
    return inspect.signature(getattr(resource, verb)).return_annotation is Created


def _takes_a_key(resource: type[Endpoint]) -> bool:
    return issubclass(resource, StoredEndpoint) and resource.creates


def _is_versioned(resource: type[Endpoint]) -> bool:
    return issubclass(resource, StoredEndpoint) and resource.version is not StoredEndpoint.version


def _noun(module: str) -> str:
    return module.rpartition(".")[2].replace("_", " ")
