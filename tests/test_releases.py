"""Upgrades: what any released version has stored is whole in this one, and works."""

import re
from datetime import datetime

import httpx
import pytest
from conftest import ROOT, serving
from release import KINDS, RELEASES, clock_at, load, released
from sqlalchemy import inspect, text

from todo_api import __version__, migrations
from todo_api.client import Client, Stale
from todo_api.database import Database

VERSIONS = released()


def test_this_version_stands_at_the_top_of_the_changelog():
    heading = re.search(r"^(\S+) \((unreleased|\d{4}-\d\d-\d\d)\)\n---", _changelog(), re.MULTILINE)
    assert heading[1] == __version__


def test_every_released_version_has_kept_its_database():
    kept = {folder.name for folder in RELEASES.iterdir()}
    assert kept == set(VERSIONS)
    for version in VERSIONS:
        names = {file.name for file in (RELEASES / version).iterdir()}
        assert names == {f"{kind}.{ending}" for kind in KINDS for ending in ("json", "sql")}


def _changelog():
    return (ROOT / "CHANGELOG.rst").read_text()


@pytest.fixture(params=VERSIONS)
def old(request, databases):
    """A database as a released version has left it: its URL, and what was kept with it."""
    url = databases.empty()
    return url, load(url, request.param, "sqlite" if url.startswith("sqlite") else "postgresql")


def contents(database, columns):
    """Return all rows, by table, of the tables and columns that are named, or of all of them."""
    with database.reading() as session:
        inspector = inspect(session.connection())
        columns = columns or {
            table: [column["name"] for column in inspector.get_columns(table)]
            for table in inspector.get_table_names()
            if table != "alembic_version"
        }
        rows = {}
        for table, names in columns.items():
            found = session.execute(text(f"SELECT {', '.join(names)} FROM {table}"))
            rows[table] = sorted(map(repr, found))
    return columns, rows


DERIVED = {"task": {"due_order"}}
"""Columns that later versions have no more, since they follow from others."""


def test_every_row_of_an_old_version_is_there_after_the_upgrade(old):
    url, _ = old
    database = Database(url)
    columns, _ = contents(database, None)
    columns = {
        table: [name for name in names if name not in DERIVED.get(table, ())]
        for table, names in columns.items()
    }
    _, before = contents(database, columns)
    assert all(before.values()), "every table has something in it"
    migrations.upgrade(database)
    _, after = contents(database, columns)
    assert migrations.stored(database) == migrations.newest()
    database.close()
    assert after == before


@pytest.fixture
def upgraded(old, tmp_path):
    """This version on an old one's database, in the minute in which that was kept."""
    url, kept = old
    clock = clock_at(datetime.fromisoformat(kept["made"]), tmp_path / "clock")
    with serving(tmp_path / "log", DATABASE_URL=url, **clock.settings) as live:
        yield live.url, kept


def holds(new, old):
    """Return whether an answer says all that an old one said; it may say more."""
    if isinstance(old, dict):
        return all(name in new and holds(new[name], value) for name, value in old.items())
    if isinstance(old, list):
        return len(new) == len(old) and all(map(holds, new, old))
    return new == old


def as_of_now(old):
    """Return an old answer without what is intended to be another one now.

    A total names no task any more that has no item. A 403 says who may do it.
    """
    if old == {"status": 403, "message": "This is not yours to see or to change."}:
        return {"status": 403}
    if isinstance(old, dict) and "unpriced" in old:
        return {**old, "unpriced": [task for task in old["unpriced"] if task["item"]]}
    return old


def test_what_was_answered_before_the_upgrade_is_answered_after_it(upgraded):
    url, kept = upgraded
    # The ETag of a list is a weak one for a client that takes it compressed.
    headers = {"Authorization": f"Bearer {kept['token']}", "Accept-Encoding": "identity"}
    with httpx.Client(base_url=url, headers=headers) as ask:
        for asked in kept["answers"]:
            sent = {"headers": asked["headers"], "json": asked["body"]}
            answer = ask.request(asked["method"], asked["path"], **sent)
            assert answer.status_code == asked["status"], asked
            expected = as_of_now(asked["answer"])
            assert holds(answer.json(), expected), (asked, answer.json())
            if asked["etag"] or asked["path"] != "/users":  # Which has one by now.
                assert answer.headers.get("ETag") == asked["etag"], asked
            if asked["method"] == "GET" and asked["etag"]:
                known = ask.get(asked["path"], headers={"If-None-Match": asked["etag"]})
                assert known.status_code == 304


def test_work_goes_on_after_the_upgrade_where_it_was_left(upgraded):
    url, kept = upgraded
    with Client(url, kept["token"], username="alice") as client:
        before = client.tasks.get(3)
        ids = {task.id for task in client.tasks()}
        assert client.tasks.create("new").id > max(ids)
        assert client.tasks.change(before, note="new").note == "new"
        with pytest.raises(Stale):
            client.tasks.change(before, note="newer")
        (news,) = client.changes(next(client.changes()).next)
        assert (news.changes, news.reset) == ((), False)
        client.login("ALICE", kept["password"])
        client.register("carol", "carol@example.com", kept["password"])
        assert len(list(client.tokens())) == 4
    assert httpx.post(f"{url}/users", json={"data": "hi"}).status_code == 201
