"""The hostile table: what nobody should send, sent over real sockets to a real server.

Whatever comes, the answer is one of those that the row allows, never a 5xx; it is strict JSON where
the application answered, tells nothing of what is inside, has no header of the sender's making; and
afterwards every list still answers. The rows stand in hostile_rows and framing_rows.
"""

import json
import re
import socket
from collections import defaultdict
from contextlib import closing
from http.client import HTTPConnection

import framing_rows
import pytest
from conftest import serving
from framing_rows import SILENT
from hostile_rows import ALICE, JSON, PRICES, TABLE, TASKS, TOKENS
from support import ON_ONE_DATABASE, Backend, code_must_be_declared

from todo_api.database import Database
from todo_api.settings import Settings
from todo_api.urls import ROUTES


def test_the_table_is_long_and_its_rows_have_names_of_their_own():
    assert len(TABLE) >= 200
    for table in (TABLE, framing_rows.TABLE):
        assert len({row.id for row in table}) == len(table)


@pytest.fixture(scope="module")
def world(databases, tmp_path_factory):
    """A server with alice, who has task 2, and an admin; and the tokens of both."""
    url = databases.migrated()
    database = Database(url)
    backend = Backend(Settings(database_url=url), database)
    alice, admin = backend.someone("alice"), backend.admin()
    assert alice.task(name="kept", note="canary").json["id"] == 2
    for name in ("äpfel", "x\r\nX-Injected: yes", "y\r\nX-Injected: yes"):
        backend.price(name, 13500)
    database.close()
    log = tmp_path_factory.mktemp("hostile") / "log"
    with serving(log, DATABASE_URL=url, LOGIN_FAILURES=100_000, HTTP_PROXY="http://canary") as live:
        live.tokens = {"token": alice.token, "admin": admin.token}
        with closing(HTTPConnection("127.0.0.1", live.port, timeout=30)) as live.connection:
            yield live


def asked(live, path, who="token"):
    """Return the status and the JSON of a list, over one connection that is kept."""
    bearer = {"Authorization": f"Bearer {live.tokens[who]}"}
    live.connection.request("GET", path, headers=bearer)
    answer = live.connection.getresponse()
    return answer.status, json.loads(answer.read())


def filled(text, tokens):
    for name, token in tokens.items():
        text = text.replace(f"{{{name}}}", token)
    return text


def sent(live, raw, *, hangs_up=False):
    """Send bytes; return the status, the head in lower case and the body of the answer."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as connection:
        received = b""
        try:
            connection.sendall(raw)
            if hangs_up:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else SILENT), head.decode("latin-1").lower(), body


def no_constant(name):
    raise AssertionError(f"{name} is no JSON")


def unique(pairs):
    assert len(dict(pairs)) == len(pairs), "a key stands twice"
    return dict(pairs)


INJECTED = re.compile(r"[\r\n]\s*x-injected")
INSIDE = ("Traceback", 'File "', "sqlalchemy", "psycopg", "sqlite3", "marshmallow", "werkzeug")


def check(status, head, body, *, to_head):
    """Hold what is true of every answer, which has no body if it is one to a HEAD."""
    assert status < 500, body
    text = body.decode()
    # Neither a head nor JSON has a line that begins so, wherever the one ends and the other begins.
    assert not INJECTED.search(f"{head}\n{text}".lower()), (head, text)
    assert not [word for word in INSIDE if word in text], text
    headers = dict(line.split(": ", 1) for line in head.split("\r\n") if ": " in line)
    if "x-request-id" not in headers:
        assert status == SILENT or 400 <= status < 500, "only the HTTP server's refusals have none"
        assert body == b""
        return
    # The HTTP server leaves out a header that it cannot send.
    assert "location" in headers or status != 201
    if status >= 400:
        assert headers["content-type"] == JSON
    if to_head:
        assert body == b""
    elif status >= 400 or (body and headers["content-type"] == JSON):
        told = json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
        if status >= 400:
            assert told["status"] == status
            assert set(told) <= {"status", "message", "code", "errors", "index", "current"}
            code_must_be_declared(told)


def lists_answer(live):
    for path in ("/users", PRICES, f"{ALICE}/changes", TOKENS, f"{TASKS}/total"):
        assert asked(live, path)[0] == 200, path
    assert asked(live, "/api/v1/messages", "admin")[0] == 200
    assert asked(live, f"{TASKS}/2")[1]["note"] == "canary"


def attack(live, row, raw, *, hangs_up=False):
    """Send a row's bytes, and hold what is true of every row."""
    _, before = asked(live, f"{TASKS}?total=true")
    status, head, body = sent(live, raw, hangs_up=hangs_up)
    assert status in row.allowed, (status, body[:500])
    check(status, head, body, to_head=raw.startswith(b"HEAD "))
    after_status, after = asked(live, f"{TASKS}?total=true")
    assert after_status == 200
    if status >= 400:
        assert after["total"] == before["total"]


def attack_with_each(live, rows, bytes_of):
    """Attack with rows one after another, and name the one that does harm."""
    for row in rows:
        try:
            attack(live, row, bytes_of(row, live.tokens), hangs_up=getattr(row, "hangs_up", False))
        except Exception as error:
            error.add_note(f"The row is {row.id!r}.")
            raise
    lists_answer(live)


def kinds(table):
    """Return the rows by what their names have before the number."""
    found = defaultdict(list)
    for row in table:
        found[row.id.rstrip("0123456789 ")].append(row)
    return found


def request_of(row, tokens):
    headers = {"Host": "x", "Connection": "close", "Authorization": "Bearer {token}", **row.headers}
    if row.body or row.method in ("POST", "PUT", "PATCH"):
        headers["Content-Length"] = str(len(row.body))
    lines = [f"{row.method} {row.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    head = filled("\r\n".join([*lines, "", ""]), tokens)
    return head.encode("latin-1" if "\xff" in head else "utf-8") + row.body


KINDS, FRAMING_KINDS = kinds(TABLE), kinds(framing_rows.TABLE)


@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_should_send_is_refused_and_harms_nothing(world, kind):
    attack_with_each(world, KINDS[kind], request_of)


@ON_ONE_DATABASE
@pytest.mark.parametrize("kind", FRAMING_KINDS)
def test_bytes_that_are_no_proper_request_are_refused_and_harm_nothing(world, kind):
    """The database plays no part in what the server makes of a line, a header or a chunk."""

    def bytes_of(row, tokens):
        return row.bytes.replace(b"{token}", tokens["token"].encode())

    attack_with_each(world, FRAMING_KINDS[kind], bytes_of)


@ON_ONE_DATABASE
def test_a_variable_of_the_server_does_not_pose_as_a_header(world):
    status, shown = asked(world, "/echo")
    assert status == 200
    assert "canary" not in str(shown)


def test_every_route_has_been_attacked():
    attacked = {row.path.split("?")[0] for row in TABLE}
    writing = {route.path for route in ROUTES if {"post", "put"} & set(route.names)}
    known = {path.replace("<username>", "alice").replace("<id>", "2") for path in writing}
    spared = {
        "/api/v1/accounts/logout", f"{TASKS}/2/restore", f"{PRICES}/<name>",
    }  # fmt: skip
    assert known - attacked == spared
