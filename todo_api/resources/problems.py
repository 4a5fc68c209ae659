"""Any exception becomes the one JSON error: the floors' own, the framework's and the unforeseen."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from todo_api import errors
from todo_api.errors import Code
from todo_api.resources import body as body_of
from todo_api.resources import json_text, passage

log = logging.getLogger(__name__)

STATUS: Mapping[type[errors.Problem], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}

ACCEPT_PATCH = (body_of.JSON, body_of.MERGE_PATCH, body_of.FORM, body_of.MULTIPART)
"""The media types of a PATCH (RFC 5789, 3.1)."""

_UNKNOWN_URL = "Invalid endpoint"
"""The message for a URL that is not there. A source has fixed that body to two keys."""


def register(app: Flask) -> None:
    """Make `app` answer every exception with JSON."""
    app.register_error_handler(errors.Problem, _problem)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def answer(
    status: int, message: str | None = None, *, code: Code | None, **more: object
) -> Response:
    """Return the one error answer."""
    content = body(status, message, code=code, **more)
    return Response(content, status, content_type="application/json")


def body(status: int, message: str | None = None, *, code: Code | None, **more: object) -> bytes:
    """Return its body, with what there is `more`; None and what is empty are left out.

    Without a message of its own, the status's name is it.
    """
    content = {"status": status, "message": message or HTTPStatus(status).phrase, "code": code}
    told = {name: value for name, value in {**content, **more}.items() if value not in (None, {})}
    return json_text.render(told)


def _problem(problem: errors.Problem) -> Response:
    status = next(STATUS[kind] for kind in type(problem).__mro__ if kind in STATUS)
    response = answer(
        status,
        problem.message,
        code=problem.code,
        errors=problem.errors,
        index=problem.index,
        current=problem.current if isinstance(problem, errors.Stale) else None,
    )
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(problem, errors.EncodedBody):
        response.headers["Accept-Encoding"] = body_of.IDENTITY
    elif isinstance(problem, errors.UnsupportedMedia) and request.method == "PATCH":
        response.headers["Accept-Patch"] = ", ".join(ACCEPT_PATCH)
    if cause := problem.__cause__:
        # One line, since there may be one for each request while a database is away.
        request_id = passage.of(request).request_id
        log.warning("%s %s %s", request_id, problem.message, _in_one_line(cause))
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def _in_one_line(cause: BaseException) -> str:
    """Return what the driver said, without the statement that SQLAlchemy puts behind it."""
    return " ".join(str(getattr(cause, "orig", None) or cause).split())


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status == HTTPStatus.NOT_FOUND:
        response = answer(status, _UNKNOWN_URL, code=None)
    else:
        response = answer(status, code=Code.of_status(status))
    headers = dict(error.get_headers())
    headers.pop("Content-Type")
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    response.headers.update(headers)
    return response


def _unforeseen(error: Exception) -> Response:
    this = passage.of(request)
    log.error("%s An error that nobody foresaw", this.request_id, exc_info=error)
    return answer(500, code=Code.INTERNAL_ERROR)
