"""Links: what a client can do next with what an operation answered.

They are found in the URL table. What is created, listed or seen leads to every verb of its own path
and of those right below it; what cannot be found there stands in ODD.
"""

import re
from collections.abc import Iterator
from typing import Any

from marshmallow import fields

from todo_api.openapi import headers
from todo_api.openapi.operations import operation_id
from todo_api.schemas.wire import Wire
from todo_api.urls import ROUTES, Route

Values = dict[str, str]
"""Where the value of each placeholder of a path is found: OpenAPI's runtime expressions."""

_ACCOUNT = "/api/v1/accounts/<username>"
_OF_LOGIN = {"username": "$response.body#/account/username"}

_OF_ACCOUNT = {"username": "$response.body#/username"}

ODD: dict[tuple[str, str], dict[str, Values]] = {
    ("/api/v1/accounts/login", "post"): {_ACCOUNT: _OF_LOGIN},
    **{("/api/v1/me", verb): {_ACCOUNT: _OF_ACCOUNT} for verb in ("get", "put", "patch")},
    (f"{_ACCOUNT}/tasks/batch", "post"): {
        f"{_ACCOUNT}/tasks/<id>": {"id": "$response.body#/results/0/id"}
    },
    (f"{_ACCOUNT}/tasks/<id>", "delete"): {f"{_ACCOUNT}/tasks/<id>/restore": {}},
    (f"{_ACCOUNT}/tasks/<id>/restore", "post"): {f"{_ACCOUNT}/tasks/<id>": {}},
}
"""By path and verb: the paths to which it leads, and the values that its answer has for them."""


def add(responses: dict[str, Any], route: Route, verb: str) -> None:
    """Put into the successful one of the `responses` what can be done next."""
    found = {link["operationId"]: link for link in _links(route, verb)}
    if found:
        next(iter(responses.values()))["links"] = found


def _links(route: Route, verb: str) -> Iterator[dict[str, Any]]:
    own = {name: f"$request.path.{name}" for name in _placeholders(route.path)}
    if (route.path, verb) == ("/api/v1/accounts", "post"):
        yield _login()  # All that is below a new account needs the token of a login.
        return
    for path, values in _targets(route, verb):
        for other in ROUTES:
            below = other.path == path or other.path.startswith(f"{path}/")
            if not below or _placeholders(other.path) != _placeholders(path):
                continue
            for following in other.names:
                if (other.path, following) != (route.path, verb):
                    yield _link(other, following, {**own, **values})
    if (route.path, verb) == (f"{_ACCOUNT}/changes", "get"):
        yield _link(route, verb, {**own, "since": "$response.body#/next"})


def _targets(route: Route, verb: str) -> Iterator[tuple[str, Values]]:
    """Yield the paths to which the answer leads, with the values that it has for them."""
    yield from ODD.get((route.path, verb), {}).items()
    for other in ROUTES:
        collection, _, last = other.path.rpartition("/")
        if collection == route.path and (name := last.strip("<>")) != last:
            if headers.creates(route.resource, verb):
                yield other.path, {name: f"$response.body#/{name}"}
            elif listed := verb == "get" and _listed(route):
                yield other.path, {name: f"$response.body#/{listed}/0/{name}"}
    if route.path.endswith(">") and verb in route.resource.gives:
        name = _placeholders(route.path)[-1]
        if name in route.resource.gives[verb].fields:
            # What was changed may be called otherwise from now on.
            yield route.path, {name: f"$response.body#/{name}"}


def _login() -> dict[str, Any]:
    """Return how a new account logs in."""
    sent = {name: f"$request.body#/{name}" for name in ("username", "password")}
    about = "Log in, to get a token for all that is the account's own."
    return {"operationId": "login", "requestBody": sent, "description": about}


def _link(route: Route, verb: str, values: Values) -> dict[str, Any]:
    return {
        "operationId": operation_id(route.names[verb]),
        "parameters": values,
        "description": f"What was answered says where: {verb.upper()} {route.path}.",
    }


def _listed(route: Route) -> str | None:
    """Return the name under which a page has its rows."""
    shown = route.resource.gives.get("get", Wire()).fields.items()
    return next((name for name, field in shown if isinstance(field, fields.List)), None)


def _placeholders(path: str) -> list[str]:
    return re.findall("<([^<>]+)>", path)
