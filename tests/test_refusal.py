"""What whoever finds no place is told, which the application says only once."""

import json
import logging
from ipaddress import ip_network

import pytest
from werkzeug.test import Client

from todo_api.resources import refusal
from todo_api.resources.refusal import Refusals
from todo_api.turns import REFUSED
from todo_api.urls import ROUTES

TOLD = {"status": 503, "message": "There are too many requests at once; try again."}
OWN = ("X-Request-ID", "Retry-After")
PAGE = {"Origin": "https://a.example"}


@pytest.fixture
def proxied(backend):
    return backend.with_settings(
        trusted_proxies=(ip_network("127.0.0.1"),),
        cors_origins=("https://a.example",),
        metrics_token="a-token-for-the-metrics",
    )


@pytest.fixture
def refusals(proxied):
    metrics = proxied.app.extensions["todo_api"].metrics
    return Refusals(proxied.app, proxied.settings, metrics)


@pytest.fixture
def asked(proxied, refusals, monkeypatch):
    """The ids of the requests that the application was asked."""
    seen = []
    whole = proxied.app.wsgi_app

    def note(environ, start_response):
        seen.append(environ.get("HTTP_X_REQUEST_ID"))
        return whole(environ, start_response)

    monkeypatch.setattr(proxied.app, "wsgi_app", note)
    return seen


class Browser(Client):
    def open(self, *args, **sent):
        return super().open(*args, environ_overrides={"REMOTE_ADDR": "127.0.0.1"}, **sent)


def without_own(answer):
    return sorted(pair for pair in answer.headers if pair[0] not in OWN)


def test_it_is_what_the_application_would_say_on_every_route(proxied, refusals):
    client = Browser(refusals)
    kinds = [{}, PAGE, {"Origin": "https://b.example"}, {"X-Forwarded-Proto": "https"}]
    preflight = {**PAGE, "Access-Control-Request-Method": "PUT"}
    kinds += [preflight, {**preflight, "Access-Control-Request-Headers": "If-Match"}]
    for route in ROUTES:
        path = route.path.replace("<", "").replace(">", "")
        for method in (*(verb.upper() for verb in route.names), "HEAD", "OPTIONS", "BREW"):
            for headers in kinds:
                own = {REFUSED: True}
                plain = proxied.nobody(method, path, headers=headers, environ_overrides=own)
                quick = client.open(path, method=method, headers=headers)
                assert (quick.status_code, quick.data) == (503, plain.data)
                assert without_own(quick) == without_own(plain), (method, path, headers)
                assert method == "HEAD" or quick.json == TOLD


def test_the_application_says_it_once_to_each_kind_of_client(refusals, asked):
    client = Browser(refusals)
    for number in range(3):
        for headers in ({}, PAGE):
            client.get("/echo/a", headers={**headers, "X-Request-ID": f"{number}{len(headers)}"})
    assert asked == ["00", "01"]


def test_only_so_many_kinds_are_kept(refusals, asked, monkeypatch):
    monkeypatch.setattr(refusal, "KINDS", 2)
    client = Browser(refusals)
    for origin in "abbcaa":
        client.get("/echo/a", headers={"Origin": origin, "X-Request-ID": origin})
    assert asked == ["a", "b", "c", "a"]


def test_each_has_its_own_id_and_they_come_back_at_different_times(refusals):
    client = Browser(refusals)
    answers = [client.get("/users") for _ in range(100)]
    assert {answer.headers["Retry-After"] for answer in answers} == set("12345678")
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 100
    own = client.get("/users", headers={"X-Request-ID": "mine"})
    assert own.headers.getlist("X-Request-ID") == ["mine"]


def test_each_is_a_line_of_the_access_log_and_is_counted(proxied, refusals, caplog):
    client = Browser(refusals)
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
