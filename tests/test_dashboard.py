"""The dashboard for Grafana asks for what /metrics really tells."""

import itertools
import json
import re

import httpx
import promql_parser
import pytest
from conftest import ROOT, serving
from prometheus_client.parser import text_string_to_metric_families
from support import PASSWORD

DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "todo-api.json").read_text())
PANELS = DASHBOARD["panels"]
ASKED = [target["expr"] for panel in PANELS for target in panel["targets"]]
TOKEN = "a-secret-of-the-scraper"


def selectors(expression):
    """Yield each selector in `expression`, which has to be PromQL."""
    plain = expression.replace("$__rate_interval", "5m").replace("$job", ".*")
    waiting = [promql_parser.parse(plain)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, promql_parser.VectorSelector):
            yield node
        for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
            waiting += [part for part in [getattr(node, name, None)] if part is not None]
        waiting += getattr(node, "args", None) or []


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The labels of each metric of a server on which something happened."""
    folder = tmp_path_factory.mktemp("told")
    settings = {"DATABASE_URL": f"sqlite:///{folder}/todo.db", "METRICS_TOKEN": TOKEN}
    with serving(folder / "log", **settings) as live:
        sent = {"username": "alice", "password": PASSWORD}
        httpx.post(f"{live.url}/api/v1/accounts", json={**sent, "email": "alice@example.com"})
        httpx.post(f"{live.url}/api/v1/accounts/login", json=sent)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        text = httpx.get(f"{live.url}/metrics", headers=bearer).text
    samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
    return {sample.name: {*sample.labels} for sample in samples}


@pytest.mark.parametrize("expression", ASKED)
def test_each_panel_asks_for_what_there_is(told, expression):
    found = [*selectors(expression)]
    assert found
    for selector in found:
        assert selector.name in told
        labels = {matcher.name for matcher in selector.matchers.matchers}
        # Prometheus itself adds the job and the instance.
        assert labels <= told[selector.name] | {"job"}
    grouped = re.findall(r"by \(([a-z, ]+)\)", expression)
    names = {name for group in grouped for name in group.split(", ")}
    assert names <= {label for each in found for label in told[each.name]} | {"instance"}


def test_whatever_is_told_is_shown(told):
    shown = {selector.name for expression in ASKED for selector in selectors(expression)}
    own = {re.sub("_(bucket|count|sum|created)$", "", name) for name in told}
    assert {re.sub("_(bucket|sum)$", "", name) for name in shown} == own


def test_no_panel_lies_on_another():
    for one, other in itertools.combinations([panel["gridPos"] for panel in PANELS], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
