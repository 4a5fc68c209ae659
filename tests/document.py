"""The OpenAPI document as the tests ask it."""

import re

from openapi_schema_validator import OAS31Validator

from todo_api import openapi
from todo_api.urls import ROUTES

OPERATIONS = [(route.path, verb) for route in ROUTES for verb in route.names]
JSON = "application/json"


def operation(path, verb):
    return openapi.document()["paths"][re.sub("<(.+?)>", r"{\1}", path)][verb]


BY_ID = {operation(path, verb)["operationId"]: (path, verb) for path, verb in OPERATIONS}


def resolved(part):
    """Return what a part of the document refers to, or the part itself."""
    while "$ref" in part:
        names = part["$ref"].removeprefix("#/").split("/")
        part = openapi.document()
        for name in names:
            part = part[name]
    return part


def success(path, verb):
    """Return the first answer that an operation tells of: the successful one."""
    return resolved(next(iter(operation(path, verb)["responses"].values())))


def example_of(parameter):
    """Return a parameter's example: an `example`, which docs fill in, only if it is required."""
    return parameter["example"] if parameter["required"] else parameter["schema"]["examples"][0]


def fit(value, schema):
    """Raise unless `value` is as `schema` says."""
    OAS31Validator({**openapi.document(), **schema}).validate(value)
