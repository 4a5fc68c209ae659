"""Every test that asks for a database runs on SQLite and on a real PostgreSQL."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from browser import launched
from postgres import Postgres, free_port
from support import UNDOCUMENTED, Backend

from todo_api import migrations
from todo_api.database import Database
from todo_api.models import Base
from todo_api.settings import Settings

ROOT = Path(__file__).parent.parent
_numbers = itertools.count()


class SqliteDatabases:
    def __init__(self, folder):
        self.folder = folder
        self.template = folder / "template.db"
        self.migrate(f"sqlite:///{self.template}")

    @staticmethod
    def migrate(url):
        database = Database(url)
        migrations.upgrade(database)
        database.close()

    def give_back(self, url):
        """Nothing is gained: a copy of the template is made in no time."""

    def migrated(self):
        file = self.folder / f"{next(_numbers)}.db"
        shutil.copy(self.template, file)
        return f"sqlite:///{file}"

    def empty(self):
        return f"sqlite:///{self.folder}/{next(_numbers)}.db"


_COLUMNS = "SELECT count(*) FROM pg_attribute"


class PostgresDatabases:
    """Making one takes much longer than emptying one, so a test's database serves the next test."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.free = []
        url = self.empty("template_todo")
        SqliteDatabases.migrate(url)
        with psycopg.connect(url) as connection:
            self.rows = {
                table: connection.execute(f"SELECT * FROM {table}").fetchall()
                for table in ("alembic_version", *Base.metadata.tables)
            }
            self.columns = connection.execute(_COLUMNS).fetchall()

    def _create(self, name, options=""):
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} {options}")
        return self.postgres.url(name)

    def migrated(self):
        if self.free:
            return self.free.pop()
        return self._create(f"test{next(_numbers)}", "TEMPLATE template_todo")

    def give_back(self, url):
        """Make the database as new, unless the test has changed more than its rows."""
        with suppress(psycopg.Error), psycopg.connect(url, options="-c lock_timeout=2s") as empty:
            empty.execute(f"TRUNCATE {', '.join(self.rows)} RESTART IDENTITY")
            for table, rows in self.rows.items():
                for row in rows:
                    places = ", ".join(["%s"] * len(row))
                    empty.execute(f"INSERT INTO {table} VALUES ({places})", row)
            if empty.execute(_COLUMNS).fetchall() == self.columns:
                empty.commit()
                self.free.append(url)

    def empty(self, name=None):
        return self._create(name or f"test{next(_numbers)}")


@pytest.fixture(scope="session")
def postgres():
    cluster = Postgres()
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory):
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_databases(postgres):
    return PostgresDatabases(postgres)


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
def database(database_url):
    database = Database(database_url, lock_timeout=2)
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


@pytest.fixture
def nobody(backend):
    return backend.nobody


@pytest.fixture
def alice(backend):
    return backend.someone("alice")


@pytest.fixture
def bob(backend):
    return backend.someone("bob")


@pytest.fixture
def admin(backend):
    return backend.admin()


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
    for _ in range(500):
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
