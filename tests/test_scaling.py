"""What docs/scaling.rst computes follows from what it says was measured."""

import re
from pathlib import Path

import costs
import pytest
from faults.rig import Rig

PAGE = (Path(__file__).parent.parent / "docs" / "scaling.rst").read_text()
TEXT = " ".join(PAGE.split())

SIZES = (10_000, 1_000_000, 100_000_000)
DAY = {
    "changes, when there are none": 20,
    "the same, not modified": 10,
    "a page of 50 tasks": 10,
    "a task is changed": 4,
    "a task is created, with a key": 4,
    "a total of 50 tasks": 2,
}
"""The requests of an account in use, as the page assumes."""

WRITES = 8
PEAK = 1 / 3 * sum(DAY.values()) / 10 / 3600 * 2
"""Requests a second for each account."""


def row(label):
    """Return the numbers in a row of the page's tables."""
    (cells,) = re.findall(rf"^{re.escape(label)}  +(.+)$", PAGE, re.MULTILINE)
    return [float(each.replace(",", "")) for each in re.findall(r"[\d,.]*\d", cells)]


def mean(column):
    return sum(row(what)[column] * times for what, times in DAY.items()) / sum(DAY.values())


def test_a_request_costs_the_mean_of_what_was_measured():
    assert f"takes {mean(1):.2f} ms of the server and {mean(2):.2f} ms of PostgreSQL" in TEXT
    assert f"(on SQLite {mean(0):.2f} ms)" in TEXT


def test_requests_and_cores_follow_from_it():
    assert f"{PEAK * 10_000:.1f} requests a second for each 10,000 accounts" in TEXT
    rates = [PEAK * size for size in SIZES]
    assert row("requests a second") == pytest.approx(rates, rel=0.03)
    writes = [rate * WRITES / sum(DAY.values()) for rate in rates]
    assert row("of them writes") == pytest.approx(writes, rel=0.03)
    busy = [rate * mean(1) / 1000 * 2 for rate in rates]
    busy[0] = rates[0] * mean(0) / 1000 * 2
    assert row("cores of the nodes") == pytest.approx(busy, rel=0.03)
    busy = [rate * mean(2) / 1000 * 2 for rate in rates[1:]]
    assert row("cores of PostgreSQL") == pytest.approx(busy, rel=0.03)


def test_the_machines_have_the_cores_and_one_node_to_spare():
    one, many = row("nodes")[2:4], row("nodes")[4:]
    connections = row("connections")
    for (nodes, cores), needed, opened in zip(
        (one, many), row("cores of the nodes")[1:], connections, strict=True
    ):
        assert (nodes - 1) * cores > needed
        assert opened == nodes * cores * 19
    _, first, machines, cores, _ = row("databases")
    assert [first, machines * cores] > row("cores of PostgreSQL")


def test_what_is_stored_follows_from_the_rows():
    answers = DAY["a task is created, with a key"] / 3
    rows = ("an account with a token", "a task", "an answer kept for a day")
    account, task, answer = map(row, rows)
    sqlite, postgresql = (
        each[0] + 100 * each[1] + answers * each[2]
        for each in zip(account, task, answer, strict=True)
    )
    stored = [1e4 * sqlite / 1e9, 1e6 * postgresql / 1e9, 1e8 * postgresql / 1e12]
    assert row("stored, each time") == pytest.approx(stored, rel=0.1)


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_the_script_measures_what_stands_on_the_page(on, monkeypatch):
    for name in ("REQUESTS", "LOGINS", "PAGE", "ROWS"):
        monkeypatch.setattr(costs, name, 200 if name == "ROWS" else 2)
    rig = Rig(on)
    try:
        times = list(costs.times(rig))
        sizes = list(costs.sizes(rig))
    finally:
        rig.close()
    assert [statuses for _, statuses, *_ in times if len(statuses) != 1] == []
    assert len(times) == 8
    assert all(row(what) for what, *_ in [*times, *sizes])
    assert all(size > 0 for _, size in sizes)
