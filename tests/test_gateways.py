"""Proxies that compress, between a client and the server."""

import re
from contextlib import closing, contextmanager

import nginx
import pytest
from conftest import serving
from pages import account, make_admin, person
from playwright.sync_api import expect
from postgres import free_port
from sites import cannot_run

from todo_api.client import Client, Stale

PROXIED = """
server {{
    listen 127.0.0.1:{port};
    {settings}
    location / {{
        {inside}
        proxy_pass {url};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
    }}
}}
"""

COMPRESSING = "gzip on; gzip_types application/json; gzip_min_length 0;"


@pytest.fixture(scope="module")
def database_of_server(sqlite_databases):
    return sqlite_databases.migrated()


@pytest.fixture(scope="module")
def server(database_of_server, tmp_path_factory):
    log = tmp_path_factory.mktemp("gateways") / "log"
    settings = {"REGISTRATIONS_PER_HOUR": 1000}
    with serving(log, DATABASE_URL=database_of_server, **settings) as live:
        yield live


@contextmanager
def proxied(folder, url, *, settings="", inside="", beside=""):
    """Run nginx in front of the server at `url`, and hand out where it answers."""
    port = free_port()
    http = PROXIED.format(port=port, settings=settings, inside=inside, url=url) + beside
    try:
        nginx.program()
    except nginx.Missing as reason:
        cannot_run(str(reason))
    with nginx.running(folder, http, ports=[port]):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def compressing(server, tmp_path_factory):
    with proxied(tmp_path_factory.mktemp("nginx"), server.url, settings=COMPRESSING) as url:
        yield url


@pytest.fixture
def name(request):
    return f"gate-{abs(hash(request.node.nodeid)) % 10**9}"


def test_the_etag_of_the_body_guards_behind_a_proxy_that_weakens_the_header(compressing, name):
    with closing(account(compressing, name)) as alice:
        path = f"/api/v1/accounts/{name}/tasks"
        alice.post(path, json={"name": "milk"})
        answer = alice.get(path)
        (task,) = answer.json()["tasks"]
        weak = alice.get(f"{path}/{task['id']}").headers["ETag"]
        assert (weak, answer.headers["Content-Encoding"]) == (f"W/{task['etag']}", "gzip")
        sent = {"url": f"{path}/{task['id']}", "json": {"note": "x"}}
        refused = alice.patch(**sent, headers={"If-Match": weak})
        assert (refused.status_code, refused.json()["code"]) == (412, "weak_etag")
        current = refused.json()["current"]
        taken = alice.patch(**sent, headers={"If-Match": current["etag"]})
        assert (taken.status_code, taken.json()["note"]) == (200, "x")
        assert alice.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200
        known = alice.get(path).headers["ETag"]
        assert alice.get(path, headers={"If-None-Match": known}).status_code == 304


def test_the_client_changes_and_deletes_behind_a_proxy_that_compresses(
    compressing, database_of_server, name
):
    account(compressing, name).close()
    make_admin(database_of_server, name)
    with Client(compressing) as client:
        session = client.login(name, "correct-horse-battery")
        profile = client.change_account(session.account, pets=["cat"])
        profile = client.change_account(profile, pets=["dog"])
        task = client.tasks.change(client.tasks.create("milk"), note="one")
        (task,) = client.tasks(overdue=False)
        client.tasks.change(task, note="two")
        with pytest.raises(Stale) as stale:
            client.tasks.delete(task)
        client.tasks.delete(stale.value.theirs)
        price = client.prices.create(name, 1)
        (price,) = client.prices(q=name)
        client.prices.delete(client.prices.change(price, price=2))


def test_the_page_finds_no_conflict_with_itself_behind_a_proxy_that_compresses(
    compressing, chromium, name
):
    with person(chromium, compressing, name) as ben:
        ben.open()
        ben.ready()
        ben.add("milk")
        ben.is_live()
        ben.save("milk", Name="oat milk")
        ben.is_live()
        ben.save("oat milk", Name="soy milk")
        ben.is_live()
        ben.page.reload()
        ben.sees("soy milk")
        ben.tick("soy milk")
        ben.is_live()
        expect(ben.page.locator(".needs")).to_have_count(0)
        assert ben.tasks()["soy milk"]["completed"] is True
        ben.open("profile")
        for zone in ("Europe/Berlin", "Asia/Tokyo"):
            ben.page.get_by_label("Time zone").fill(zone)
            with ben.page.expect_response(re.compile(f"{name}$")) as answer:
                ben.page.get_by_role("button", name="Save", exact=True).click()
            assert answer.value.status == 200
        statuses = [each.response().status for each in ben.methods("/api/v1/accounts/")]
        assert statuses
        assert set(statuses) <= {200, 201}


def test_a_write_that_an_older_page_has_kept_with_a_weak_tag_is_sent(compressing, chromium, name):
    with person(chromium, compressing, name) as ben:
        ben.task("milk")
        ben.open()
        ben.sees("milk")
        ben.ready()
        ben.offline()
        ben.page.evaluate(
            """() => new Promise((done, fail) => {
                indexedDB.databases().then(([{ name }]) => {
                    const opening = indexedDB.open(name);
                    opening.onerror = fail;
                    opening.onsuccess = () => {
                        const step = opening.result.transaction("tasks", "readwrite");
                        const rows = step.objectStore("tasks");
                        rows.openCursor().onsuccess = ({ target: { result } }) => {
                            if (!result) return;
                            result.update({ ...result.value, etag: `W/${result.value.etag}` });
                            result.continue();
                        };
                        step.oncomplete = done;
                    };
                });
            })"""
        )
        ben.page.reload()
        ben.save("milk", Name="oat milk")
        ben.online()
        ben.is_live()
        expect(ben.page.locator(".needs")).to_have_count(0)
        assert list(ben.tasks()) == ["oat milk"]
