"""An operation as a request of Postman's: what is sent, what is tested, and how an answer looks."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from todo_api.postman import scripts
from todo_api.postman.operation import (
    ADMIN_TOKEN,
    JSON,
    TOKEN,
    Operation,
    Thing,
    example_of,
    things,
)
from todo_api.resources.idempotency import HEADER as IDEMPOTENCY_KEY

ASKED = {"itemname"}
"""Parameters of a query that may be left out, though little is asked without them."""

WITHOUT_END = "It goes without a token here, since a runner would wait for the end of the stream."


def item(operation: Operation) -> dict[str, Any]:
    """Return the request of `operation`, with its scripts and an example of its answer."""
    about = operation.told["description"]
    request = {
        "method": operation.verb.upper(),
        "description": f"{about}\n\n{WITHOUT_END}" if operation.streams else about,
        "header": [*_headers(operation)],
        "url": _url(operation),
        **_auth(operation),
    }
    if operation.sent:
        request["body"] = _body(operation)
    return {
        "name": operation.told["summary"],
        "event": scripts.around(operation),
        "request": request,
        "response": [_answer(operation, request)],
    }


def bearer(variable: str) -> dict[str, Any]:
    """Return how the token in `variable` is sent."""
    token = {"key": "token", "value": f"{{{{{variable}}}}}", "type": "string"}
    return {"type": "bearer", "bearer": [token]}


def _auth(operation: Operation) -> dict[str, Any]:
    if operation.streams or operation.key is None:
        return {"auth": {"type": "noauth"}}
    if operation.key == TOKEN:
        return {}
    return {"auth": bearer(scripts.MANAGER if operation.key == ADMIN_TOKEN else operation.key)}


def _headers(operation: Operation) -> list[dict[str, Any]]:
    headers = [
        {
            "key": each["name"],
            "value": "{{$guid}}" if each["name"] == IDEMPOTENCY_KEY else str(example_of(each)),
            "description": each["description"],
            "disabled": each["name"] != IDEMPOTENCY_KEY,
        }
        for each in operation.parameters("header")
    ]
    if operation.sent:
        headers.append({"key": "Content-Type", "value": _media(operation)})
    return headers


def _url(operation: Operation) -> dict[str, Any]:
    examples = {each["name"]: example_of(each) for each in operation.parameters("path")}
    path: list[str] = []
    for segment in operation.path.split("/")[1:]:
        placeholder = segment.strip("{}")
        if placeholder == segment:
            path.append(segment)
        elif (noun := path[-1]) in things():
            path.append(f"{{{{{things()[noun].variable}}}}}")
        else:
            path.append(quote(str(examples[placeholder]), safe=""))
    query = [
        {
            "key": each["name"],
            "value": _text(example_of(each)),
            "description": each["description"],
            "disabled": not (each.get("required") or each["name"] in ASKED),
        }
        for each in operation.parameters("query")
    ]
    asked = "&".join(f"{each['key']}={each['value']}" for each in query if not each["disabled"])
    raw = "{{baseUrl}}/" + "/".join(path) + (f"?{asked}" if asked else "")
    return {"raw": raw, "host": ["{{baseUrl}}"], "path": path, "query": query}


def _media(operation: Operation) -> str:
    """Return the media type of the body that is sent: JSON, where it can be that."""
    return JSON if JSON in operation.sent else next(iter(operation.sent))


def _body(operation: Operation) -> dict[str, Any]:
    media = _media(operation)
    example = operation.sent[media]["example"]
    nouns = [noun for noun in operation.path.split("/") if noun in things()]
    if nouns:
        example = _with_variables(example, things()[nouns[-1]])
    # A number is one in JSON, so its variable must stand without the quotes.
    raw = re.sub(r'"number:(\{\{\w+\}\})"', r"\1", _text(example))
    language = "json" if media == JSON else "text"
    return {"mode": "raw", "raw": raw, "options": {"raw": {"language": language}}}


def _with_variables(example: Any, thing: Thing) -> Any:
    """Return `example` with the variable of `thing` wherever it names one."""
    if isinstance(example, list):
        return [_with_variables(each, thing) for each in example]
    if not isinstance(example, Mapping):
        return example
    filled = {name: _with_variables(value, thing) for name, value in example.items()}
    if thing.placeholder in filled:
        kind = "" if isinstance(filled[thing.placeholder], str) else "number:"
        filled[thing.placeholder] = f"{kind}{{{{{thing.variable}}}}}"
    return filled


def _answer(operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the document shows as the answer, for Postman to show as an example."""
    media = next(iter(operation.shown), None)
    example = operation.shown[media].get("example", "") if media else ""
    return {
        "name": f"{operation.success} {HTTPStatus(operation.success).phrase}",
        "originalRequest": request,
        "code": operation.success,
        "status": HTTPStatus(operation.success).phrase,
        "header": [{"key": "Content-Type", "value": media}] if media else [],
        "body": _text(example),
    }


def _text(example: Any) -> str:
    if isinstance(example, str):
        return example
    return json.dumps(example, indent=2, ensure_ascii=False)
