"""Metrics: counted over all processes, shown to whoever has the token for them."""

import httpx
import pytest
from conftest import serving
from prometheus_client.parser import text_string_to_metric_families

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


def test_the_processes_of_a_server_count_together(database_url, tmp_path):
    settings = {"DATABASE_URL": database_url, "WORKERS": 2, "METRICS_TOKEN": TOKEN}
    with serving(tmp_path / "log", **settings) as live:
        for _ in range(100):
            httpx.get(f"{live.url}/itemprice")
        told = samples(httpx.get(f"{live.url}/metrics", headers=BEARER).text)
        assert told["todo_api_requests_total", "/itemprice", "200", "GET"] == 100
        assert TOKEN not in live.text()
