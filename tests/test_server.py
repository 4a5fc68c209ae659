"""The real server: granian, its workers, its signals, and what raw sockets can send to it."""

import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import httpx
import pytest
from conftest import ROOT, children, environment, serving, wait_until_answering
from postgres import free_port
from support import ON_ONE_DATABASE, PASSWORD

from todo_api.addresses import address_of, url_of
from todo_api.client import Client, Unauthorized
from todo_api.database import Database
from todo_api.errors import CannotStart
from todo_api.models import Message
from todo_api.sessions import take_turns

HOST = "Host: x"
JSON = "Content-Type: application/json"


def exchange(live, raw, *, end=True):
    """Send bytes, return the status of the answer and its body."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(raw)
        if end:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), head.decode("latin-1").lower(), body


def request(line, *headers, body=b""):
    head = "\r\n".join([line, *headers, "Connection: close", "", ""])
    return head.encode("latin-1") + body


def test_the_server_tells_where_everything_is_and_answers(live):
    told = live.text()
    for text in (f"{live.url}/", f"{live.url}/api/v1", f"curl '{live.url}/itemprice"):
        assert text in told
    answer = httpx.get(f"{live.url}/itemprice?itemname=apples")
    assert answer.json() == {"name": "apples", "price": 1.35}
    assert live.says('"method": "GET", "path": "/itemprice", "status": 200')
    assert live.says(answer.headers["X-Request-ID"])
    assert live.stop() == 0


def test_the_password_of_the_database_is_not_told(tmp_path, postgres_databases):
    url = postgres_databases.migrated().replace("test@", "test:canary@")
    with serving(tmp_path / "log", DATABASE_URL=url) as live:
        assert "canary" not in live.text()


def test_everything_survives_a_restart(database_url, tmp_path):
    before = serving(tmp_path / "log", DATABASE_URL=database_url)
    with before as live, Client(live.url, tries=1) as client:
        client.register("alice", "a@example.com", PASSWORD)
        token = client.login("alice", PASSWORD).token
        task = client.tasks.create("milk")
    after = serving(tmp_path / "log2", DATABASE_URL=database_url)
    with after as live, Client(live.url, token, username="alice", tries=1) as client:
        assert list(client.tasks()) == [client.tasks.get(task.id)] == [task]


def test_sigterm_finishes_what_is_in_flight(live, database_url):
    """Eight messages wait for a lock when the signal comes; each of them gets its answer."""
    body = b'{"data": "in flight"}'
    raw = request("POST /users HTTP/1.1", HOST, JSON, f"Content-Length: {len(body)}", body=body)
    database, statuses = Database(database_url), []

    def leave():
        statuses.append(exchange(live, raw, end=False)[0])

    threads = [threading.Thread(target=leave) for _ in range(8)]
    with database.transaction() as session:
        take_turns(session, f"message {hashlib.sha256(b'127.0.0.1').hexdigest()}")
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        live.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert live.process.poll() is None
    for thread in threads:
        thread.join()
    assert live.stop() == 0
    assert statuses == [201] * 8
    with database.reading() as session:
        assert session.query(Message).count() == 8
    database.close()


@ON_ONE_DATABASE
def test_a_signal_while_workers_start_is_not_lost(database_url, tmp_path):
    for number in range(3):
        with serving(tmp_path / f"log{number}", DATABASE_URL=database_url) as live:
            start = time.monotonic()
            assert live.stop() == 0
            assert time.monotonic() - start < 10


@ON_ONE_DATABASE
def test_a_dead_worker_comes_back(live):
    before = children(live.process.pid)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    for _ in range(200):
        after = children(live.process.pid)
        if before[0] not in after and len(after) == 2:
            break
        time.sleep(0.05)
    assert set(after) != set(before)
    wait_until_answering(live)
    for _ in range(20):
        assert httpx.get(f"{live.url}/users").status_code == 200


def threads(live):
    """Return how many threads the workers have together."""
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in children(live.process.pid))


@ON_ONE_DATABASE
def test_a_body_that_has_not_come_yet_takes_no_thread(live):
    body = request("POST /echo HTTP/1.1", HOST, JSON, "Content-Length: 10", body=b"{")
    assert httpx.get(f"{live.url}/users").status_code == 200
    before = threads(live)
    with ExitStack() as clients:
        for _ in range(200):
            there = socket.create_connection(("127.0.0.1", live.port))
            clients.enter_context(there).sendall(body)
        for _ in range(20):
            assert httpx.get(f"{live.url}/echo/hi").status_code == 200
        # The workers start their few threads when these are first needed: allow for those.
        assert threads(live) < before + 20


def refused(*command, **settings):
    """Return the one line with which a start is refused."""
    outcome = subprocess.run(
        [sys.executable, "-m", *command],
        env=environment(**settings),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("todo-api: ")
    assert outcome.stderr.count("\n") == 1
    return outcome.stderr


@ON_ONE_DATABASE
def test_a_port_in_use_is_one_clear_line(live, database_url):
    line = refused("todo_api", "serve", PORT=live.port, DATABASE_URL=database_url)
    assert "Cannot listen on HOST 127.0.0.1, PORT" in line


@ON_ONE_DATABASE
def test_a_host_may_be_a_name(database_url, tmp_path):
    with serving(tmp_path / "log", DATABASE_URL=database_url, HOST="localhost") as live:
        assert httpx.get(f"{live.url}/users").status_code == 200
        assert f"http://localhost:{live.port}/" in live.text()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("nas.local", "http://nas.local:80"),
    ],
)
def test_the_url_that_is_told_reaches_the_server(host, url):
    assert url_of(host, 80) == url


@pytest.mark.parametrize(
    "url", ["sqlite:///{file}", "postgresql://u:p@127.0.0.1:1/x?foo=bar", "postgresql://h:port/x"]
)
def test_a_database_that_cannot_be_used_is_one_clear_line(url, tmp_path):
    file = tmp_path / "no.db"
    file.write_text("This is no database, but long enough to be read as if it were one. " * 100)
    for command in (["todo_api", "serve"], ["flask", "--app", "todo_api.app", "run"]):
        assert "DATABASE_URL" in refused(*command, DATABASE_URL=url.format(file=file))


def test_a_host_that_is_not_here_is_one_clear_line():
    for host in ("192.0.2.1", "no-such-host.invalid"):
        with pytest.raises(CannotStart, match="Cannot listen on HOST"):
            address_of(host, free_port())


def test_flask_run_serves_the_same_application(database_url, tmp_path):
    port = free_port()
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "flask",
            "--app",
            "todo_api.app",
            "run",
            "--host=0.0.0.0",
            "--port",
            str(port),
        ],
        env=environment(DATABASE_URL=database_url),
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
    )
    try:
        for _ in range(200):
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/sum/42/117")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        assert answer.json()["total_sum"] == 159.0
    finally:
        process.terminate()
        process.wait()
        log.close()


@pytest.fixture(scope="module")
def shared(sqlite_databases, tmp_path_factory):
    """One server for all raw requests that leave nothing behind."""
    log = tmp_path_factory.mktemp("server") / "log"
    with serving(log, DATABASE_URL=sqlite_databases.migrated()) as live:
        yield live


def test_a_header_that_is_no_utf_8_can_be_echoed(shared):
    status, _, body = exchange(
        shared, request("GET /echo HTTP/1.1", HOST, "X-Test: a\xffb"), end=False
    )
    assert status == 200
    assert "X-Test" in json.loads(body)["headers"]


def test_a_body_of_one_mebibyte_is_read_and_a_byte_more_is_too_large(shared):
    for size, status in ((1024 * 1024, 400), (1024 * 1024 + 1, 413)):
        sent = {"content": b"x" * size, "headers": {"Content-Type": "application/json"}}
        assert httpx.post(f"{shared.url}/users", **sent).status_code == status


def test_workers_share_what_one_of_them_was_told(shared):
    name = f"u{free_port()}"
    with Client(shared.url, tries=1) as client:
        client.register(name, "a@example.com", PASSWORD)
        session = client.login(name, PASSWORD)

        def ask():
            # Each connection goes to any of the workers.
            with Client(shared.url, session.token, username=name, tries=1) as other:
                return other.account().username

        assert {ask() for _ in range(20)} == {name}
        client.logout()
        for _ in range(20):
            with pytest.raises(Unauthorized):
                ask()


def test_a_server_without_troubles_says_nothing_but_where_it_is_and_what_is_asked(live):
    assert live.says("/echo/up")
    lines = live.text().splitlines()
    told = ("The page", "The API", "The database", "Try", "Loaded")
    others = [line for line in lines if not line.startswith(told)]
    assert {json.loads(line)["path"] for line in others} == {"/echo/up"}


def test_who_comes_while_the_server_stops_is_told_to_come_again(database_url, tmp_path):
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    with serving(tmp_path / "log", DATABASE_URL=database_url) as live:
        with socket.create_connection(("127.0.0.1", live.port), timeout=10) as slow:
            slow.sendall(head + b'Content-Length: 8\r\n\r\n{"a"')
            time.sleep(0.2)
            live.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            for number in range(8):
                own = {"X-Request-ID": f"late-{number}", "Origin": "https://a.example"}
                answer = httpx.get(f"{live.url}/echo/hi%20there?secret=1", headers=own)
                assert answer.status_code == 503
                assert answer.headers["Retry-After"] == "1"
                assert answer.json()["status"] == 503
                assert answer.headers["X-Request-ID"] == own["X-Request-ID"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert not httpx.head(f"{live.url}/echo/hi").content
            for folded in ("Origin: a", "Access-Control-Request-Headers: a", "X-Request-ID: a"):
                with socket.create_connection(("127.0.0.1", live.port), timeout=10) as sly:
                    sly.sendall(f"OPTIONS / HTTP/1.1\r\n{folded}\r\n X-Evil: 1\r\n\r\n".encode())
                    sly.shutdown(socket.SHUT_WR)
                    answered = b"".join(iter(lambda: sly.recv(65_536), b""))
                    assert answered.startswith(b"HTTP/1.1 503 ")
                    assert b"Evil" not in answered
            slow.sendall(b": 1}")
            assert slow.recv(65_536).startswith(b"HTTP/1.1 200 OK")
        assert live.stop() == 0
        told = [json.loads(line) for line in live.text().splitlines() if '"late-' in line]
    assert [each["request_id"] for each in told] == [f"late-{number}" for number in range(8)]
    assert {(each["path"], each["status"]) for each in told} == {("/echo/hi there", 503)}


def test_a_client_that_goes_on_sending_holds_up_no_stop(sqlite_databases, tmp_path):
    with serving(tmp_path / "log", DATABASE_URL=sqlite_databases.migrated()) as live:
        live.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", live.port), timeout=10) as trickling:
            trickling.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert trickling.recv(12) == b"HTTP/1.1 503"
            with suppress(OSError):
                while live.process.poll() is None and time.monotonic() < begun + 20:
                    trickling.sendall(b"x")
                    time.sleep(0.2)
            assert live.process.wait(10) == 0
        assert time.monotonic() - begun < 10


def test_after_a_stop_the_file_alone_holds_everything(tmp_path):
    file = tmp_path / "todo.db"
    with serving(tmp_path / "log", DATABASE_URL=f"sqlite:///{file}") as live:
        assert httpx.post(f"{live.url}/users", json={"data": "kept"}).status_code == 201
        assert live.stop() == 0
    assert {each.name for each in tmp_path.iterdir()} == {"todo.db", "todo.db-writers", "log"}
    copy = tmp_path / "copy.db"
    shutil.copy(file, copy)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT text FROM message").fetchall() == [("kept",)]
