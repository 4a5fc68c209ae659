"""The same file gives the same prices or tasks, and the same complaints, however it is imported."""

import pytest
from click.testing import CliRunner
from import_files import CALENDAR_FILES, PRICE_FILES

from todo_api.cli import main


@pytest.fixture
def run(database_url, monkeypatch, tmp_path):
    """Import a file by the command line."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run(command, *arguments, content, name):
        file = tmp_path / name
        file.write_bytes(content)
        return CliRunner().invoke(main, [command, *arguments, str(file)])

    return run


def post(client, path, content, media):
    # The test client would tell no length of an empty body.
    length = {"CONTENT_LENGTH": str(len(content))}
    return client.post(path, data=content, content_type=media, environ_overrides=length)


def complaints(answer):
    """Return all that an answer says of a file that is refused, or of what was skipped."""
    errors = answer.json.get("errors", {}).items()
    skipped = answer.json.get("skipped", [])
    told = [answer.json.get("message", ""), *(text for place, each in errors for text in each)]
    return [*told, *(place for place, _ in errors), *(each["reason"] for each in skipped)]


def taken_prices(admin):
    """Return the price list, which is empty afterwards."""
    prices = admin.get("/api/v1/prices").json["prices"]
    for price in prices:
        assert admin.delete(f"/api/v1/prices/{price['name']}").status_code == 204
    return [
        tuple(price[name] for name in ("name", "price", "currency", "unit")) for price in prices
    ]


def taken_tasks(alice):
    """Return all tasks but for what tells one import from another; there are none afterwards."""
    tasks = alice.get(alice.tasks).json["tasks"]
    for task in tasks:
        assert alice.delete(f"{alice.tasks}/{task['id']}").status_code == 204
    told_apart = ("id", "revision", "creation_date", "etag")
    return [{name: task[name] for name in task if name not in told_apart} for task in tasks]


@pytest.mark.parametrize("content", PRICE_FILES.values(), ids=PRICE_FILES)
def test_prices_are_the_same_by_command_and_by_http(run, admin, content):
    outcome = run("import-prices", content=content, name="prices.csv")
    by_command = taken_prices(admin)
    answer = post(admin, "/api/v1/prices/import", content, "text/csv")
    assert by_command == taken_prices(admin)
    assert bool(by_command) == (answer.status_code == 200) == (outcome.exit_code == 0)
    assert [each for each in complaints(answer) if each not in outcome.output] == []


@pytest.mark.parametrize("content", CALENDAR_FILES.values(), ids=CALENDAR_FILES)
def test_tasks_are_the_same_by_command_and_by_http(run, alice, content):
    outcome = run("import-tasks", "alice", content=content, name="tasks.ics")
    by_command = taken_tasks(alice)
    answer = post(alice, f"{alice.path}/import", content, "text/calendar")
    assert by_command == taken_tasks(alice)
    assert (answer.status_code == 200) == (outcome.exit_code == 0)
    assert [each for each in complaints(answer) if each not in outcome.output] == []
