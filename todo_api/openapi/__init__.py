"""The OpenAPI 3.1 document, made from the URL table, the schemas and the docstrings."""

import inspect
import re
import sys
from functools import cache
from typing import Any

from apispec import APISpec

from todo_api import __version__
from todo_api.openapi import answers, forms, headers, links, operations
from todo_api.openapi.answers import statuses
from todo_api.resources import auth
from todo_api.schemas import json_schema
from todo_api.urls import ROUTES, Route

__all__ = ["document", "statuses"]

ABOUT = "A to-do and shopping-list backend."

BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "The `token` of a login, or one that its owner made by hand (RFC 6750).",
}
TOKEN = {
    "type": "apiKey",
    "in": "header",
    "name": auth.HEADER,
    "description": "The same token by itself, for those behind a gateway that takes Authorization"
    " for its own, such as HTTP Basic. Where both are sent, this one counts.",
}


@cache
def document(*more: Route) -> dict[str, Any]:
    """Return the document of every route, and of those that a server has beside them."""
    routes = (*ROUTES, *more)
    describer = json_schema.describer()
    spec = APISpec(
        title="todo_api",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": ABOUT, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": "/", "description": "The server that this document came from."}],
        plugins=[describer],
    )
    json_schema.prepare(describer)
    spec.components.security_scheme("bearer", BEARER)
    spec.components.security_scheme("token", TOKEN)
    for name, header in headers.ANSWERED.items():
        spec.components.header(name, header)
    for name, response in answers.errors():
        spec.components.response(name, response)
    for module in dict.fromkeys(route.resource.__module__ for route in routes):
        about = (inspect.getdoc(sys.modules[module]) or "").partition("\n")[0]
        spec.tag({"name": operations.noun(module), "description": about})
    for route in routes:
        described = {verb: operations.operation(route, verb) for verb in route.names}
        for verb, operation in described.items():
            links.add(operation["responses"], route, verb)
        spec.path(path=re.sub("<([^<>]+)>", r"{\1}", route.path), operations=described)
    made: dict[str, Any] = spec.to_dict()
    forms.describe(made)
    return made
