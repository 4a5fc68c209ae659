"""The roof: `create_app` puts the floors together. Only entry points import this module.

Any WSGI server can run it; `flask --app todo_api.app run` finds `create_app` by its name.
"""

from typing import Any

from flask import Flask, Response
from flask_cors import CORS
from flask_restful import Api

from todo_api import migrations, urls
from todo_api.database import Database
from todo_api.resources import envelope, json_text, problems
from todo_api.resources.backend import Backend
from todo_api.settings import Settings

MAX_BODY = 1024 * 1024
"""Bytes that the body of a request may have."""

EXPOSED = ("ETag", "Location", "Link", "Retry-After", "X-Request-ID", "Idempotent-Replayed")


class QuietApi(Api):
    """Flask-RESTful's Api, except that errors are Flask's to handle: see `resources.problems`."""

    def error_router(self, original_handler: Any, e: Exception) -> Any:
        """Hand `e` to Flask's own handler."""
        return original_handler(e)


def create_app(settings: Settings | None = None, database: Database | None = None) -> Flask:
    """Return the WSGI application, its database migrated.

    Without `settings` they are read from the environment. Raises errors.CannotStart, in one line
    for the operator, when a setting or the database does not allow it to start.
    """
    settings = settings or Settings.from_environment()
    database = database or open_database(settings)
    migrations.upgrade(database)

    app = Flask("todo_api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    urls.prepare(app.url_map)
    envelope.register(app)
    problems.register(app)
    api = QuietApi(app)
    api.representation("application/json")(_render)
    urls.register(api, Backend(settings, database, urls.listing()))
    origins = list(settings.cors_origins)
    CORS(
        app,
        origins=origins,
        send_wildcard=origins == ["*"],
        expose_headers=EXPOSED,
        max_age=86400,
    )
    return app


def open_database(settings: Settings) -> Database:
    """Return the database of `settings`, with a connection for each thread and a few to spare."""
    return Database(
        settings.database_url,
        lock_timeout=settings.lock_timeout,
        pool_size=settings.threads + 2,
    )


def _render(data: Any, code: int, headers: dict[str, str] | None = None) -> Response:
    body = b"" if code in (204, 304) else json_text.render(data)
    return Response(body, code, headers, content_type="application/json")
