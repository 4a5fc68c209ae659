"""The pytest plugin, in projects of other people, and what it hands out."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from conftest import ROOT, environment
from node_packages import NODE

from todo_api.client import Unauthorized
from todo_api.testing import serving

README = (ROOT / "README.rst").read_text()
TASKS = "/api/v1/accounts/<username>/tasks"

PROJECT = """
from datetime import UTC, datetime
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def told(todo_server):
    Path("url").write_text(todo_server.url)


@pytest.mark.parametrize("time", range(2))
def test_each_test_has_an_empty_server(todo_api, todo_server, time):
    assert todo_api is todo_server
    assert list(todo_api.admin.client.prices()) == []
    user = todo_api.register()
    assert user.username == "user1"
    assert user.client.tasks.create("milk").id == 2
    todo_api.admin.client.prices.create("milk", 1)
    todo_api.fail_next(500, times=100, path="/users")
    todo_api.freeze_time(datetime(2030, 1, 1, tzinfo=UTC))


def test_the_server_of_the_session_keeps_what_is_left(todo_server):
    assert [price.name for price in todo_server.admin.client.prices()] == ["milk"]
"""


def blocks(language):
    found = re.findall(rf"code-block:: {language}\n\n((?:    .*\n|\n)+)", README)
    return [re.sub("^    ", "", block, flags=re.MULTILINE) for block in found]


def run(folder, code, **settings):
    """Run a test file as other people do: outside of this repository, by a pytest of their own."""
    (folder / "test_mine.py").write_text(code)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_readmes_test_runs_outside_of_the_repository(tmp_path):
    (code,) = [block for block in blocks("python") if "todo_api.register" in block]
    assert len([line for line in code.splitlines() if line.startswith("    ")]) <= 5
    outcome = run(tmp_path, code)
    assert "1 passed" in outcome.stdout, outcome.stdout + outcome.stderr


def test_each_test_has_an_empty_server_and_the_session_one_that_ends_with_it(tmp_path):
    file = tmp_path / "theirs.db"
    outcome = run(tmp_path, PROJECT, DATABASE_URL=f"sqlite:///{file}")
    assert "3 passed" in outcome.stdout, outcome.stdout + outcome.stderr
    assert not file.exists()
    with pytest.raises(httpx.TransportError):
        httpx.get((tmp_path / "url").read_text())


def test_who_cannot_have_a_server_is_told_why(tmp_path):
    outcome = run(tmp_path, "def test_x(todo_api):\n    pass\n", CURRENCY="nonsense")
    assert outcome.returncode == 1
    assert "has not started" in outcome.stdout
    assert "CURRENCY is wrong" in outcome.stdout + outcome.stderr


def test_whoever_does_not_want_it_does_not_load_it():
    code = """
import sys, importlib, typing, collections.abc, pytest
before = set(sys.modules)
import todo_api.pytest_plugin
assert set(sys.modules) - before == {"todo_api", "todo_api.pytest_plugin"}
import todo_api.testing
assert not {"flask", "sqlalchemy", "marshmallow", "granian"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_readmes_javascript_runs(tmp_path):
    (script,) = blocks("javascript")
    (tmp_path / "example.js").write_text(script)
    programs = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    outcome = subprocess.run(
        [NODE, "example.js"],
        cwd=tmp_path,
        env={**environment(), "PATH": programs},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (outcome.stdout, outcome.returncode) == ("200 []\n", 0), outcome.stderr


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


@pytest.fixture
def mine(server):
    server.reset()
    return server


def test_accounts_are_ready_to_be_used(mine):
    names = [mine.register(name).username for name in (None, "alice", None, "user9")]
    assert names == ["user1", "alice", "user2", "user9"]
    bob = mine.register("bob", "another-horse")
    assert bob.client.account().username == "bob"
    login = {"username": "bob", "password": bob.password}
    assert httpx.post(f"{mine.url}/api/v1/accounts/login", json=login).status_code == 200
    bearer = {"Authorization": f"Bearer {bob.token}"}
    assert httpx.get(f"{mine.url}/api/v1/accounts/bob", headers=bearer).status_code == 200
    assert mine.admin.client.account().is_admin


def test_time_stands_still_and_moves(mine):
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    with mine.freeze_time("2030-01-01T12:00:00Z") as time:
        assert time.now == noon
        alice = mine.register("alice").client
        assert alice.tasks.create("x").creation_date == noon
        time.advance(60)
        time.advance(timedelta(hours=1))
        assert time.now == noon + timedelta(seconds=3660)
        time.advance(-3660)
        assert alice.tasks.create("x").creation_date == noon
        time.move_to(noon + timedelta(days=31))
        with pytest.raises(Unauthorized):
            alice.account()
        time.move_to(datetime(2030, 1, 1, 12))  # noqa: DTZ001 - A time without a zone is in UTC.
        assert time.now == noon
    ago = datetime.now(UTC) - alice.tasks.create("x").creation_date
    assert abs(ago) < timedelta(minutes=1)
    time = mine.freeze_time()
    assert abs(time.now - datetime.now(UTC)) < timedelta(minutes=1)
    time.release()
    with pytest.raises(ValueError, match="Must lie in the years"):
        mine.freeze_time("1969-01-01T00:00:00Z")


def test_requests_fail_as_they_are_told_to(mine):
    alice = mine.register("alice")
    bearer = {"Authorization": f"Bearer {alice.token}"}
    tasks = f"{mine.url}/api/v1/accounts/alice/tasks"
    mine.fail_next(503, times=2, method="POST", path=TASKS)
    sent = [httpx.post(tasks, json={"name": "x"}, headers=bearer) for _ in range(3)]
    assert [answer.status_code for answer in sent] == [503, 503, 201]
    mine.fail_next(503, method="POST", path=TASKS)
    alice.client.tasks.create("y")
    assert [task.name for task in alice.client.tasks()] == ["x", "y"]
    mine.fail_next(404)
    assert httpx.get(mine.url).status_code == 404
    assert httpx.get(mine.url).status_code == 200
    with pytest.raises(ValueError, match="status"):
        mine.fail_next(200)
