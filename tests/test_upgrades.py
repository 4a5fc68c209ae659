"""Nodes of two versions on one database: older ones go on, or refuse and harm nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import future
import httpx
import pytest
from conftest import ROOT, environment, serving
from databases import migrate
from release import load
from sqlalchemy import text
from support import PASSWORD
from test_server import children

from todo_api import backup, migrations
from todo_api.client import Client, Unavailable
from todo_api.database import Database
from todo_api.errors import CannotStart
from todo_api.generation import serves

ADD = """op.add_column("task", sa.Column("colour", sa.String(20)))
    op.add_column("task", sa.Column("weight", sa.Integer(), nullable=False, server_default="7"))
    op.create_table("tag", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_index("ix_task_colour", "task", ["account_id", "colour"])
    op.execute("UPDATE task SET colour = 'red'")"""

BREAK = """op.alter_column("task", "quantity", new_column_name="amount")
    op.execute("UPDATE task SET amount = amount * 100")"""

NO_ADDITIONS = [
    'op.drop_column("message", "text")',
    'op.drop_table("attempt")',
    'op.drop_index("ix_task_deleted", "task")',
    'op.alter_column("task", "quantity", new_column_name="amount")',
    'op.create_index("ix_task_once", "task", ["account_id", "id"], unique=True)',
    'op.execute("UPDATE task SET quantity = 2 * quantity WHERE id = 3")',
    'op.execute("DELETE FROM message")',
    """op.add_column("message", sa.Column("priority", sa.Integer()))
    op.execute("UPDATE message SET priority = 1")
    with op.batch_alter_table("message") as batch:
        batch.alter_column("priority", nullable=False)""",
    """with op.batch_alter_table("token") as batch:
        batch.alter_column("last_used_date", nullable=False, server_default="2026-01-01")""",
    """with op.batch_alter_table("task") as batch:
        batch.create_check_constraint("short", "length(name) < 1000")""",
]


@pytest.fixture
def database_url(databases):
    """A database that no other test gets afterwards, since its schema will be another one."""
    url = databases.empty()
    migrate(url)
    return url


@pytest.fixture
def database(database_url):
    database = Database(database_url, lock_timeout=2)
    yield database
    database.close()


@pytest.fixture
def newer(database_url, tmp_path):
    """Migrate as a newer node would."""
    folder = tmp_path / "newer"
    folder.mkdir()

    def upgrade_to(revision, upgrade):
        database = Database(database_url)
        future.migrate(database, folder, revision, upgrade)
        database.close()

    return upgrade_to


@pytest.fixture
def filled_at(databases):
    """Make the database of a release, which has rows in every table, migrated to a revision."""
    opened = []

    def make(revision):
        url = databases.empty()
        load(url, "1.0.0", "sqlite" if url.startswith("sqlite") else "postgresql")
        opened.append(Database(url))
        migrations.upgrade(opened[-1], to=revision)
        return opened[-1]

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def filled(filled_at):
    return filled_at("head")


@pytest.mark.parametrize(
    ("program", "stored", "works"),
    [
        ("0005", "0005", True),
        ("0005", "0005.1", True),
        ("0005.9", "0005.10", True),
        ("0005.1", "0005", False),
        ("0005.2", "0005.1", False),
        ("0005", "0006", False),
        ("0005", "0006.1", False),
        ("0006", "0005.1", False),
        ("0005", "5", False),
        ("0005", "another program's", False),
        ("0005", None, False),
    ],
)
def test_a_program_works_on_its_generation_with_what_it_needs(program, stored, works):
    assert serves(program, stored) is works


def test_what_is_called_an_addition_only_adds(filled_at):
    for revision, before in future.additions():
        database = filled_at(before)
        earlier = future.state(database)
        migrations.upgrade(database, to=revision)
        assert future.more_than_additions(earlier, future.state(database)) == [], revision


def test_additions_are_told_from_what_is_none(filled, tmp_path):
    before = future.state(filled)
    future.migrate(filled, tmp_path, future.addition(), ADD)
    assert future.more_than_additions(before, future.state(filled)) == []


@pytest.mark.parametrize("upgrade", NO_ADDITIONS)
def test_what_is_no_addition_is_noticed(filled, tmp_path, upgrade):
    before = future.state(filled)
    future.migrate(filled, tmp_path, future.addition(), upgrade)
    assert len(future.more_than_additions(before, future.state(filled))) >= 1


class Work:
    """Writes and reads without a pause, and notes what was acknowledged and what was not."""

    def __init__(self, url, token):
        self.made, self.refused, self.wrong = [], [], []
        self._over = threading.Event()
        options = {"username": "alice", "tries": 1}
        self._clients = [Client(url, token, **options) for _ in range(3)]
        works = (self._write, self._read, self._sync)
        self._threads = [
            threading.Thread(target=self._repeat, args=each)
            for each in zip(works, self._clients, strict=True)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        time.sleep(0.5)
        self._over.set()
        for thread in self._threads:
            thread.join()
        for client in self._clients:
            client.close()

    def _repeat(self, work, client):
        while not self._over.is_set():
            try:
                work(client)
            except Unavailable as error:
                self.refused.append(error)
            except Exception as error:  # noqa: BLE001 - Whatever it is, the test tells it.
                self.wrong.append(error)

    def _write(self, client):
        task = client.tasks.create("x", quantity=2)
        self.made.append(task.id)
        client.tasks.change(task, completed=True)

    def _read(self, client):
        assert all(task.quantity == 2 for task in client.tasks(sort="-id", completed=True))

    def _sync(self, client):
        next(client.changes())


@contextmanager
def working(live):
    """Register and work."""
    with Client(live.url) as client:
        client.register("alice", "alice@example.com", PASSWORD)
        token = client.login("alice", PASSWORD).token
    with Work(live.url, token) as work:
        yield work


def ids(database_url):
    database = Database(database_url)
    with database.reading() as session:
        found = session.scalars(text("SELECT id FROM task ORDER BY id")).all()
    database.close()
    return found


def test_an_older_node_goes_on_beside_a_newer_one_that_has_only_added(
    database_url, tmp_path, newer
):
    with serving(tmp_path / "log", DATABASE_URL=database_url, WORKERS=1) as live:
        with working(live) as work:
            newer(future.addition(), ADD)
            before = len(work.made)
        assert work.wrong == work.refused == []
        assert len(work.made) > before
        assert ids(database_url) == work.made
        assert httpx.get(f"{live.url}/ready").status_code == 200
        # A worker that dies now has a successor, and the node can be started again.
        (worker,) = children(live.process.pid)
        os.kill(worker, signal.SIGKILL)
        while children(live.process.pid) in ([], [worker]):
            time.sleep(0.05)
        with Client(live.url) as client:
            client.login("alice", PASSWORD)
            assert len(list(client.tasks())) == len(work.made)
    with serving(tmp_path / "again", DATABASE_URL=database_url, WORKERS=1) as live:
        assert httpx.get(f"{live.url}/ready").status_code == 200


def test_an_older_node_refuses_what_a_new_generation_is_asked_for_and_harms_nothing(
    database_url, tmp_path, newer
):
    with serving(tmp_path / "log", DATABASE_URL=database_url) as live:
        with working(live) as work:
            newer(future.generation(), BREAK)
            made, rows = list(work.made), ids(database_url)
        assert work.wrong == []
        assert {(error.status, error.retry_after) for error in work.refused} == {(503, 1)}
        # Nothing that was acknowledged is gone, and nothing was written since.
        assert work.made[: len(made)] == made
        assert ids(database_url) == work.made == rows
        for path in ("/ready", "/users", "/itemprice?itemname=x"):
            answer = httpx.get(live.url + path)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        for path in ("/health", "/echo/x", "/sum/1/2"):
            assert httpx.get(live.url + path).status_code == 200
    started = subprocess.run(
        [sys.executable, "-m", "todo_api", "serve"],
        env=environment(DATABASE_URL=database_url),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert started.returncode == 2
    assert started.stderr.startswith("todo-api: The database was made by a newer todo_api")


def test_a_node_goes_on_when_its_schema_is_there_again(backend, alice):
    newest = migrations.newest()

    def store(revision):
        with backend.database.migrating() as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))

    store(future.generation())
    assert alice.post(alice.tasks, json={"name": "x"}).status_code == 503
    assert alice.get(alice.tasks).status_code == 503
    store(newest)
    assert alice.get(alice.tasks).status_code == 200
    assert alice.post(alice.tasks, json={"name": "x"}).status_code == 201


def test_a_read_on_another_schema_is_a_503_and_a_kept_one_in_a_second(backend, alice):
    plain = backend.with_settings(response_cache_mib=0).someone("alice")
    plain.task()
    for each in (alice, plain):
        assert each.get(alice.tasks).status_code == 200
    with backend.database.migrating() as connection:
        connection.execute(text("ALTER TABLE task RENAME COLUMN note TO remark"))
        connection.execute(
            text(f"UPDATE alembic_version SET version_num = '{future.generation()}'")
        )
    assert plain.get(alice.tasks).status_code == 503
    time.sleep(1)
    assert alice.get(alice.tasks).status_code == 503


def test_a_writer_that_waits_for_a_migration_sees_the_schema_after_it(backend, alice, tmp_path):
    other, statuses = Database(backend.settings.database_url), []

    def write():
        statuses.append(alice.post(alice.tasks, json={"name": "x"}).status_code)

    with other.migrating() as connection:
        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.3)
        assert statuses == []
        connection.execute(
            text(f"UPDATE alembic_version SET version_num = '{future.generation()}'")
        )
    writer.join()
    other.close()
    assert statuses == [503]


def test_a_backup_with_additions_is_not_restored_without_them(backend, newer, tmp_path):
    backend.someone()
    backup.make(backend.database, tmp_path / "plain")
    newer(future.addition(), ADD)
    with pytest.raises(CannotStart, match="has another schema"):
        backup.make(backend.database, tmp_path / "file")
    copy = Database(f"sqlite:///{tmp_path}/plain")
    folder = tmp_path / "folder"
    folder.mkdir()
    future.migrate(copy, folder, future.addition(), ADD)
    copy.close()
    target = Database(f"sqlite:///{tmp_path}/target")
    migrations.upgrade(target)
    with pytest.raises(CannotStart, match="newer schema"):
        backup.bring_back(tmp_path / "plain", target)
    target.close()
