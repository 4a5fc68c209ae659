"""Traces, as a collector gets them from a real server."""

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from conftest import environment, serving
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from postgres import free_port
from support import PASSWORD

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def collecting():
    """Run a collector, and hand out its URL and what it has got."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        server.got = []
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.got
        finally:
            server.shutdown()


def values(attributes):
    named = {each.key: each.value for each in attributes}
    return {name: getattr(value, value.WhichOneof("value")) for name, value in named.items()}


def spans(got):
    return [
        (values(group.resource.attributes), span)
        for request in got
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def test_each_request_is_a_span_with_its_statements_in_it(database_url, tmp_path):
    settings = {"DATABASE_URL": database_url, "OPENTELEMETRY": "on", "WORKERS": 1}
    with collecting() as (url, got):
        settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = url
        with serving(tmp_path / "log", **settings) as live, httpx.Client(base_url=live.url) as ask:
            sent = {"username": "alice", "password": PASSWORD}
            ask.post("/api/v1/accounts", json={**sent, "email": "canary@example.com"})
            token = ask.post("/api/v1/accounts/login", json=sent).json()["token"]
            headers = {
                "Authorization": f"Bearer {token}",
                "traceparent": f"00-{TRACE}-{PARENT}-01",
                "X-Request-ID": "followed",
            }
            path = "/api/v1/accounts/alice/tasks"
            ask.post(path, json={"name": "canary"}, headers=headers)
            ask.get("/itemprice?itemname=canary", headers={"Authorization": "Bearer canary"})
            ask.get("/dum/1")
            live.stop()
        told = spans(got)
    followed = [span for _, span in told if span.trace_id.hex() == TRACE]
    (request,) = [span for span in followed if span.parent_span_id.hex() == PARENT]
    attributes = values(request.attributes)
    assert request.name == "POST /api/v1/accounts/<username>/tasks"
    assert attributes["http.route"] == "/api/v1/accounts/<username>/tasks"
    assert attributes["http.request.method"] == "POST"
    assert attributes["http.response.status_code"] == 201
    assert attributes["url.path"] == path
    assert attributes["todo_api.request_id"] == "followed"
    assert isinstance(attributes["todo_api.account"], int)
    inner = [span for span in followed if span is not request]
    assert {span.parent_span_id for span in inner} == {request.span_id}
    assert {"SELECT", "INSERT", "UPDATE"} <= {span.name for span in inner}
    systems = {values(span.attributes)["db.system.name"] for span in inner}
    assert systems == {database_url.partition(":")[0]}
    assert all(
        request.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        for span in inner
    )
    names = {span.name for _, span in told}
    assert {"GET /itemprice", "GET", "POST /api/v1/accounts/login"} <= names
    assert {resource["service.name"] for resource, _ in told} == {"todo-api"}
    assert "canary" not in str(got)
    assert PASSWORD not in str(got)
    assert token not in str(got)


def test_what_fails_is_marked_and_a_service_can_have_a_name_of_its_own(tmp_path):
    file = tmp_path / "todo.db"
    settings = {"DATABASE_URL": f"sqlite:///{file}", "OPENTELEMETRY": "on"}
    with collecting() as (url, got):
        settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_SERVICE_NAME": "shopping"}
        with serving(tmp_path / "log", **settings) as live:
            with closing(sqlite3.connect(file)) as other:
                other.execute(
                    "CREATE TRIGGER refusing BEFORE INSERT ON message"
                    " BEGIN SELECT RAISE(ABORT, 'canary'); END"
                )
            assert httpx.post(f"{live.url}/users", json={"data": "hi"}).status_code == 500
            live.stop()
        told = spans(got)
    wrong = {span.name: span.status for resource, span in told if span.status.code == 2}
    assert set(wrong) == {"POST /users", "INSERT"}
    assert wrong["INSERT"].message == "IntegrityError"
    assert "canary" not in str(got)
    assert {resource["service.name"] for resource, _ in told} == {"shopping"}


def test_a_collector_that_is_away_holds_up_nothing(tmp_path):
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/todo.db", "OPENTELEMETRY": "on"}
    settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"
    with serving(tmp_path / "log", **settings) as live:
        for _ in range(20):
            assert httpx.get(f"{live.url}/users").status_code == 200
        begun = time.monotonic()
        assert live.stop() == 0
        assert time.monotonic() - begun < 30


def test_without_the_extra_it_is_one_line_that_says_so(tmp_path):
    missing = tmp_path / "opentelemetry" / "__init__.py"
    missing.parent.mkdir()
    missing.write_text("raise ModuleNotFoundError('No module named opentelemetry')")
    outcome = subprocess.run(
        [sys.executable, "-m", "todo_api", "serve"],
        env=environment(PYTHONPATH=tmp_path, OPENTELEMETRY="on", PORT=free_port()),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 2
    assert outcome.stderr == (
        "todo-api: OPENTELEMETRY needs todo-api[opentelemetry]: No module named opentelemetry.\n"
    )
