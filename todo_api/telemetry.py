"""Traces for OpenTelemetry: each request is a span, and in it each statement.

Needs the extra `todo-api[opentelemetry]`. Where spans go is told by the variables that
OpenTelemetry itself reads, such as OTEL_EXPORTER_OTLP_ENDPOINT. They have neither queries nor
headers, where secrets may be, and of statements the text without its values.
"""

from collections.abc import Iterable
from functools import partial
from multiprocessing.util import Finalize
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from sqlalchemy import Engine, event

from todo_api import __version__
from todo_api.app import create_app as create_plain
from todo_api.resources import passage
from todo_api.resources.backend import Backend

LONGEST_TEXT = 2_000
"""Characters of a statement or a path that a span has: spans wait in memory until they are sent."""

LONGEST_TRACESTATE = 512
"""Characters of a `tracestate` that is handed on. W3C Trace Context asks for no more (3.3.1.5)."""

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
OTHER_METHOD = "_OTHER"
"""The name that OpenTelemetry's conventions for HTTP give to any other method."""

_SERVER_ERROR = 500


def create_app() -> Flask:
    """Return the application, traced, and send what is left when the process ends."""
    app = create_plain()
    named = Resource({"service.name": "todo-api", "service.version": __version__})
    provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    # The processes that granian starts end without what `atexit` knows of.
    Finalize(None, provider.shutdown, exitpriority=1)
    tracer = provider.get_tracer("todo_api", __version__)
    backend: Backend = app.extensions["todo_api"]
    _trace_statements(tracer, backend.database.engine)
    # Flask documents this as the place for what stands around it; for mypy it is a method.
    around: Any = app
    around.wsgi_app = Traced(app.wsgi_app, tracer)
    return app


class Traced:
    """A WSGI application around another one that gives each request a span.

    It belongs to the trace that the client's `traceparent` names, if it sent one (W3C Trace
    Context), and ends when the head of the answer is known: a stream goes on for long.
    """

    def __init__(self, app: WSGIApplication, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does."""
        names = ("traceparent", "tracestate")
        sent = {name: environ.get(f"HTTP_{name.upper()}", "") for name in names}
        if len(sent["tracestate"]) > LONGEST_TRACESTATE:
            sent["tracestate"] = ""
        name = _span_name(_method(environ))
        with self._tracer.start_as_current_span(name, extract(sent), SpanKind.SERVER):
            return self._app(environ, partial(_describe, environ, start_response))


def _describe(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    status: str,
    headers: list[tuple[str, str]],
    exc_info: Any = None,
) -> Any:
    """Say of which route the request was, by the names of OpenTelemetry's conventions for HTTP."""
    span, this, code = trace.get_current_span(), passage.within(environ), int(status[:3])
    method = _method(environ)
    told = {
        "http.request.method": method,
        "http.response.status_code": code,
        "url.path": _path(environ),
        "url.scheme": environ["wsgi.url_scheme"],
        "todo_api.request_id": this.request_id,
    }
    if this.route:
        told["http.route"] = this.route
        span.update_name(f"{_span_name(method)} {this.route}")
    if this.account is not None:
        told["todo_api.account"] = this.account
    span.set_attributes(told)
    if code >= _SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
    return start_response(status, headers, exc_info)


def _method(environ: WSGIEnvironment) -> str:
    method: str = environ["REQUEST_METHOD"]
    return method if method in METHODS else OTHER_METHOD


def _span_name(method: str) -> str:
    return "HTTP" if method == OTHER_METHOD else method


def _path(environ: WSGIEnvironment) -> str:
    path: str = environ["PATH_INFO"]
    return path.encode("latin-1").decode("utf-8", "replace")[:LONGEST_TEXT]


def _trace_statements(tracer: Tracer, engine: Engine) -> None:
    """Give each statement of `engine` a span, by OpenTelemetry's conventions for databases."""

    def begin(connection: Any, _: Any, statement: str, *_more: Any) -> None:
        operation = statement.split(None, 1)[0].upper()
        told = {
            "db.system.name": engine.dialect.name,
            "db.operation.name": operation,
            "db.query.text": statement[:LONGEST_TEXT],
        }
        connection.info[begin] = tracer.start_span(operation, kind=SpanKind.CLIENT, attributes=told)

    def end(connection: Any, *_: Any) -> None:
        connection.info.pop(begin).end()

    def fail(context: Any) -> None:
        if span := context.connection and context.connection.info.pop(begin, None):
            span.set_status(StatusCode.ERROR, type(context.original_exception).__name__)
            span.end()

    listen: Any = event.listen
    listen(engine, "before_cursor_execute", begin)
    listen(engine, "after_cursor_execute", end)
    listen(engine, "handle_error", fail)
