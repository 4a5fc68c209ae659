"""The Postman collection 2.1, made from the OpenAPI document.

Its folders are the document's nouns. Whoever runs it from top to bottom gets an account of their
own first, and loses its logins and the account itself at the end.
"""

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from todo_api import openapi
from todo_api.postman import requests, scripts
from todo_api.postman.operation import KEYS, TOKEN, Operation, operations, things

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

LOCAL = "http://127.0.0.1:5000"
"""Where `make run` serves."""

ABOUT = """\
Run it from top to bottom, as often as you like: each run registers an account with a name of its
own and deletes it at the end. (A server limits how many accounts and messages it takes in an hour.)

The login puts its token into the variable `token`; what is created puts its id or name into one
too. What only an admin may do is refused, as its tests expect, unless `adminToken` has the token of
an admin; so are the metrics, unless `metricsToken` has theirs."""

OPENING = ("register", "login")
CLOSING = ("logout", "logout_by_post", "log_out_everywhere", "delete_profile")
"""What ends the token that is in use, the account's own end last."""

LAST = "delete_own_profile"
"""What ends an account as well, for which another one is registered."""


def collection(base_url: str = LOCAL) -> dict[str, Any]:
    """Return the collection for the server at `base_url`, which has no slash at its end."""
    examples = {thing.variable: thing.example for thing in things().values()}
    values = {"baseUrl": base_url, **KEYS, **examples}
    variables = [{"key": name, "value": value} for name, value in values.items()]
    return {**_without_variables(), "variable": variables}


@cache
def _without_variables() -> dict[str, Any]:
    info = openapi.document()["info"]
    return {
        "info": {
            "name": info["title"],
            "description": f"{info['description']}\n\n{ABOUT}",
            "schema": SCHEMA,
        },
        "auth": requests.bearer(TOKEN),
        "event": scripts.around_each(),
        "item": [*_folders()],
    }


def _folders() -> Iterator[dict[str, Any]]:
    by_id = {operation.id: operation for operation in operations()}
    yield _folder("opening", "An account and its login.", [by_id[name] for name in OPENING])
    rest = [each for each in by_id.values() if each.id not in (*OPENING, *CLOSING, LAST)]
    for tag in openapi.document()["tags"]:
        inside = sorted((each for each in rest if tag["name"] in each.told["tags"]), key=_turn)
        if inside:
            yield _folder(tag["name"], tag["description"], inside)
    login, *ends = by_id["login"], *(by_id[name] for name in CLOSING)
    closing = [each for end in ends for each in (login, end)]
    closing += [by_id["register"], login, by_id[LAST]]
    yield _folder("closing", "What ends a login, and the account.", closing)


def _turn(operation: Operation) -> int:
    """Return the place in its folder: what is created is seen, changed, deleted, and taken back."""
    if operation.success == HTTPStatus.CREATED:
        return 0
    return ("get", "put", "patch", "delete", "post").index(operation.verb) + 1


def _folder(name: str, about: str, inside: list[Operation]) -> dict[str, Any]:
    return {"name": name, "description": about, "item": [requests.item(each) for each in inside]}
