"""Secrets stay secret: in no log line, not in the clear in the database, never taken from a URL."""

import base64
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psycopg
import pytest
from conftest import ROOT, environment, serving
from postgres import free_port
from sqlalchemy import text

from todo_api.models import Base
from todo_api.resources.auth import PUBLIC
from todo_api.urls import ROUTES

ACCOUNTS = "/api/v1/accounts"
SCRAPER = "canary-of-the-scraper"
PASSWORDS = {
    "first": "canary-first-password",
    "second": "canary-second-password",
    "wrong": "canary-wrong-password",
}


def lead_a_life(url):
    """Send every kind of secret to every route that takes one, and return all of them."""
    secrets = {SCRAPER, *PASSWORDS.values()}
    first, second, wrong = PASSWORDS.values()
    sent = {"username": "alice", "email": "alice@example.com", "password": first}
    key = {"Idempotency-Key": "a-key"}
    with httpx.Client(base_url=url, timeout=30) as client:
        for password in (first, first, wrong):
            client.post(ACCOUNTS, data={**sent, "password": password}, headers=key)
        client.post(ACCOUNTS, json={**sent, "username": "bob", "password2": wrong})
        client.post(
            ACCOUNTS, content=f'{{"password": "{wrong}"', headers={"Content-Type": "text/x"}
        )
        for password in (wrong, first):
            login = {"username": "alice", "password": password}
            answer = client.post(f"{ACCOUNTS}/login", json=login)
        tokens = [answer.json()["token"]]
        own = {"Authorization": f"Bearer {tokens[0]}"}
        made = client.post(f"{ACCOUNTS}/alice/tokens", json={"name": "script"}, headers=own)
        tokens.append(made.json()["token"])
        for known in (wrong, first):
            change = {"password": second, "current_password": known}
            client.patch(f"{ACCOUNTS}/alice", json=change, headers=own)
        for scheme in ("Bearer", "Basic", "Bearer x"):
            client.get(f"{ACCOUNTS}/alice", headers={"Authorization": f"{scheme} {tokens[1]}"})
        client.get("/metrics", headers={"Authorization": f"Bearer {SCRAPER}"})
        for path in (f"{ACCOUNTS}/alice", "/echo", "/users", f"{ACCOUNTS}/bob", "/nowhere"):
            client.get(path, headers={"X-Auth-Token": tokens[0]})
        assert client.get(f"{ACCOUNTS}/alice", headers=own).status_code == 200
    return secrets, {*tokens}, own


def forms_of(secrets, tokens):
    """Return each secret as it may lie about: as text, and a token's bytes, too."""
    raw = {base64.urlsafe_b64decode(token)[8:] for token in tokens}
    forms = {secret.encode() for secret in {*secrets, *tokens}} | raw
    return {*forms, *(form.hex().encode() for form in forms)}


def everything_in(url):
    """Return the bytes of the database, those that are in no row included where it is a file."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        return b"".join(file.read_bytes() for file in Path(path).parent.glob(Path(path).name + "*"))
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        found = []
        for table in Base.metadata.tables:
            for form in ("binary", "text"):
                with cursor.copy(f"COPY {table} TO STDOUT (FORMAT {form})") as copy:
                    found += [bytes(data) for data in copy]
        return b"".join(found)


def break_database(url):
    """Make every statement about tokens fail, with the digest that is among its values."""
    connect = sqlite3.connect if url.startswith("sqlite") else psycopg.connect
    connection = connect(url.removeprefix("sqlite:///"))
    connection.execute("ALTER TABLE token RENAME TO no_token")
    connection.commit()
    connection.close()


def fail(url, own):
    """Let statements with secrets in their values fail, so that tracebacks are logged."""
    login = {"username": "alice", "password": PASSWORDS["second"]}
    with httpx.Client(base_url=url, timeout=30) as client:
        assert client.post(f"{ACCOUNTS}/login", json=login).status_code == 500
        assert client.get(f"{ACCOUNTS}/alice", headers=own).status_code == 500


def stored_hashes(url):
    """Return what is kept instead of the secrets, which is to be in no log either."""
    connect = sqlite3.connect if url.startswith("sqlite") else psycopg.connect
    connection = connect(url.removeprefix("sqlite:///"))
    hashes = [row[0] for row in connection.execute("SELECT password_hash FROM account")]
    digests = [bytes(row[0]) for row in connection.execute("SELECT digest FROM token")]
    connection.close()
    assert hashes
    assert digests
    return {hashed.encode() for hashed in hashes} | {
        repr(digest)[2:-1].encode() for digest in digests
    }


def test_no_secret_is_in_a_log_line_or_in_the_database(database_url, tmp_path):
    settings = {"DATABASE_URL": database_url, "LOG_LEVEL": "debug", "METRICS_TOKEN": SCRAPER}
    with serving(tmp_path / "log", **settings) as live:
        secrets, tokens, own = lead_a_life(live.url)
        kept = everything_in(database_url)
        hidden = stored_hashes(database_url)
        break_database(database_url)
        fail(live.url, own)
        log = live.log.read_bytes()
    assert b"Traceback" in log
    for form in forms_of(secrets, tokens):
        assert form not in log
        assert form not in kept
    assert not [form for form in hidden if form in log]
    assert b"alice@example.com" in kept, "It was looked into indeed."


def test_no_secret_is_in_what_flask_tells_in_its_debug_mode(sqlite_databases, tmp_path):
    database_url = sqlite_databases.migrated()
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "todo_api.app", "run", "--debug"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--no-reload", "--port", str(port)],
            env=environment(DATABASE_URL=database_url, METRICS_TOKEN=SCRAPER),
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            try:
                httpx.get(f"{url}/health")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        secrets, tokens, own = lead_a_life(url)
        break_database(database_url)
        fail(url, own)
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait()
    told = (tmp_path / "log").read_bytes()
    assert b"Traceback" in told
    assert not [form for form in forms_of(secrets, tokens) if form in told]


def test_an_error_of_the_database_is_told_without_what_was_sent_to_it(backend, caplog):
    with backend.database.transaction() as session:
        session.execute(text("ALTER TABLE username RENAME TO no_username"))
    sent = {"username": "canary-name", "password": PASSWORDS["first"]}
    assert backend.nobody.post(f"{ACCOUNTS}/login", json=sent).status_code == 500
    assert "FROM username" in caplog.text
    assert "canary" not in caplog.text


FILLED = {"username": "alice", "id": "2", "name": "apples"}
CLOSED = [
    (route.path, verb)
    for route in ROUTES
    for verb in route.names
    if route.resource.access[verb] != PUBLIC
]


def test_a_token_counts_nowhere_but_in_its_headers(backend):
    alice = backend.someone("alice", is_admin=True)
    alice.task()
    world = backend.with_settings(metrics_token=SCRAPER)
    for path, verb in CLOSED:
        for name, value in FILLED.items():
            path = path.replace(f"<{name}>", value)  # noqa: PLW2901 - It is being filled in.
        token = SCRAPER if path == "/metrics" else alice.token
        names = ("token", "access_token", "Authorization", "authorization", "bearer", "api_key")
        query = "&".join(f"{name}={token}" for name in names)
        ways = (
            {"path": f"{path}?{query}"},
            {"path": f"{path}?Authorization=Bearer%20{token}"},
            {"path": path, "data": {"access_token": token, "token": token}},
            {"path": path, "json": {"access_token": token, "token": token}},
            {"path": path, "headers": {"Cookie": f"token={token}; access_token={token}"}},
            {"path": path, "headers": {"X-Authorization": f"Bearer {token}"}},
            {"path": path, "headers": {"X-Auth-Token": f"Bearer {token}", "X-Api-Key": token}},
            {"path": path, "headers": {"Authorization": f"Token {token}"}},
            {"path": path, "headers": {"Authorization": token}},
        )
        for way in ways:
            assert world.nobody(verb.upper(), **way).status_code == 401, (verb, way)


@pytest.mark.parametrize("path", [ACCOUNTS, f"{ACCOUNTS}/login", f"{ACCOUNTS}/alice"])
def test_a_password_in_a_query_is_not_taken(backend, path):
    alice = backend.register("alice", PASSWORDS["first"])
    query = f"username=alice&email=a@example.com&password={PASSWORDS['first']}"
    asked = f"{path}?{query}&current_password={PASSWORDS['first']}"
    if path == f"{ACCOUNTS}/alice":
        change = {"json": {"password": PASSWORDS["second"]}}
        assert alice.patch(asked, **change).status_code == 422
    else:
        for body in ({}, {"json": {}}, {"data": {}}):
            assert backend.nobody.post(asked, **body).status_code in (415, 422)
