"""What every answer has, errors above all, with TESTING off."""

import logging
import re

import pytest
from sqlalchemy import text

from todo_api.urls import ROUTES

PATHS = [route.path for route in ROUTES if route.path != "/"]


def test_testing_is_off(backend):
    assert backend.app.testing is False


@pytest.mark.parametrize(
    "path",
    [
        "/dum/42/117",
        "/dum",
        "/sum/1",
        "/sum/1/2/3",
        "//",
        "/api",
        "/api/v2",
        "/api/v1/accounts/a/b",
        "/api/v1/accounts/alice/tasks/0",
        "/API/V1",
        "/itemprice/apples",
        "/index.html",
        "/static/x",
        "/users//",
        "//users",
        "",
    ],
)
def test_an_unknown_url_is_an_invalid_endpoint(doorstep, path):
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        answer = doorstep(method, "/x", environ_overrides={"PATH_INFO": path})
        assert answer.status_code == 404
        assert answer.content_type == "application/json"
        assert answer.json == {"status": 404, "message": "Invalid endpoint"}


@pytest.mark.parametrize("path", PATHS)
def test_no_url_redirects_and_a_trailing_slash_changes_nothing(nobody, path):
    path = re.sub("<(number.|id)>", "1", path)
    path = re.sub("<.*?>", "x", path)
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        plain, slashed = nobody(method, path), nobody(method, f"{path}/")
        assert plain.status_code == slashed.status_code
        assert not 300 <= plain.status_code < 400
        if path != "/echo/x" and "headers" not in (plain.json or {}):
            assert plain.data == slashed.data


METHODS = ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"]


@pytest.mark.parametrize("path", ["/", *PATHS])
def test_a_method_that_is_not_there_is_not_allowed(doorstep, path):
    path = re.sub("<(number.|id)>", "1", path)
    path = re.sub("<.*?>", "x", path)
    allowed = doorstep("OPTIONS", path).headers["Allow"].split(", ")
    for method in {*METHODS} - {*allowed}:
        answer = doorstep("OPTIONS", path, environ_overrides={"REQUEST_METHOD": method})
        assert answer.status_code == 405, method
        told = {"status": 405, "message": "Method Not Allowed", "code": "method_not_allowed"}
        assert answer.json == told, method
        assert sorted(answer.headers["Allow"].split(", ")) == sorted(allowed), method


@pytest.mark.parametrize("path", ["/api/v1", "/itemprice?itemname=a", "/users", "/echo/x", "/"])
def test_head_answers_as_get_does_without_the_body(nobody, path):
    get, head = nobody.get(path), nobody("HEAD", path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_head_has_the_etag_of_get(alice):
    assert alice("HEAD", alice.tasks).headers["ETag"] == alice.get(alice.tasks).headers["ETag"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/sum/1/2", 200),
        ("GET", "/sum/x/2", 400),
        ("GET", "/api/v1/accounts/x", 401),
        ("GET", "/nothing", 404),
        ("PUT", "/users", 405),
        ("POST", "/users", 422),
        ("OPTIONS", "/users", 204),
    ],
)
def test_every_answer_carries_a_request_id_and_is_open_to_all_origins(nobody, method, path, status):
    answers = [nobody(method, path, headers={"Origin": "https://app.example"}) for _ in range(2)]
    ids = {answer.headers["X-Request-ID"] for answer in answers}
    assert len(ids) == 2
    for answer in answers:
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        exposed = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
        assert exposed == {
            "ETag",
            "Location",
            "Link",
            "Retry-After",
            "X-Request-ID",
            "Idempotent-Replayed",
            "Preference-Applied",
            "Idempotency-Key-Ignored",
        }


def test_a_preflight_is_answered_for_every_method_and_header(doorstep):
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, content-type, if-match, prefer",
    }
    answer = doorstep("OPTIONS", "/api/v1/accounts/alice/tasks/1", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert set(allowed.split(", ")) == {"authorization", "content-type", "if-match", "prefer"}


def test_a_list_of_origins_closes_the_door_to_others(backend):
    listed = backend.with_settings(cors_origins=("https://app.example",)).nobody
    mine = listed.get("/users", headers={"Origin": "https://app.example"})
    assert mine.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Origin" in mine.headers.getlist("Vary")
    for origin in ("https://evil.example", "https://app.example.evil.example", "null"):
        other = listed.get("/users", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in other.headers
    many = backend.with_settings(cors_origins=("http://[::1]:8000", "https://app.example")).nobody
    local = many.get("/users", headers={"Origin": "http://[::1]:8000"})
    assert local.headers["Access-Control-Allow-Origin"] == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc-123_4.5", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("a b", False),
        ("é", False),
        ("", False),
    ],
)
def test_a_usable_request_id_of_the_client_is_kept(nobody, caplog, given, kept):
    with caplog.at_level(logging.INFO, "todo_api.access"):
        answer = nobody.get("/users", headers={"X-Request-ID": given})
    assert (answer.headers["X-Request-ID"] == given) is kept
    assert answer.headers["X-Request-ID"] in caplog.text


def test_a_log_line_names_the_request_and_no_secret(backend, caplog):
    with caplog.at_level(logging.DEBUG):
        alice = backend.register("alice", "a-canary-password")
        alice.get(f"{alice.path}?token={alice.token}")
    assert '"path": "/api/v1/accounts/alice", "status": 200' in caplog.text
    assert "a-canary-password" not in caplog.text
    assert alice.token not in caplog.text


def test_a_path_cannot_forge_a_log_line(nobody, caplog):
    with caplog.at_level(logging.INFO, "todo_api.access"):
        nobody.get("/x%0A2026-01-01 INFO forged")
    assert len(caplog.text.strip().splitlines()) == 1


def test_an_error_that_nobody_foresaw_tells_nothing_but_is_logged(backend, nobody, caplog):
    with backend.database.transaction() as session:
        session.execute(text("ALTER TABLE account RENAME TO canary_in_the_works"))
    answer = nobody.get("/users", headers={"Origin": "https://app.example"})
    assert answer.status_code == 500
    told = {"status": 500, "message": "Internal Server Error", "code": "internal_error"}
    assert answer.json == told
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert answer.headers["X-Request-ID"] in record.message
    assert "account" in caplog.text


@pytest.mark.parametrize("host", ["", "a,b", "a b", "http://x", "a:b", "x:123456", "é"])
def test_exactly_one_host_is_required(doorstep, host):
    answer = doorstep.app.test_client().get("/users", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.json["status"] == 400


@pytest.mark.parametrize(("version", "status"), [("HTTP/1.1", 400), ("HTTP/1.0", 200)])
def test_no_host_at_all_is_refused_but_in_http_1_0(backend, version, status):
    def without_host(environ, start_response):
        del environ["HTTP_HOST"]
        return wsgi({**environ, "SERVER_PROTOCOL": version}, start_response)

    wsgi = backend.app.wsgi_app
    backend.app.wsgi_app = without_host
    assert backend.nobody.get("/users").status_code == status


def test_the_options_of_the_whole_server_are_told(doorstep):
    answer = doorstep("OPTIONS", "/x", environ_overrides={"PATH_INFO": "*"})
    assert (answer.status_code, answer.data) == (204, b"")
    assert "GET" in answer.headers["Allow"]
    assert doorstep.get("/x", environ_overrides={"PATH_INFO": "*"}).status_code == 404


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:5000", "[::1]:5000", "todo_api.test"])
def test_a_host_is_a_name_or_an_address(backend, host):
    assert backend.app.test_client().get("/users", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/itemprice?itemname=%ff",
        "/itemprice?itemname=%zz",
        "/itemprice?a=%",
        "/echo?%C3=1",
        "/?a=%ff",
        "/users?x=%zz",
        "/echo/x?y=%ff",
        "/sum?number1=1&number2=%E2%82",
    ],
)
def test_a_query_that_is_no_utf_8_is_malformed(doorstep, path):
    assert doorstep.get(path).status_code == 400


@pytest.mark.parametrize("path", ["/echo/\xff", "/\xff", "/api/v1/prices/\xed\xa0\x80"])
def test_a_path_that_is_no_utf_8_is_malformed(doorstep, path):
    assert doorstep.get("/x", environ_overrides={"PATH_INFO": path}).status_code == 400


@pytest.mark.parametrize("name", ["Accept", "If-None-Match"])
def test_a_header_that_is_read_and_too_long_is_refused(nobody, name):
    assert nobody.get("/users", headers={name: "a" * 8_000}).status_code == 200
    answer = nobody.get("/users", headers={name: "a" + " " * 8_000 + "b"})
    assert (answer.status_code, answer.json["status"]) == (431, 431)


def test_a_header_that_nobody_reads_counts_only_among_all_headers(nobody):
    """Other applications on the same host may have set many cookies."""
    assert nobody.get("/users", headers={"Cookie": "a" * 60_000}).status_code == 200
    many = {"X-Other": "a" * 40_000, "X-Anything": "a" * 30_000}
    assert nobody.get("/users", headers=many).status_code == 431


STRICT = ["prices", "prices/a", "accounts/alice/tokens", "accounts/alice/tokens/1"]
STRICT += [f"accounts/alice/{path}" for path in ("changes", "tasks/total", "tasks/batch")]
STRICT += ["accounts/alice/tasks/2/restore"]


@pytest.mark.parametrize("path", STRICT)
def test_a_parameter_that_nobody_knows_is_refused_by_every_verb(backend, path):
    alice = backend.someone("alice", is_admin=True)
    alice.task()
    backend.price("a", 1)
    for method in alice("OPTIONS", f"/api/v1/{path}").headers["Allow"].split(", "):
        if method not in ("HEAD", "OPTIONS"):
            answer = alice(method, f"/api/v1/{path}?surplus=1", json={})
            assert (answer.status_code, list(answer.json["errors"])) == (422, ["surplus"]), method


def test_a_nul_in_a_query_is_no_text(nobody):
    assert nobody.get("/itemprice?itemname=%00").status_code == 422
