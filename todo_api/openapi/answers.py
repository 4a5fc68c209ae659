"""The answers of an operation: which statuses it has, and what each of them looks like."""

import inspect
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from todo_api.errors import Code
from todo_api.openapi import headers
from todo_api.resources import body, problems
from todo_api.resources.auth import CONTROLLER, PUBLIC, SCRAPER
from todo_api.resources.endpoint import Endpoint
from todo_api.resources.event import EVENT_STREAM
from todo_api.resources.stored import GUARDED, StoredEndpoint
from todo_api.resources.upload import CALENDAR, CSV
from todo_api.schemas import task_csv, task_ics
from todo_api.schemas.change import ChangesSchema
from todo_api.schemas.json_schema import example_shown
from todo_api.schemas.problem import ErrorSchema
from todo_api.schemas.task import TaskSchema
from todo_api.schemas.wire import Wire

_KINDS = {status: kind for kind, status in problems.STATUS.items()}
_SUCCESSES = {
    200: "It is done; here is what was asked for.",
    201: "It is created; here it is.",
    204: "It is done; there is nothing to show.",
    304: "The copy whose ETag was sent is still true.",
}
_TEXTS = {
    "text/html": "<!doctype html>\n<title>todo_api</title>\n<h1>Hello, World!</h1>\n",
    "text/plain": 'todo_api_requests_total{method="GET",route="/sum",status="200"} 1.0\n',
    CALENDAR: task_ics.EXAMPLE,
    CSV: task_csv.EXAMPLE,
    EVENT_STREAM: f"id: {ChangesSchema.example['next']}\ndata: {{…}}\n\n",
}
"""Examples of what is not JSON, by its media type."""

_ERRORS = sorted({code.status for code in Code} - {HTTPStatus.METHOD_NOT_ALLOWED})
"""Statuses that operations answer; a method that is not allowed is no operation."""


def statuses(resource: type[Endpoint], verb: str, path: str) -> list[int]:
    """Return the statuses that `verb` may answer at `path`, the successful one first."""
    stored = issubclass(resource, StoredEndpoint)
    public = resource.access[verb] == PUBLIC
    reads_body = verb in resource.takes
    shows = verb in resource.gives or verb in resource.media
    success = 204 if not shows else 201 if headers.creates(resource, verb) else 200
    possible = {
        304: verb == "get" and headers.is_versioned(resource),
        400: True,
        401: not public,
        403: not public and resource.access[verb] not in (SCRAPER, CONTROLLER),
        404: stored and "<" in path,
        408: reads_body,
        411: reads_body,
        412: verb in GUARDED and headers.is_versioned(resource),
        413: reads_body,
        415: reads_body,
        422: reads_body or verb in resource.asks or resource.strict,
        431: True,
        500: True,
        503: True,
    }
    also = resource.may.get(verb, ())
    return [success, *sorted({status for status, is_so in possible.items() if is_so} | {*also})]


def errors() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each answer that is an error, and what it is called."""
    for status in _ERRORS:
        phrase = HTTPStatus(status).phrase
        kind = _KINDS.get(status)
        codes = [code for code in Code if code.status == status]
        message = kind.message if kind else phrase
        example = {"status": int(status), "message": message, "code": codes[0].value}
        if status == HTTPStatus.UNPROCESSABLE_ENTITY:
            example |= {"errors": ErrorSchema.example["errors"]}
        if status == HTTPStatus.PRECONDITION_FAILED:
            example |= {"current": TaskSchema.example}
        names = ["X-Request-ID"]
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            names.append("Retry-After")
        if status == HTTPStatus.UNAUTHORIZED:
            names.append("WWW-Authenticate")
        yield (
            _name(status),
            {
                "description": _description(status, codes),
                "headers": _headers(names),
                "content": {body.JSON: {"schema": ErrorSchema(), "example": example}},
            },
        )


def _description(status: int, codes: list[Code]) -> str:
    """Return what an error means, and the codes that it may have."""
    kind = _KINDS.get(status)
    about = inspect.getdoc(kind) if kind else f"{HTTPStatus(status).description}."
    return "\n".join([f"{about}\n", *(f"* `{code}`: {code.meaning}" for code in codes)])


def answers(resource: type[Endpoint], verb: str, path: str) -> dict[str, Any]:
    """Return the answers of `verb` at `path` by their status."""
    return {
        str(status): {"$ref": f"#/components/responses/{_name(status)}"}
        if status in _ERRORS
        else _success(resource, verb, status)
        for status in statuses(resource, verb, path)
    }


def _success(resource: type[Endpoint], verb: str, status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": _SUCCESSES[status],
        "headers": _headers(headers.answered(resource, verb, status)),
    }
    if status in (HTTPStatus.OK, HTTPStatus.CREATED):
        answer["content"] = {
            media: _json(resource.gives[verb]) if media == body.JSON else _text(media)
            for media in resource.media.get(verb, (body.JSON,))
        }
    return answer


def _json(schema: Wire) -> dict[str, Any]:
    return {"schema": schema, "example": example_shown(schema)}


def _text(media: str) -> dict[str, Any]:
    example = {"example": _TEXTS[media]} if media in _TEXTS else {}
    return {"schema": {"type": "object" if media.endswith("+json") else "string"}, **example}


def _headers(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")
