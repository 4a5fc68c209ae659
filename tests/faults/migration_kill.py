"""A start is killed in the middle of a migration: the next one migrates, and no row is gone."""

import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress

import psycopg
from conftest import ROOT, environment
from dying_migration import statements
from sqlalchemy import inspect, text

from faults.rig import Outcome
from todo_api import migrations
from todo_api.database import Database
from todo_api.errors import CannotStart

ON = ("sqlite", "postgresql")
TOGETHER = True
FULL = {"every": 1, "tasks": 100}
SHORT = {"every": 79, "tasks": 10}

REVISIONS = sorted(
    re.search(r'^revision = "(.+)"', file.read_text(), re.MULTILINE)[1]
    for file in (ROOT / "todo_api/migrations/versions").glob("[0-9]*.py")
)
# Alembic knows of one migration in a process.
MIGRATING = threading.Lock()
WHERE = ("before", "inside", "after")
KILLED = -9
DIES_IN = 120
"""Seconds in which a migration of so few rows comes anywhere."""

ACCOUNT = (
    "INSERT INTO account VALUES (:id, :name, :key, 'e', NULL, '2026-01-01 00:00:00.000000',"
    " 'Europe/Berlin', '[]', FALSE, FALSE, 'era', 4, 1)"
)
TASK = (
    "INSERT INTO task (account_id, id, name, name_key, note, creation_date, quantity, revision,"
    " due_at) VALUES (:owner, :id, 'A', 'a', 'É', '2026-01-01 00:00:00.000000', 10000, :id,"
    " '2026-07-01 12:00:00.000000')"
)


class Copies:
    """Databases that are copied, and thrown away."""

    def __init__(self, rig):
        self.rig = rig

    def url(self, name):
        if self.rig.on == "sqlite":
            return f"sqlite:///{self.rig.folder}/{name}.db"
        return self.rig.postgres.url(name)

    def make(self, name, of=None):
        """Make a database, empty or a copy, in the place of one of that name; return its URL."""
        if self.rig.on == "sqlite":
            for ending in ("db", "db-wal", "db-shm"):
                (self.rig.folder / f"{name}.{ending}").unlink(missing_ok=True)
            if of and (self.rig.folder / f"{of}.db").exists():
                shutil.copy(self.rig.folder / f"{of}.db", self.rig.folder / f"{name}.db")
            return self.url(name)
        with psycopg.connect(self.rig.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {of or 'template0'}")
        return self.url(name)


def migrate(url, to="head"):
    """Migrate to a revision, and return how many statements that takes."""
    database = Database(url)
    seen = statements(database)
    with MIGRATING:
        migrations.upgrade(database, to=to)
    database.close()
    return len(seen)


def fill(url, tasks):
    """Store rows as the first schema has them."""
    database = Database(url)
    with database.transaction() as session:
        for owner in (1, 2):
            session.execute(
                text(ACCOUNT), {"id": owner, "name": f"user{owner}", "key": f"user{owner}"}
            )
            rows = [{"owner": owner, "id": number} for number in range(2, tasks + 2)]
            session.execute(text(TASK), rows)
    database.close()


def contents(url):
    """Return the columns, the indexes and the rows of each table, but for an era made by chance."""
    database, found = Database(url), {}
    with database.reading() as session:
        inspector = inspect(session.connection())
        for table in inspector.get_table_names():
            columns = [column["name"] for column in inspector.get_columns(table)]
            shown = [name for name in columns if (table, name) != ("price_list", "era")]
            rows = session.execute(text(f"SELECT {', '.join(shown)} FROM {table}")).all()
            indexes = {index["name"] for index in inspector.get_indexes(table)}
            found[table] = columns, indexes, sorted(map(repr, rows))
    database.close()
    return found


def killed_at(url, revision, number, where):
    """Let a migration die there, and return whether it did so."""
    command = [sys.executable, "tests/dying_migration.py", url, revision, str(number), where]
    paths = {"PYTHONPATH": ROOT}
    outcome = subprocess.run(
        command, env=environment(**paths), cwd=ROOT, check=False, timeout=DIES_IN
    )
    return outcome.returncode == KILLED


def revision_of(url):
    database = Database(url)
    revision = migrations.stored(database)
    database.close()
    return revision


def prepared(copies, tasks):
    """Make a database at each revision, with rows; return all the places to die at."""
    source, places = "empty", []
    copies.make(source)
    for revision in REVISIONS:
        name = f"at{revision.replace('.', '_')}"
        count = migrate(copies.make(name, of=source), to=revision)
        places += [(source, revision, at, where) for at in range(count + 1) for where in WHERE]
        if source == "empty":
            fill(copies.url(name), tasks)
        source = name
    return places


def drill(rig, *, every, tasks):
    copies, rows, lost, broken = Copies(rig), 2 * tasks, 0, 0
    places = prepared(copies, tasks)[::every]
    moments = Counter(where for *_, where in places)
    assert set(moments) == set(WHERE), "every shares a factor with the number of moments"
    wanted = {}
    for source in ("empty", "at0001"):
        migrate(copies.make("whole", of=source))
        wanted[source == "empty"] = contents(copies.url("whole"))
    for source, *place in places:
        url = copies.make("killed", of=source)
        earlier = revision_of(url)
        died = killed_at(url, *place)
        whole = revision_of(url) in (earlier, place[0])
        with suppress(CannotStart):
            migrate(url)
        found = contents(url)
        lost += 0 if source == "empty" else rows - len(found.get("task", [()])[-1])
        broken += not died or not whole or found != wanted[source == "empty"]
    return Outcome(
        "kill -9 before, inside and after each statement of each migration, and its commit",
        {
            "kills": ", ".join(f"{moments[where]} {where}" for where in WHERE),
            "rows of tasks": f"{rows:,}",
        },
        lost=lost,
        broken=broken,
    )
