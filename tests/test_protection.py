"""What each answer tells browsers and caches, and what the access log tells of each request."""

import json
import logging
import threading
from datetime import datetime
from ipaddress import ip_network

import httpx
import pytest
from conftest import serving
from support import ON_ONE_DATABASE

from todo_api.resources.access_log import LONGEST_PATH, Line
from todo_api.resources.auth import PUBLIC
from todo_api.urls import ROUTES

HOME = "127.0.0.1"
FILLED = {"username": "alice", "id": "2", "name": "apples", "text": "x", "number1": "1"}
FILLED |= {"number2": "2", "file": "start.js", "asset": "app.js"}
NO_STORE = {
    "/api/v1/accounts/login",
    "/api/v1/accounts/logout",
    "/api/v1/accounts/<username>/tokens",
    "/api/v1/accounts/<username>/tokens/<id>",
    "/api/v1/accounts/<username>/events",
}
PAGES = {"/", "/docs", "/sw.js"}


def filled(path):
    for name, value in FILLED.items():
        path = path.replace(f"<{name}>", value)
    return path


def caching(route, verb):
    """Return the Cache-Control of `verb`; what a registration answers is its account's own."""
    if route.path in NO_STORE:
        return "no-store"
    own = route.resource.access[verb] != PUBLIC or route.path == "/api/v1/accounts"
    return "private, no-cache" if own else "no-cache"


def must_be_protected(answer, path):
    assert answer.headers["X-Content-Type-Options"] == "nosniff", path
    assert answer.headers["Referrer-Policy"] == "no-referrer", path
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= {*policy}, path
    allowed = [rule for rule in policy if not rule.endswith("'none'")]
    assert not allowed or path in PAGES, path
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in answer.headers


def test_every_answer_to_everybody_is_protected(backend):
    alice = backend.someone("alice", is_admin=True)
    alice.task()
    seen = set()
    for sender in (backend.nobody, backend.someone("bob"), alice):
        for route in ROUTES:
            # An owner who has logged out, or deleted everything, would see no more than nobody.
            verbs = [verb for verb in route.names if verb != "delete"]
            if sender is alice and "logout" in route.path:
                continue
            for verb in verbs:
                answer = sender(verb.upper(), filled(route.path), json={}, buffered=False)
                must_be_protected(answer, route.path)
                assert answer.headers["Cache-Control"] == caching(route, verb), (route.path, verb)
                seen.add((route.path, answer.status_code // 100))
                answer.close()
            for method in ("OPTIONS", "BREW"):
                must_be_protected(sender(method, filled(route.path)), route.path)
    for path in ("/nothing", "/echo?%zz"):
        must_be_protected(backend.nobody.get(path), path)
    assert len(seen) > len(ROUTES)


def test_an_answer_that_is_not_modified_may_be_kept_by_its_owner_alone(alice):
    etag = {"If-None-Match": alice.get(alice.tasks).headers["ETag"]}
    answer = alice.get(alice.tasks, headers=etag)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (304, "private, no-cache")


@pytest.mark.parametrize(
    ("proxies", "scheme", "told", "expected"),
    [
        ("", "http", "https", None),
        ("192.0.2.0/24", "http", "https", None),
        (HOME, "http", "https", "max-age=31536000"),
        (HOME, "http", "http, HTTPS", "max-age=31536000"),
        (HOME, "http", "https, http", None),
        (HOME, "http", "", None),
        (HOME, "https", "http", None),
        ("", "https", "", "max-age=31536000"),
        ("", "https", "http", "max-age=31536000"),
    ],
)
def test_whoever_came_by_tls_is_told_to_keep_to_it(backend, proxies, scheme, told, expected):
    nobody = backend.with_settings(trusted_proxies=tuple(map(ip_network, proxies.split()))).nobody
    headers = {"X-Forwarded-Proto": told} if told else {}
    for path in ("/users", "/nothing"):
        answer = nobody.get(path, headers=headers, base_url=f"{scheme}://localhost")
        assert answer.headers.get("Strict-Transport-Security") == expected


def test_keeping_to_tls_can_be_taken_back(backend):
    answer = backend.with_settings(hsts_days=0).nobody.get("/users", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=0"


@pytest.fixture
def lines(caplog):
    """Return what the access log tells since it was last asked."""

    def told():
        messages = [each.message for each in caplog.records if each.name == "todo_api.access"]
        caplog.clear()
        return [json.loads(message) for message in messages]

    with caplog.at_level(logging.INFO, "todo_api.access"):
        yield told


def test_each_request_is_one_line_with_all_that_is_needed(backend, lines):
    alice = backend.someone("alice")
    answer = alice.post(alice.tasks, json={"name": "milk"}, headers={"X-Request-ID": "mine"})
    (line,) = lines()
    assert list(line) == [
        *("time", "request_id", "method", "path", "status"),
        *("ms", "address", "account", "bytes"),
    ]
    assert line["time"].endswith("Z")
    assert line["request_id"] == "mine"
    assert (line["method"], line["path"], line["status"]) == ("POST", alice.tasks, 201)
    assert 0 < line["ms"] < 10_000
    assert (line["address"], line["account"]) == ("127.0.0.1", 1)
    assert line["bytes"] == len(answer.data)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/users", 200),
        ("HEAD", "/users", 200),
        ("OPTIONS", "/users", 204),
        ("BREW", "/users", 405),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/messages", 401),
        ("POST", "/users", 422),
    ],
)
def test_what_is_refused_is_a_line_too(nobody, lines, method, path, status):
    answer = nobody(method, path)
    (line,) = lines()
    assert (line["method"], line["status"], line["account"]) == (method, status, None)
    assert (line["status"], line["bytes"]) == (answer.status_code, len(answer.data))


def test_a_stream_is_a_line_when_it_begins(alice, lines):
    stream = alice.get(f"{alice.path}/events", buffered=False)
    (line,) = lines()
    assert (line["status"], line["bytes"], line["account"]) == (200, None, 1)
    stream.close()


HOSTILE = ['x"}\n{"status": 200', "\r\n\x1b[2J\x00\x7f", "\u2028\u2029\x85\x9b\u202e", "\\n\\u000a"]


@pytest.mark.parametrize("text", [*HOSTILE, "\U0001f34e" * 1_000, "\n" * 5_000])
def test_nothing_that_a_client_sends_forges_or_mixes_lines(backend, caplog, text):
    trusting = backend.with_settings(trusted_proxies=(ip_network(HOME),)).nobody
    headers = {"X-Forwarded-For": f"{text[:40]!r}, 2001:db8::7", "X-Request-ID": ascii(text)}
    with caplog.at_level(logging.INFO, "todo_api.access"):
        # A path is WSGI's, bytes as Latin-1.
        raw = f"/{text}".encode().decode("latin-1")
        trusting('"B\n' * 200, "/", headers=headers, environ_overrides={"PATH_INFO": raw})
    (record,) = [record for record in caplog.records if record.name == "todo_api.access"]
    assert record.message.isascii()
    assert record.message.isprintable()
    assert len(record.message) < 4_096
    line = json.loads(record.message)
    assert record.message == json.dumps(line)
    assert datetime.fromisoformat(line["time"]).timestamp() == pytest.approx(
        record.created, abs=2e-3
    )
    assert line["method"] == ('"B\n' * 200)[:16]
    assert line["path"] == f"/{text}"[:LONGEST_PATH]
    assert line["address"] == "2001:db8::7"


def test_the_record_of_a_line_has_all_that_a_record_has():
    usual = logging.LogRecord("todo_api.access", logging.INFO, "", 0, "text", None, None)
    line = Line("text", usual.created)
    assert vars(line).keys() == vars(usual).keys()
    form = logging.Formatter("%(asctime)s %(name)s %(levelname)s %(levelno)s %(message)s")
    assert form.format(line) == form.format(usual)


def test_a_query_is_not_told(nobody, lines):
    nobody.get("/users?token=canary")
    (line,) = lines()
    assert "canary" not in str(line)


@ON_ONE_DATABASE
def test_workers_write_whole_lines_to_one_pipe(database_url, tmp_path):
    path = "/" + "%F0%9F%8D%8E" * LONGEST_PATH
    with serving(tmp_path / "log", DATABASE_URL=database_url, LOG_LEVEL="error") as live:

        def ask():
            with httpx.Client(base_url=live.url) as client:
                for _ in range(25):
                    assert client.get(path).status_code == 404

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    told = [json.loads(line) for line in live.text().splitlines() if line.startswith("{")]
    assert len([line for line in told if line["status"] == 404]) == 100


@ON_ONE_DATABASE
def test_the_access_log_can_be_off(database_url, tmp_path):
    with serving(tmp_path / "log", DATABASE_URL=database_url, ACCESS_LOG="off") as live:
        assert httpx.get(f"{live.url}/users").status_code == 200
    assert "/users" not in live.text()
