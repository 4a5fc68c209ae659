"""Metrics: counted over all processes, shown to whoever has the token for them."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from conftest import serving, wait_until_answering
from prometheus_client.parser import text_string_to_metric_families
from support import ON_ONE_DATABASE, PASSWORD

from todo_api.metrics import NO_ROUTE

TOKEN = "a-secret-of-the-scraper"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def samples(text):
    """Return the value of each sample by its name and labels."""
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_without_a_token_in_the_settings_there_are_no_metrics(nobody):
    answer = nobody.get("/metrics", headers=BEARER)
    assert answer.status_code == 404
    assert answer.json == {"status": 404, "message": "Invalid endpoint"}


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
def test_metrics_are_shown_to_nobody_else(backend, sent):
    answer = backend.with_settings(metrics_token=TOKEN).nobody.get("/metrics", headers=sent)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "todo_api_requests" not in answer.text


def test_requests_are_counted_and_timed_by_route(backend):
    counted = backend.with_settings(metrics_token=TOKEN)
    for path in ("/echo/1", "/echo/2", "/dum/1", "/dum/2", "/sum/x/1"):
        counted.nobody.get(path)
    counted.nobody("BREW", "/dum/3")
    answer = counted.nobody.get("/metrics/", headers=BEARER)
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    told = samples(answer.text)
    assert told["todo_api_requests_total", "/echo/<text>", "200", "GET"] == 2
    assert told["todo_api_requests_total", "(any)", NO_ROUTE, "404"] == 3
    assert told["todo_api_requests_total", "/sum/<number1>/<number2>", "400", "GET"] == 1
    assert told["todo_api_request_seconds_count", "/echo/<text>", "GET"] == 2
    assert 0 < told["todo_api_request_seconds_sum", "/echo/<text>", "GET"] < 10


@ON_ONE_DATABASE
def test_the_processes_of_a_server_count_together(database_url, tmp_path):
    settings = {"DATABASE_URL": database_url, "WORKERS": 2, "METRICS_TOKEN": TOKEN}
    with serving(tmp_path / "log", **settings) as live:
        for _ in range(100):
            httpx.get(f"{live.url}/itemprice")
        told = samples(httpx.get(f"{live.url}/metrics", headers=BEARER).text)
        assert told["todo_api_requests_total", "/itemprice", "200", "GET"] == 100
    assert TOKEN not in live.text()


def scraped(live):
    return samples(httpx.get(f"{live.url}/metrics", headers=BEARER).text)


def test_the_time_of_the_database_is_told_by_statement(backend):
    counted = backend.with_settings(metrics_token=TOKEN)
    alice = counted.someone("alice")
    before = samples(counted.nobody.get("/metrics", headers=BEARER).text)
    alice.task(name="milk")
    assert alice.get(alice.tasks).status_code == 200
    after = samples(counted.nobody.get("/metrics", headers=BEARER).text)
    for statement in ("SELECT", "INSERT", "COMMIT"):
        many, seconds = (
            (f"todo_api_database_seconds_{each}", statement) for each in ("count", "sum")
        )
        assert after[many] > before.get(many, 0), statement
        assert 0 < after[seconds] - before.get(seconds, 0) < 10


def test_connections_of_the_pool_are_counted_while_they_are_in_use(backend):
    counted = backend.with_settings(metrics_token=TOKEN, threads=3)
    with backend.database.engine.connect(), backend.database.engine.connect():
        told = samples(counted.nobody.get("/metrics", headers=BEARER).text)
    assert told["todo_api_database_connections",] == 2
    assert told["todo_api_database_connections_limit",] == 8
    counted.nobody.get("/itemprice?itemname=apples")
    told = samples(counted.nobody.get("/metrics", headers=BEARER).text)
    assert told["todo_api_database_connections",] == 0


def test_passwords_are_counted_by_what_came_of_them(backend):
    counted = backend.with_settings(metrics_token=TOKEN, login_failures=2)
    counted.register("alice")
    for password in ("wrong-password", "wrong-password", "wrong-password", PASSWORD):
        sent = {"username": "alice", "password": password}
        counted.nobody.post("/api/v1/accounts/login", json=sent)
    told = samples(counted.nobody.get("/metrics", headers=BEARER).text)
    outcomes = {name[1]: told[name] for name in told if name[0].endswith("password_checks_total")}
    assert outcomes == {"right": 1, "wrong": 2, "refused": 2}


@ON_ONE_DATABASE
def test_open_event_streams_are_counted_until_they_end_or_their_process_does(
    database_url, tmp_path
):
    settings = {"DATABASE_URL": database_url, "WORKERS": 1, "METRICS_TOKEN": TOKEN}
    with serving(tmp_path / "log", **settings) as live, httpx.Client(base_url=live.url) as ask:
        account = "/api/v1/accounts/alice"
        sent = {"username": "alice", "password": PASSWORD, "email": "alice@example.com"}
        ask.post("/api/v1/accounts", json=sent)
        sent.pop("email")
        token = ask.post("/api/v1/accounts/login", json=sent).json()["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        with ExitStack() as streams:
            opened = [ask.stream("GET", f"{account}/events", headers=bearer) for _ in range(3)]
            for each in opened:
                streams.enter_context(each)
            assert scraped(live)["todo_api_event_streams",] == 3
            ask.delete(f"{account}/tokens", headers=bearer)
            token = ask.post("/api/v1/accounts/login", json=sent).json()["token"]
            bearer = {"Authorization": f"Bearer {token}"}
            # A stream whose token has ended finds out when it has something to tell.
            ask.post(f"{account}/tasks", json={"name": "x"}, headers=bearer)
            eventually(lambda: scraped(live)["todo_api_event_streams",] == 0)
        with ask.stream("GET", f"{account}/events", headers=bearer):
            assert scraped(live)["todo_api_event_streams",] == 1
            (worker,) = children(live.process.pid)
            os.kill(worker, signal.SIGKILL)
            eventually(lambda: children(live.process.pid) not in ([], [worker]))
        wait_until_answering(live)
        told = scraped(live)
        assert told.get(("todo_api_event_streams",), 0) == 0
        assert told["todo_api_requests_total", "/api/v1/accounts", "201", "POST"] == 1


def eventually(holds):
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    assert holds()


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]
