"""The roof: `create_app` puts the floors together. Only entry points import this module.

Any WSGI server can run it; `flask --app todo_api.app run` finds `create_app` by its name.
"""

import sys
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask, Response
from flask_restful import Api

from todo_api import migrations, openapi, postman, urls
from todo_api.application import App, ShortResponse
from todo_api.database import Database
from todo_api.errors import CannotStart
from todo_api.metrics import Metrics
from todo_api.resources import json_text, log_writer, problems
from todo_api.resources.backend import Backend
from todo_api.resources.body import MIB
from todo_api.resources.envelope import Envelope
from todo_api.resources.last_rendered import LastRendered
from todo_api.resources.response_cache import ResponseCache
from todo_api.services.feed import Feed
from todo_api.settings import Settings
from todo_api.urls import Route


class QuietApi(Api):
    """Flask-RESTful's Api with one representation, and with errors that are Flask's to handle.

    See `resources.problems`.
    """

    def make_response(self, data: Any, *args: Any, **kwargs: Any) -> Response:
        """Return `data` as JSON, whatever the Accept header says."""
        kwargs.pop("fallback_mediatype", None)
        return _render(data, *args, **kwargs)

    def error_router(self, original_handler: Any, e: Exception) -> Any:
        """Hand `e` to Flask's own handler."""
        return original_handler(e)


def create_app(
    settings: Settings | None = None,
    database: Database | None = None,
    *,
    more: tuple[Route, ...] = (),
) -> Flask:
    """Return the WSGI application, its database migrated.

    Without `settings` they are read from the environment, as another WSGI server wants it. Only an
    ephemeral server has `more` routes than those of the table. When a
    setting or the database does not allow it to start, the process ends with one line that says so
    and exit code 2.
    """
    try:
        settings = settings or Settings.from_environment()
        database = database or open_database(settings, limited=True)
        migrations.upgrade(database)
        migrations.hold(database)
    except CannotStart as error:
        sys.stderr.write(f"todo-api: {error}\n")
        raise SystemExit(2) from None

    backend = Backend(
        settings,
        database,
        Feed(database, settings.event_streams),
        _metrics(settings, database),
        urls.listing(*more),
        partial(openapi.document, *more),
        postman.collection,
        LastRendered(settings.response_cache_mib * MIB),
    )
    app = App()
    problems.register(app)
    urls.register(QuietApi(app), backend, *more)
    app.extensions["todo_api"] = backend
    # Flask documents this as the place for what stands around it; for mypy it is a method.
    around: Any = app
    inside: WSGIApplication = app.wsgi_app
    if settings.response_cache_mib:
        inside = ResponseCache(inside, database, settings.response_cache_mib * MIB)
    around.wsgi_app = Envelope(inside, settings, backend.metrics)
    return app


def open_database(settings: Settings, *, limited: bool = False) -> Database:
    """Return the database of `settings`, with a connection for each thread of a server.

    STATEMENT_TIMEOUT holds if it is `limited`, as a server is; a command may take its time.
    """
    return Database(
        settings.database_url,
        lock_timeout=settings.lock_timeout,
        statement_timeout=settings.statement_timeout if limited else None,
        pool_size=4 * settings.threads + 2,
    )


def _metrics(settings: Settings, database: Database) -> Metrics | None:
    if not settings.metrics_token:
        return None
    metrics = Metrics(settings.metrics_folder)
    metrics.watch(database.engine)
    log_writer.call_on_drop(metrics.dropped_lines)
    return metrics


def _render(data: Any, code: int, headers: dict[str, str] | None = None) -> Response:
    body = b"" if code in (204, 304) else json_text.render(data)
    return ShortResponse(body, code, headers, content_type="application/json")
