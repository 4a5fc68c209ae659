"""Keeps the database of a release: all that can be stored, by this very version, as SQL.

`scripts/release-fixture` makes tests/releases/VERSION/ with, for SQLite and for PostgreSQL, the
database as text and, in JSON, when it was made and how the server answered what was asked of it.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from conftest import ROOT, environment
from faults.clock import Clock
from faults.rig import PASSWORD, CannotRun, Rig

from todo_api import __version__
from todo_api.client import Client, changing, creating, deleting

RELEASES = Path(__file__).parent / "releases"
KINDS = ("sqlite", "postgresql")

ACCOUNTS = "/api/v1/accounts"
TASKS = f"{ACCOUNTS}/alice/tasks"
KEY = {"Idempotency-Key": "kept"}


def released():
    """Return the versions that CHANGELOG.rst gives a date, the newest first."""
    text = (ROOT / "CHANGELOG.rst").read_text()
    return re.findall(r"^(\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)\n---", text, re.MULTILINE)


def make(kind):
    """Make the database of this version, of one kind, and keep it."""
    folder = RELEASES / __version__
    folder.mkdir(parents=True, exist_ok=True)
    rig = Rig(kind)
    try:
        with rig.serving() as server:
            url = f"http://127.0.0.1:{server.port}"
            token, sync = _live(url, rig.url)
            answers = list(_answers(url, token, sync))
            made = datetime.now(UTC).isoformat()
        kept = {"made": made, "password": PASSWORD, "token": token, "answers": answers}
        (folder / f"{kind}.json").write_text(json.dumps(kept, indent=1) + "\n")
        (folder / f"{kind}.sql").write_text(_dump(rig))
    finally:
        rig.close()


def load(url, version, kind):
    """Fill the empty database at `url` as that version left it; return what was kept with it."""
    folder = RELEASES / version
    sql = (folder / f"{kind}.sql").read_text()
    if kind == "sqlite":
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.executescript(sql)
        connection.close()
    else:
        with psycopg.connect(url) as connection:
            connection.execute(sql)
    return json.loads((folder / f"{kind}.json").read_text())


def clock_at(moment, file):
    """Return a clock for a server that is to run at `moment`; tokens do not live for ever."""
    try:
        clock = Clock(file)
    except CannotRun as reason:
        pytest.fail(str(reason)) if os.environ.get("CI") else pytest.skip(str(reason))
    clock.jump(round((moment - datetime.now(UTC)).total_seconds()))
    return clock


def _dump(rig):
    if rig.on == "sqlite":
        connection = sqlite3.connect(rig.url.removeprefix("sqlite:///"))
        text = "\n".join(connection.iterdump()) + "\n"
        connection.close()
        return text
    command = [rig.postgres.programs / "pg_dump", "--inserts", "--no-owner", "--no-privileges"]
    dumped = subprocess.run([*command, rig.url], capture_output=True, text=True, check=True)
    # What begins with a backslash is for psql, and no SQL.
    return re.sub(r"^(\\|--).*\n|\n(?=\n)", "", dumped.stdout, flags=re.MULTILINE)


def _live(url, database_url):
    """Bring about every state that is stored; return Alice's token and an early sync token."""

    def command(*arguments):
        settings = environment(DATABASE_URL=database_url)
        called = [sys.executable, "-m", "todo_api", *arguments]
        subprocess.run(called, env=settings, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    command("load-sample")
    with Client(url) as boss, Client(url) as alice:
        boss.register("boss", "boss@example.com", PASSWORD)
        command("add-admin", "boss")
        boss.login("boss", PASSWORD)
        boss.prices.create("Äpfel", "1.35", unit="kg")
        boss.prices.create("old bread", "3", currency="DEM")
        boss.prices.change("Äpfel", price="1.4999")
        boss.prices.create("gone", 1)
        boss.prices.delete("gone")

        alice.register("Alice", "alice@example.com", PASSWORD, timezone="Europe/Berlin")
        alice.login("alice", PASSWORD)
        alice.change_account(pets=["dog", "Kätzchen 🐈"], listed=True)
        early = alice.tasks.create("early")
        sync = next(alice.changes()).next
        alice.tasks.change(early, name="Frühstück 🍏", note="Erste Zeile\nzweite 'Zeile'")
        alice.tasks.create("day", due_date=date(2030, 3, 31))
        alice.tasks.create("time", due_date=datetime(2030, 3, 31, 1, 30, 0, 1, UTC))
        alice.tasks.create("overdue", due_date=datetime(2020, 2, 29, tzinfo=UTC))
        paid = alice.tasks.create("paid", item="äpfel", quantity="2.5")
        alice.tasks.create("to be paid", item="OLD BREAD", quantity="0.0001")
        alice.tasks.create("nobody sells it", item="a unicorn")
        deleted, back = alice.tasks.create("deleted"), alice.tasks.create("back")
        done, *_ = alice.tasks.batch(
            changing(paid, completed=True), deleting(deleted), deleting(back), creating("batched")
        )
        alice.tasks.change(done, quantity="3")
        alice.tasks.restore(back)
        for scope in ("read", "write"):
            made = alice.tokens.create(scope, scope, datetime.now(UTC) + timedelta(days=300))
            with Client(url, made.secret, username="alice") as other:
                list(other.tasks())
        alice.tokens.delete(alice.tokens.create("ended"))

    with Client(url) as gone:
        gone.register("gone", "gone@example.com", PASSWORD)
        gone.login("gone", PASSWORD)
        gone.tasks.create("gone, too")
        gone.delete_account()
    with httpx.Client(base_url=url) as ask:
        for number in range(3):
            assert ask.post("/users", json={"data": f"message {number} ✉"}).status_code == 201
        bob = {"username": "bob", "email": "bob@example.com", "password": PASSWORD}
        assert ask.post(ACCOUNTS, json=bob, headers=KEY).status_code == 201
        bearer = {"Authorization": f"Bearer {alice.token}"}
        once = ask.post(TASKS, json={"name": "once"}, headers=KEY | bearer)
        assert once.status_code == 201
        for _ in range(10):
            wrong = {"username": "mallory", "password": "wrong"}
            assert ask.post(f"{ACCOUNTS}/login", json=wrong).status_code == 401
    return alice.token, sync


def _answers(url, token, sync):
    """Ask what shows all of it, and yield each request with its answer."""
    bob = {"username": "bob", "email": "bob@example.com", "password": PASSWORD}
    asked = [
        ("GET", f"{ACCOUNTS}/alice", {}, None),
        ("GET", f"{TASKS}?limit=200&total=true", {}, None),
        ("GET", f"{TASKS}?limit=200&sort=-due_date", {}, None),
        ("GET", f"{TASKS}?overdue=true", {}, None),
        ("GET", f"{TASKS}?q=ZEILE", {}, None),
        ("GET", f"{TASKS}/3", {}, None),
        ("GET", f"{TASKS}/total", {}, None),
        ("GET", f"{TASKS}/total?completed=true", {}, None),
        ("GET", f"{ACCOUNTS}/alice/tokens?limit=200", {}, None),
        ("GET", f"{ACCOUNTS}/alice/changes", {}, None),
        ("GET", f"{ACCOUNTS}/alice/changes?since={sync}", {}, None),
        ("GET", f"{ACCOUNTS}/alice/export", {}, None),
        ("GET", "/api/v1/prices?limit=200", {}, None),
        ("GET", "/api/v1/prices/%C3%84pfel", {}, None),
        ("GET", "/users", {}, None),
        ("GET", f"{ACCOUNTS}/gone", {}, None),
        ("GET", "/api/v1/messages", {}, None),
        ("POST", TASKS, KEY, {"name": "once"}),
        ("POST", TASKS, KEY, {"name": "another"}),
        ("POST", ACCOUNTS, KEY, bob),
        ("POST", f"{ACCOUNTS}/login", {}, {"username": "mallory", "password": "wrong"}),
    ]
    with httpx.Client(base_url=url) as ask:
        for method, path, headers, body in asked:
            sent = {**headers, "Authorization": f"Bearer {token}"}
            answer = ask.request(method, path, headers=sent, json=body)
            yield {
                "method": method,
                "path": path,
                "headers": headers,
                "body": body,
                "status": answer.status_code,
                "etag": answer.headers.get("ETag"),
                "answer": answer.json(),
            }


if __name__ == "__main__":
    for kind in KINDS:
        make(kind)
    sys.stdout.write(f"The database of {__version__} is in {RELEASES / __version__}.\n")
