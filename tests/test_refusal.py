"""A request for which there is no room is refused without the application being asked."""

import json
import logging
from ipaddress import ip_network

import pytest
from werkzeug.test import Client

from todo_api.resources.envelope import Envelope
from todo_api.resources.refusal import Refusal
from todo_api.urls import ROUTES

crowded = Refusal("There are too many requests at once; try again.")
TOLD = {
    "status": 503,
    "message": "There are too many requests at once; try again.",
    "code": "busy",
}
PAGE = {"Origin": "https://a.example"}
PREFLIGHT = {**PAGE, "Access-Control-Request-Method": "PUT"}


@pytest.fixture
def proxied(backend):
    return backend.with_settings(
        trusted_proxies=(ip_network("127.0.0.1"),),
        cors_origins=("https://a.example",),
        metrics_token="a-token-for-the-metrics",
    )


@pytest.fixture
def client(proxied):
    return Browser(Envelope(crowded, proxied.settings, proxied.app.extensions["todo_api"].metrics))


class Browser(Client):
    def open(self, *args, **sent):
        return super().open(*args, environ_overrides={"REMOTE_ADDR": "127.0.0.1"}, **sent)


def around(answer):
    """The headers that have nothing to do with what was asked."""
    own = ("X-Request-ID", "Retry-After", "Content-Length", "Content-Type", "Allow", "ETag", "Vary")
    own += ("Content-Security-Policy", "Cache-Control", "Location", "WWW-Authenticate")
    return sorted(pair for pair in answer.headers if pair[0] not in own)


def test_it_has_the_headers_that_the_application_gives_on_every_route(proxied, client):
    kinds = [{}, PAGE, {"Origin": "https://b.example"}, {"X-Forwarded-Proto": "https"}]
    kinds += [PREFLIGHT, {**PREFLIGHT, "Access-Control-Request-Headers": "If-Match"}]
    for route in ROUTES:
        path = route.path.replace("<", "").replace(">", "")
        for method in (*(verb.upper() for verb in route.names), "HEAD", "OPTIONS", "BREW"):
            for headers in kinds:
                plain = proxied.nobody(method, path, headers=headers)
                quick = client.open(path, method=method, headers=headers)
                assert quick.status_code == 503
                assert quick.headers["Content-Type"] == "application/json"
                assert around(quick) == around(plain), (method, path, headers)
                assert quick.headers["Cache-Control"] == "no-cache"
                assert quick.json == TOLD if method != "HEAD" else not quick.data


def test_each_has_its_own_id_and_they_come_back_at_different_times(client):
    answers = [client.get("/users") for _ in range(100)]
    assert {answer.headers["Retry-After"] for answer in answers} == set("12345678")
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 100
    own = client.get("/users", headers={"X-Request-ID": "mine"})
    assert own.headers.getlist("X-Request-ID") == ["mine"]


def test_each_is_a_line_of_the_access_log_and_is_counted(proxied, client, caplog):
    caplog.set_level(logging.INFO, "todo_api.access")
    headers = {"X-Forwarded-For": "203.0.113.7"}
    for number in range(3):
        headers["X-Request-ID"] = str(number)
        client.post(f"/api/v1/accounts/{number}", headers=headers)
    lines = [json.loads(record.message) for record in caplog.records]
    assert [line["request_id"] for line in lines] == ["0", "1", "2"]
    assert [line["path"] for line in lines] == [f"/api/v1/accounts/{each}" for each in range(3)]
    for line in lines:
        assert (line["status"], line["method"]) == (503, "POST")
        assert (line["address"], line["account"]) == ("203.0.113.7", None)
        assert line["bytes"] == len(json.dumps(TOLD, separators=(",", ":")))
    counted = proxied.app.extensions["todo_api"].metrics.text().decode()
    assert 'requests_total{method="(any)",route="(none)",status="503"} 3.0' in counted
