"""No hot route becomes a third dearer than it was, in times of the floor."""

import json
import os
import subprocess
import sys

import pytest
import speed

ROOM = 1.25
"""How much more than what was measured may be noise; a third more is not."""

TIMES = {
    "list of 50, nothing kept": 3.6,
    "list of 50, kept": 0.27,
    "one task": 11.3,
    "one price": 11.3,
    "sum": 10,
    "echo": 56,
    "create": 9.2,
}
"""What each route cost when that was measured last: `python tests/speed.py` prints these lines."""


@pytest.fixture(scope="module")
def measured():
    """What each route costs now, where nothing counts which lines are run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, speed.__file__, "--json"]
    outcome = subprocess.run(command, env=kept, capture_output=True, text=True, check=True)
    return json.loads(outcome.stdout)


def test_each_hot_route_has_a_bound():
    assert set(TIMES) == set(speed.ROUTES)


@pytest.mark.parametrize("name", TIMES)
def test_a_route_costs_what_it_did(name, measured):
    assert measured[name] <= TIMES[name] * ROOM
