"""Every test that asks for a database runs on SQLite and on a real PostgreSQL."""

import gc
import os
import signal
import ssl
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import certifi
import httpx
import pytest
from browser import launched
from databases import PostgresDatabases, SqliteDatabases, folder, send_away
from hypothesis import settings
from postgres import Postgres, free_port
from sharding import faults, is_sent_by_the_program
from sqlalchemy import Engine, event
from support import UNDOCUMENTED, Backend

from todo_api.database import Database
from todo_api.settings import Settings

ROOT = Path(__file__).parent.parent

# httpx loads every certificate authority for each client, and for each request without a client,
# which takes longer than the request does. A context for a test's own authority stays its own: who
# shares one shares its protocols, too.
_make_context = ssl.create_default_context
_context_of_all_authorities = cache(partial(_make_context, cafile=certifi.where()))


def _create_default_context(*arguments, **options):
    is_of_all = not arguments and options == {"cafile": certifi.where()}
    return _context_of_all_authorities() if is_of_all else _make_context(*arguments, **options)


ssl.create_default_context = _create_default_context


def pytest_collection_finish():
    """Exempt the thousands of collected tests from garbage collection: they stay until the end."""
    gc.collect()
    gc.freeze()


# A machine that is busy with something else is no fault of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def postgres():
    cluster = Postgres()
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def sqlite_databases():
    with folder() as where, closing(SqliteDatabases(where)) as databases:
        yield databases


@pytest.fixture(scope="session")
def postgres_databases(postgres):
    with closing(PostgresDatabases(postgres)) as databases:
        yield databases


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request):
    return request.getfixturevalue(
        "sqlite_databases" if request.param == "sqlite" else "postgres_databases"
    )


@pytest.fixture
def database_url(databases):
    url = databases.migrated()
    yield url
    databases.give_back(url)


@pytest.fixture
def database(databases, database_url):
    return databases.open(database_url)


@pytest.fixture
def sqlite_database(sqlite_databases):
    database = Database(sqlite_databases.migrated(), lock_timeout=1)
    yield database
    database.close()


@pytest.fixture
def backend(database, database_url):
    backend = Backend(Settings(database_url=database_url), database)
    yield backend
    backend.close()


@pytest.fixture(autouse=True)
def documented():
    """Whatever status a test sees, the OpenAPI document tells of it."""
    UNDOCUMENTED.clear()
    yield
    assert set(UNDOCUMENTED) == set()


UNROUTABLE = []
"""What tests have seen the program send that a database sharded by account cannot route."""


@event.listens_for(Engine, "before_cursor_execute")
def note_if_unroutable(connection, _cursor, statement, *_):
    if connection.dialect.name == "postgresql" and is_sent_by_the_program():
        UNROUTABLE.extend(f"{fault}: {statement}" for fault in faults(statement))


@pytest.fixture(autouse=True)
def routable():
    """Whatever statement a test sees the program send, one shard can execute it."""
    UNROUTABLE.clear()
    yield
    assert UNROUTABLE == []


@pytest.fixture
def nobody(backend):
    return backend.nobody


@pytest.fixture(scope="session")
def doorstep(sqlite_databases):
    """A client for what is answered before any database is asked: its own is out of reach."""
    url = sqlite_databases.migrated()
    with closing(Backend(Settings(database_url=url), sqlite_databases.open(url))) as backend:
        send_away(backend.database)
        yield backend.nobody


@pytest.fixture
def alice(backend):
    return backend.someone("alice")


@pytest.fixture
def noted_alice(backend):
    """Somebody the use of whose token is noted for this hour."""
    alice = backend.someone("alice")
    assert alice.get(alice.tasks).status_code == 200
    return alice


@pytest.fixture
def bob(backend):
    return backend.someone("bob")


@pytest.fixture
def admin(backend):
    return backend.admin()


STARTS_IN = 60
"""Seconds after which a server that does not answer has failed to start."""


@dataclass
class Live:
    """A server process that was started with `todo-api serve`."""

    process: subprocess.Popen
    port: int
    log: Path
    url: str

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)

    def text(self):
        return self.log.read_text()

    def says(self, text):
        """Return whether it has written `text`, or does so soon: a line may wait a moment."""
        for _ in range(100):
            if text in self.text():
                return True
            time.sleep(0.05)
        return False


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def environment(**settings):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
    return {**kept, **coverage, **{name: str(value) for name, value in settings.items()}}


@contextmanager
def serving(log, *arguments, **settings):
    port = free_port()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "todo_api", "serve", *arguments],
            env=environment(PORT=port, **settings),
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
    live = Live(process, port, log, f"http://127.0.0.1:{port}")
    try:
        wait_until_answering(live)
        yield live
    finally:
        live.stop()


def wait_until_answering(live):
    end = time.monotonic() + STARTS_IN
    while time.monotonic() < end:
        assert live.process.poll() is None, live.text()
        try:
            httpx.get(f"{live.url}/echo/up")
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(live.text())


@pytest.fixture
def live(database_url, tmp_path):
    with serving(tmp_path / "log", "--with-sample", DATABASE_URL=database_url) as live:
        yield live


@pytest.fixture(scope="module")
def chromium():
    with launched(ROOT / ".venv" / "chromium") as browser:
        yield browser
