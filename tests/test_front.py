"""The front of a live server: what one client sends or leaves unread never stops the others."""

import itertools
import json
import sqlite3
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from conftest import serving
from faults.attacks import send_request
from sqlalchemy import event
from support import ON_ONE_DATABASE, PASSWORD

from todo_api import checkpoints
from todo_api.client import Client
from todo_api.resources.work import Work
from todo_api.server.front import EXPORTS_PER_CLIENT, Clients, work_with_body

LARGE_NOTE = "n" * 10_000


def registered(url, name="alice"):
    """Register somebody; return a token."""
    with Client(url, timeout=30, tries=1) as client:
        client.register(name, f"{name}@example.com", PASSWORD)
        return client.login(name, PASSWORD).token


def fill(url, token, *, tasks, note=LARGE_NOTE, name="alice"):
    """Store so many tasks with a long note."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        for start in range(0, tasks, 20):
            body = {"name": "x", "note": note}
            operations = [{"method": "POST", "body": body}] * min(20, tasks - start)
            path = f"/api/v1/accounts/{name}/tasks/batch"
            answer = client.post(path, json={"operations": operations})
            assert answer.status_code == 200, answer.text


def eventually(holds, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


HOSTILE_QUERIES = [
    "sort=" * 40 + "&x",
    "&".join(["sort=a"] * 400) + "&x",
    "limit=" * 5_000 + "%",
    "itemname=&" * 1_500 + "x",
]


@pytest.mark.parametrize("query", HOSTILE_QUERIES, ids=range(len(HOSTILE_QUERIES)))
@pytest.mark.parametrize("path", ["/itemprice", "/api/v1/prices", "/users", "/sum", "/echo"])
def test_a_hostile_query_is_answered_at_once_and_stops_nobody(shared, path, query):
    answer = httpx.get(f"{shared.url}{path}?{query}", timeout=10)
    assert answer.status_code < 500
    assert httpx.get(f"{shared.url}/health", timeout=5).status_code == 200


@pytest.fixture(scope="module")
def shared(sqlite_databases, tmp_path_factory):
    """One server for all requests that leave nothing behind."""
    log = tmp_path_factory.mktemp("front") / "log"
    with serving(log, DATABASE_URL=sqlite_databases.migrated(), WORKERS=1) as live:
        yield live


@contextmanager
def locked_now_and_then(path, seconds, pause):
    """Hold SQLite's lock by another program for so many seconds, again and again."""
    enough = threading.Event()

    def work():
        with closing(sqlite3.connect(path, isolation_level=None)) as stranger:
            while not enough.is_set():
                stranger.execute("BEGIN IMMEDIATE")
                enough.wait(seconds)
                stranger.execute("ROLLBACK")
                enough.wait(pause)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    enough.set()
    thread.join()


def test_writes_beside_a_foreign_lock_are_stored_if_and_only_if_they_are_answered_201(
    sqlite_databases, tmp_path
):
    url = sqlite_databases.migrated()
    path = url.removeprefix("sqlite:///")
    with serving(tmp_path / "log", DATABASE_URL=url, LOCK_TIMEOUT=1, WORKERS=1) as live:
        token = registered(live.url)
        headers = {"Authorization": f"Bearer {token}"}

        def create(number):
            made, statuses = [], set()
            with httpx.Client(base_url=live.url, headers=headers, timeout=30) as client:
                for turn in range(6):
                    # Every other one is no short write, so that it has a transaction of its own.
                    name = f"{number}.{turn}"
                    body = {"name": name, "note": LARGE_NOTE * (turn % 2)}
                    answer = client.post("/api/v1/accounts/alice/tasks", json=body)
                    statuses.add(answer.status_code)
                    if answer.status_code == 201:
                        made.append(name)
            return made, statuses

        with locked_now_and_then(path, 0.97, 0.05), ThreadPoolExecutor(8) as threads:
            done = list(threads.map(create, range(8)))
        with Client(live.url, token, username="alice", timeout=30) as client:
            stored = {task.name for task in client.tasks()}
    assert set().union(*(statuses for _, statuses in done)) <= {201, 503}
    assert stored == {name for made, _ in done for name in made}


def test_a_write_whose_body_is_cut_off_fails_no_other_one(sqlite_databases, tmp_path):
    """Writes share a commit on SQLite; what is answered 5xx must not be stored."""
    head = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    path = "/api/v1/accounts/nobody/tasks"
    with serving(tmp_path / "log", DATABASE_URL=sqlite_databases.migrated(), WORKERS=1) as live:
        token = registered(live.url)
        enough = threading.Event()

        def cut_off():
            while not enough.is_set():
                with send_request(
                    live.port, "POST", path, None, *head, body=b"zz\r\n"
                ) as connection:
                    assert connection.recv(12) in (b"HTTP/1.1 401", b"HTTP/1.1 400")

        def create(number):
            with Client(live.url, token, username="alice", timeout=30) as client:
                return [client.tasks.create(f"{number}.{each}").name for each in range(40)]

        with ThreadPoolExecutor(8) as threads:
            cutting = [threads.submit(cut_off) for _ in range(4)]
            made = [name for names in threads.map(create, range(4)) for name in names]
            enough.set()
            for each in cutting:
                each.result()
        with Client(live.url, token, username="alice", timeout=30) as client:
            assert sorted(task.name for task in client.tasks()) == sorted(made)


STREAM = "/api/v1/accounts/alice/events"


def streams_are_taken(live, token):
    """Return whether a process of four streams refuses another one."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.stream("GET", f"{live.url}{STREAM}", headers=headers, timeout=30) as answer:
        return answer.status_code == 503


def test_an_event_stream_that_is_never_read_makes_room_after_its_token_has_ended(
    database_url, tmp_path
):
    few = {"WORKERS": 1, "EVENT_STREAMS": 4}
    with serving(tmp_path / "log", DATABASE_URL=database_url, **few) as live:
        token = registered(live.url)
        fill(live.url, token, tasks=1_000)
        with Client(live.url, timeout=30) as client:
            other = client.login("alice", PASSWORD).token
        with ExitStack() as unread:
            for _ in range(4):
                connection = send_request(live.port, "GET", STREAM, token, receive_buffer=4_096)
                unread.enter_context(connection)
                assert connection.recv(12) == b"HTTP/1.1 200"
            assert streams_are_taken(live, other)
            with Client(live.url, token, username="alice", timeout=30) as client:
                client.logout()
            # Nobody reads, so it takes as long as a client has for one piece, or the next beat.
            assert eventually(lambda: not streams_are_taken(live, other), 45)


def memory(live):
    """Return the bytes of memory that the workers hold together."""
    total = 0
    for pid in (
        Path(f"/proc/{live.process.pid}/task/{live.process.pid}/children").read_text().split()
    ):
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(status.partition("VmRSS:")[2].split()[0]) * 1024
    return total


def test_streams_and_lists_that_are_never_read_take_bounded_memory(database_url, tmp_path):
    with serving(tmp_path / "log", DATABASE_URL=database_url, WORKERS=1) as live:
        token = registered(live.url)
        fill(live.url, token, tasks=400, note="\N{GRINNING FACE}" * 10_000)
        before = memory(live)
        with ExitStack() as unread:
            for number in range(200):
                path = STREAM if number % 2 else "/api/v1/accounts/alice/tasks?limit=200"
                unread.enter_context(
                    send_request(live.port, "GET", path, token, receive_buffer=4_096)
                )
            time.sleep(5)
            assert httpx.get(f"{live.url}/health", timeout=5).status_code == 200
            # A hundred lists of 8 MB and as many streams; unbounded that would be above 1 GB. Six
            # threads of PostgreSQL may hold 40 MB each for a moment, of which some stays.
            assert memory(live) - before < 450 * 2**20


def unread_stream(live, token):
    return send_request(live.port, "GET", STREAM, token, receive_buffer=4_096)


def unread_export(live, token):
    path = "/api/v1/accounts/alice/export"
    return send_request(live.port, "GET", path, token, receive_buffer=4_096)


def test_a_client_has_only_some_exports_that_it_does_not_read(sqlite_databases, tmp_path):
    """Each waits in a temporary file."""
    with serving(tmp_path / "log", DATABASE_URL=sqlite_databases.migrated(), WORKERS=1) as live:
        token = registered(live.url)
        fill(live.url, token, tasks=1_000)
        with ExitStack() as unread:
            for _ in range(EXPORTS_PER_CLIENT):
                connection = unread.enter_context(unread_export(live, token))
                assert connection.recv(12) == b"HTTP/1.1 200"
            assert unread.enter_context(unread_export(live, token)).recv(12) == b"HTTP/1.1 503"
        assert eventually(lambda: exported(live, token) == 200)


def exported(live, token):
    headers = {"Authorization": f"Bearer {token}"}
    path = "/api/v1/accounts/alice/export"
    return httpx.get(f"{live.url}{path}", headers=headers, timeout=30).status_code


def half_sent_body(live, token):
    headers = ("Content-Type: application/json", "Content-Length: 100")
    return send_request(
        live.port, "POST", "/api/v1/accounts/alice/tasks", token, *headers, body=b"{"
    )


def half_sent_import(live, token):
    headers = ("Content-Type: text/csv", "Content-Length: 50000000")
    path = "/api/v1/accounts/alice/import"
    return send_request(live.port, "POST", path, token, *headers, body=b"name\n" * 100_000)


@pytest.mark.parametrize(
    "begin",
    [unread_stream, unread_export, half_sent_body, half_sent_import],
    ids=lambda it: it.__name__,
)
def test_a_server_that_is_told_to_stop_ends_within_seconds_beside(
    sqlite_databases, tmp_path, begin
):
    url = sqlite_databases.migrated()
    with serving(tmp_path / "log", DATABASE_URL=url, WORKERS=1) as live:
        token = registered(live.url)
        if begin is unread_export:
            fill(live.url, token, tasks=1_000)
        with begin(live, token):
            time.sleep(0.5)
            begun = time.monotonic()
            assert live.stop() == 0
            assert time.monotonic() - begun < 10


@pytest.mark.parametrize("stays", [True, False], ids=["its client stays", "its client has gone"])
def test_a_large_import_holds_up_no_stop_and_leaves_nothing_behind(
    sqlite_databases, tmp_path, stays
):
    url = sqlite_databases.migrated()
    task = {"name": "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 20, "note": "x" * 400}
    content = json.dumps({"tasks": [task] * 100_000}, ensure_ascii=False).encode()
    path = "/api/v1/accounts/alice/import"
    headers = ("Content-Type: application/json", f"Content-Length: {len(content)}")
    with serving(tmp_path / "log", DATABASE_URL=url, WORKERS=1) as live:
        token = registered(live.url)
        with send_request(live.port, "POST", path, token, *headers, body=content) as client:
            time.sleep(1)
            if not stays:
                client.close()
                time.sleep(1)
            begun = time.monotonic()
            assert live.stop() == 0
            # The import would go on for more than half a minute.
            assert time.monotonic() - begun < 20
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        assert database.execute("SELECT count(*) FROM task").fetchone()[0] in (0, 100_000)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_client_that_does_not_read_is_cut_off(sqlite_databases, tmp_path):
    url = sqlite_databases.migrated()
    quick = {"WORKERS": 1, "IDLE_TIMEOUT": 2}
    with serving(tmp_path / "log", DATABASE_URL=url, **quick) as live:
        token = registered(live.url)
        fill(live.url, token, tasks=1_000)
        with unread_export(live, token) as connection:
            time.sleep(8)
            received = 0
            with suppress(ConnectionError):
                while piece := connection.recv(1 << 20):
                    received += len(piece)
            assert received < 10_000_000


@ON_ONE_DATABASE
def test_stalled_imports_hold_a_file_each_and_no_memory(database_url, tmp_path):
    with serving(tmp_path / "log", DATABASE_URL=database_url, WORKERS=1) as live:
        token = registered(live.url)
        registered(live.url, "bob")
        before = memory(live)
        headers = ("Content-Type: text/csv", f"Content-Length: {60 * 2**20}")
        path = "/api/v1/accounts/alice/import"
        with ExitStack() as stalled:
            for _ in range(3):
                connection = send_request(live.port, "POST", path, token, *headers)
                stalled.enter_context(connection)
                connection.sendall(b"name\n" * (4 * 2**20))
            time.sleep(1)
            assert memory(live) - before < 30 * 2**20
            # Two more bodies are over what one client may have under way: a 503, not a stall.
            fourth = stalled.enter_context(send_request(live.port, "POST", path, token, *headers))
            with closing(fourth):
                with suppress(ConnectionError):
                    for _ in range(20):
                        fourth.sendall(b"name\n" * 2**20)
                assert fourth.recv(12) in (b"HTTP/1.1 503", b"")
            with Client(live.url, username="bob", timeout=30) as client:
                client.login("bob", PASSWORD)
                assert client.tasks.create("milk").name == "milk"


@ON_ONE_DATABASE
def test_an_import_is_refused_before_its_body_has_come(database_url, tmp_path):
    with serving(tmp_path / "log", DATABASE_URL=database_url, WORKERS=1) as live:
        registered(live.url)
        headers = ("Content-Type: text/csv", "Content-Length: 50000000")
        path = "/api/v1/accounts/alice/import"
        for token, status in ((None, b"401"), ("x" * 44, b"401")):
            with send_request(
                live.port, "POST", path, token, *headers, body=b"name\n"
            ) as connection:
                assert connection.recv(12) == b"HTTP/1.1 " + status
        line = '"path": "/api/v1/accounts/alice/import"'
        assert eventually(lambda: live.text().count(line) == 2)


def test_readiness_is_told_while_every_other_thread_is_busy(database_url, tmp_path):
    """Imports, searches and logins have threads of their own, and so has /ready."""
    with serving(tmp_path / "log", DATABASE_URL=database_url, WORKERS=1) as live:
        token = registered(live.url)
        fill(live.url, token, tasks=600, note="ab" * 5_000)
        query = "q=" + "ab" * 120 + "c"
        with ExitStack() as gone:
            for _ in range(14):
                path = f"/api/v1/accounts/alice/tasks?{query}"
                gone.enter_context(send_request(live.port, "GET", path, token))
            for _ in range(10):
                begun = time.monotonic()
                assert httpx.get(f"{live.url}/ready", timeout=10).status_code == 200
                assert time.monotonic() - begun < 2


def test_the_list_of_users_waits_for_no_search(sqlite_databases, tmp_path):
    """Six accounts search all the time, which takes every thread for searches."""
    url = sqlite_databases.migrated()
    with serving(tmp_path / "log", DATABASE_URL=url, WORKERS=1) as live:
        enough, searches = threading.Event(), []
        names = ("alice", "bob", "carol", "dave", "erin", "frank")
        tokens = {name: registered(live.url, name) for name in names}
        for name, token in tokens.items():
            fill(live.url, token, name=name, tasks=200, note="ab" * 5_000)

        def search(name, token):
            path = f"/api/v1/accounts/{name}/tasks?q=" + "ab" * 120
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=live.url, headers=headers, timeout=60) as client:
                for number in itertools.count():
                    if enough.is_set():
                        break
                    begun = time.monotonic()
                    assert client.get(f"{path}{number}").status_code == 200
                    searches.append(time.monotonic() - begun)

        with ThreadPoolExecutor(6) as clients:
            searching = [clients.submit(search, *each) for each in tokens.items()]
            assert eventually(lambda: len(searches) > 12)
            lists = []
            try:
                with httpx.Client(base_url=live.url, timeout=30) as client:
                    for _ in range(20):
                        begun = time.monotonic()
                        assert client.get("/users").status_code == 200
                        lists.append(time.monotonic() - begun)
            finally:
                enough.set()
            for each in searching:
                each.result()
    assert statistics.median(lists) < statistics.median(searches) / 2


def test_the_log_of_sqlite_stays_small_beside_long_reads(sqlite_databases, tmp_path):
    url = sqlite_databases.migrated()
    path = Path(url.removeprefix("sqlite:///") + "-wal")
    with serving(tmp_path / "log", DATABASE_URL=url, WORKERS=1) as live:
        token = registered(live.url)
        enough, sizes = threading.Event(), []

        def read():
            """Always have a reader that sees an older state."""
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as reader:
                reader.isolation_level = None
                while not enough.is_set():
                    reader.execute("BEGIN")
                    reader.execute("SELECT count(*) FROM task").fetchall()
                    enough.wait(0.2)
                    reader.execute("COMMIT")

        with ThreadPoolExecutor(2) as readers:
            reading = [readers.submit(read)]
            time.sleep(0.1)
            reading.append(readers.submit(read))
            try:
                for _ in range(60):
                    fill(live.url, token, tasks=60)
                    sizes.append(path.stat().st_size)
            finally:
                enough.set()
            for each in reading:
                each.result()
    assert max(sizes) < 64 * 2**20


def test_a_profile_is_read_at_once_beside_a_large_log_that_somebody_reads(
    sqlite_databases, tmp_path
):
    """An export waits until SQLite's log is small; a profile is read on the event loop."""
    url = sqlite_databases.migrated()
    file = url.removeprefix("sqlite:///")
    with (
        serving(tmp_path / "log", DATABASE_URL=url, WORKERS=1) as live,
        closing(sqlite3.connect(file)) as reader,
        closing(sqlite3.connect(file)) as writer,
    ):
        token = registered(live.url)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM task").fetchall()
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("CREATE TABLE large (content)")
        writer.execute("INSERT INTO large VALUES (zeroblob(?))", [checkpoints.TOO_LARGE])
        writer.commit()
        assert Path(f"{file}-wal").stat().st_size > checkpoints.TOO_LARGE
        headers = {"Authorization": f"Bearer {token}"}
        begun = time.monotonic()
        answer = httpx.get(f"{live.url}/api/v1/accounts/alice", headers=headers, timeout=30)
        assert answer.status_code == 200
        assert time.monotonic() - begun < checkpoints.PATIENCE / 2


def test_a_read_waits_for_no_writer_to_note_that_its_token_was_used(sqlite_databases, tmp_path):
    url = sqlite_databases.migrated()
    options = {"WORKERS": 1, "THREADS": 1, "LOCK_TIMEOUT": 10}
    with serving(tmp_path / "log", DATABASE_URL=url, **options) as live:
        headers = {"Authorization": f"Bearer {registered(live.url)}"}
        path = f"{live.url}/api/v1/accounts/alice/tasks"
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
            other.execute("BEGIN IMMEDIATE")
            with ThreadPoolExecutor(1) as writing:
                body = {"name": "x", "note": LARGE_NOTE}
                write = writing.submit(httpx.post, path, headers=headers, json=body, timeout=30)
                time.sleep(1)
                begun = time.monotonic()
                assert httpx.get(path, headers=headers, timeout=30).status_code == 200
                assert time.monotonic() - begun < options["LOCK_TIMEOUT"] / 2
                other.rollback()
                assert write.result().status_code == 201


def test_addresses_of_one_ipv6_network_are_one_client(backend):
    clients = Clients(backend)
    first, second, other = (
        clients.of({"REMOTE_ADDR": address})
        for address in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1")
    )
    assert first == second != other


def test_a_write_of_long_texts_shares_no_commit_with_short_ones():
    """The keys of long texts take milliseconds, for which the others would wait."""
    assert work_with_body({}, Work.SHORT_WRITE, 500) is Work.SHORT_WRITE
    assert work_with_body({}, Work.SHORT_WRITE, 30_000) is Work.WRITE


def test_a_dry_deletion_of_an_account_deletes_nothing_in_between(backend, alice):
    """It would hold up all writers for as long as the real one does."""
    alice.task()
    statements = []

    @event.listens_for(backend.database.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_):
        statements.append(statement)

    try:
        assert alice.delete(alice.path, headers={"Prefer": "dry-run"}).status_code == 204
        assert [each for each in statements if "DELETE FROM account" in each] == []
        assert alice.delete(alice.path).status_code == 204
        assert [each for each in statements if "DELETE FROM account" in each] != []
    finally:
        event.remove(backend.database.engine, "before_cursor_execute", note)
