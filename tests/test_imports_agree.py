"""The same file gives the same prices or tasks, and the same complaints, however it is imported."""

import re

import pytest
from click.testing import CliRunner
from conftest import serving
from import_files import CALENDAR_FILES, PRICE_FILES
from pages import account, make_admin, person
from playwright.sync_api import expect

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


@pytest.fixture(scope="module")
def server(sqlite_databases, tmp_path_factory):
    url = sqlite_databases.migrated()
    with serving(tmp_path_factory.mktemp("imports") / "log", DATABASE_URL=url) as live:
        account(live.url, "boss").close()
        make_admin(url, "boss")
        yield live


@pytest.fixture
def boss(server, chromium):
    with person(chromium, server.url, "boss", locale="en-GB") as boss:
        yield boss


class ByHttp:
    """The tests' own client, with the answers of the test client, for the server of the page."""

    def __init__(self, person):
        self._api = person.api
        self.tasks = person.path

    def get(self, path):
        return Answer(self._api.get(path))

    def delete(self, path):
        return Answer(self._api.delete(path))

    def post(self, path, content, media):
        return Answer(self._api.post(path, content=content, headers={"Content-Type": media}))


class Answer:
    def __init__(self, answer):
        self.status_code = answer.status_code
        self.json = answer.json() if answer.content else None


def imported_on_the_page(place, button, file):
    """Choose a file on the page, import it if the page lets it be; return all that is told."""
    outcome = place.get_by_role("status")
    place.locator("input[type=file]").set_input_files(file)
    expect(outcome).not_to_be_empty()
    expect(outcome).not_to_contain_text("Checking the file")
    told = outcome.inner_text()
    send = place.get_by_role("button", name=button)
    if send.is_enabled():
        send.click()
        expect(outcome).to_contain_text(re.compile(r"(is|are) new\.|[0-9] new,"))
        told += outcome.inner_text()
    return told


def test_prices_are_the_same_on_the_page_and_by_http(boss):
    http = ByHttp(boss)
    page = boss.open("prices")
    page.get_by_text("Prices from a file").click()
    place = page.locator("details[open]")
    for name, content in PRICE_FILES.items():
        file = {"name": "prices.csv", "mimeType": "text/csv", "buffer": content}
        told = imported_on_the_page(place, "Import", file)
        on_page = taken_prices(http)
        answer = http.post("/api/v1/prices/import", content, "text/csv")
        assert on_page == taken_prices(http), (name, told)
        assert bool(on_page) == (answer.status_code == 200), name
        assert answer.status_code == 200 or told, name


def test_tasks_are_the_same_on_the_page_and_by_http(boss):
    http = ByHttp(boss)
    page = boss.open("profile")
    place = page.locator("section", has_text="Bring tasks from a file").last
    for name, content in CALENDAR_FILES.items():
        file = {"name": "tasks.ics", "mimeType": "text/calendar", "buffer": content}
        told = imported_on_the_page(place, "Import the tasks", file)
        on_page = taken_tasks(http)
        answer = http.post(boss.path.removesuffix("/tasks") + "/import", content, "text/calendar")
        assert on_page == taken_tasks(http), (name, told)
        assert [each for each in complaints(answer) if each not in told] == [], name
