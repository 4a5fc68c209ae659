"""The application of an ephemeral server: all that others have, and a sandbox's controls.

No other entry point builds on this module, so that no other server has them.
"""

from http import HTTPStatus

from flask import Flask, Response, request

from todo_api.app import create_app
from todo_api.errors import Code
from todo_api.resources import problems
from todo_api.resources.backend import Backend
from todo_api.resources.sandbox import (
    EXTENSION,
    Sandbox,
    SandboxClock,
    SandboxFailures,
    SandboxReset,
)
from todo_api.services import sandbox
from todo_api.settings import Settings
from todo_api.urls import Route

ROOT = "/sandbox/"

ROUTES = (
    Route(
        f"{ROOT}clock",
        SandboxClock,
        {"get": "sandbox clock", "post": "stop the clock", "delete": "let the clock go on"},
    ),
    Route(
        f"{ROOT}failures",
        SandboxFailures,
        {"get": "sandbox failures", "post": "let requests fail", "delete": "let none fail"},
    ),
    Route(f"{ROOT}reset", SandboxReset, {"post": "reset the sandbox"}),
)

_LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def create(settings: Settings, token: str) -> Flask:
    """Return the application, whose controls are for who brings `token`."""
    app = create_app(settings, more=ROUTES)
    backend: Backend = app.extensions["todo_api"]
    with backend.database.reading() as session:
        state = Sandbox(token, sandbox.all_rows(session))
    app.extensions[EXTENSION] = state

    @app.before_request
    def fail() -> Response | None:
        if request.path.startswith(ROOT) or request.method == "OPTIONS":
            return None
        paths = {request.path.rstrip("/") or "/", request.endpoint or ""}
        status = state.failure_of(request.method, paths)
        return None if status is None else _failed(status)

    return app


def _failed(status: HTTPStatus) -> Response:
    response = problems.answer(status, code=Code.of_status(status))
    if status in _LATER:
        response.headers["Retry-After"] = "1"
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
