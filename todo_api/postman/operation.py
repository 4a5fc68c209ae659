"""The operations of the OpenAPI document, and the things that their paths name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from todo_api.openapi import document
from todo_api.resources.auth import ADMIN, PUBLIC, SCRAPER, Access
from todo_api.urls import ROUTES

JSON = "application/json"

TOKEN, ADMIN_TOKEN, METRICS_TOKEN = "token", "adminToken", "metricsToken"
KEYS = {TOKEN: "", ADMIN_TOKEN: "", METRICS_TOKEN: ""}
"""The variables that hold tokens; they are filled in by a login and by whoever has them."""

_KEY_OF: Mapping[Access, str | None] = {
    PUBLIC: None,
    ADMIN: ADMIN_TOKEN,
    SCRAPER: METRICS_TOKEN,
}


@dataclass(frozen=True)
class Thing:
    """What is found below a noun: its placeholder in paths, its variable in Postman, an example."""

    placeholder: str
    variable: str
    example: Any


@dataclass(frozen=True)
class Operation:
    """A verb at a path, and what the document tells of it."""

    path: str
    verb: str
    told: Mapping[str, Any]
    key: str | None
    """The variable with the token that it asks for."""

    @property
    def id(self) -> str:
        """Its name in the document."""
        name: str = self.told["operationId"]
        return name

    @property
    def success(self) -> int:
        """The status that it has when all went well."""
        return int(next(iter(self.told["responses"])))

    @property
    def shown(self) -> Mapping[str, Any]:
        """What it then shows, by media type."""
        content: Mapping[str, Any] = self.told["responses"][str(self.success)].get("content", {})
        return content

    @property
    def sent(self) -> Mapping[str, Any]:
        """What its body may be, by media type; empty where it reads none."""
        content: Mapping[str, Any] = self.told.get("requestBody", {}).get("content", {})
        return content

    @property
    def streams(self) -> bool:
        """Whether the answer has no end, for which a runner would wait."""
        return "text/event-stream" in self.shown

    def parameters(self, where: str) -> list[Mapping[str, Any]]:
        """Return the parameters that it reads from the path, the query or the headers."""
        return [each for each in self.told["parameters"] if each["in"] == where]


@cache
def operations() -> list[Operation]:
    """Return the operations in the order of the URL table."""
    paths = document()["paths"]
    return [
        Operation(path, verb, paths[path][verb], _KEY_OF.get(route.resource.access[verb], TOKEN))
        for route in ROUTES
        for path in [re.sub("<([^<>]+)>", r"{\1}", route.path)]
        for verb in route.names
    ]


@cache
def things() -> dict[str, Thing]:
    """Return the things that are stored, by their noun in the path, such as `tasks`."""
    found = {}
    for operation in operations():
        examples = {each["name"]: example_of(each) for each in operation.parameters("path")}
        for noun, placeholder in re.findall(r"/([a-z]+)/\{(\w+)\}", operation.path):
            if operation.path.startswith("/api/"):
                own = f"{noun.removesuffix('s')}{placeholder.capitalize()}"
                variable = placeholder if placeholder == "username" else own
                found[noun] = Thing(placeholder, variable, examples[placeholder])
    return found


def example_of(parameter: Mapping[str, Any]) -> Any:
    """Return a parameter's example; the document keeps that of an optional one in its schema."""
    if "example" in parameter:
        return parameter["example"]
    return parameter["schema"]["examples"][0]
