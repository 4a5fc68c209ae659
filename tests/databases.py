"""Migrated databases for the tests, SQLite files and databases of a real PostgreSQL.

To make one and open it takes much longer than to empty one that is open, so that which served a
test serves the next one, unless the test has changed more than its rows.
"""

import itertools
import os
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

from todo_api import migrations
from todo_api.database import Database
from todo_api.errors import CannotStart
from todo_api.models import Base

_MEMORY = Path("/dev/shm")
_ENOUGH = 2 * 2**30
_numbers = itertools.count()


@contextmanager
def folder():
    """Make a temporary folder in memory, where there is enough: each commit waits for the disk."""
    in_memory = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH
    where = tempfile.mkdtemp(prefix="todo-api-", dir=_MEMORY if in_memory else None)
    yield Path(where)
    shutil.rmtree(where)


class _Databases:
    """Lends databases that are migrated and as new, by their URLs."""

    def __init__(self):
        self.free = []
        self.opened = {}

    def migrated(self):
        return self.free.pop() if self.free else self._made()

    def open(self, url):
        """Return the database at `url`, opened once for all the tests that it serves."""
        if url not in self.opened:
            self.opened[url] = Database(url, lock_timeout=2)
        return self.opened[url]

    def give_back(self, url):
        """Take the database for the next test, if nobody uses it any more and it can be emptied."""
        database = self.open(url)
        if self._is_unused(database) and self._is_emptied(database):
            self.free.append(url)
        else:
            self.opened.pop(url).close()

    def close(self):
        for database in self.opened.values():
            database.close()

    def _is_unused(self, database):
        return database.engine.pool.checkedout() == 0

    def _is_emptied(self, database):
        with suppress(CannotStart, psycopg.Error, sqlite3.Error):
            connection = database.engine.raw_connection()
            try:
                return self._empty(connection.driver_connection)
            finally:
                connection.close()
        return False


class SqliteDatabases(_Databases):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.template = folder / "template.db"
        migrate(f"sqlite:///{self.template}")
        connection = sqlite3.connect(self.template)
        self.schema = self._schema(connection)
        rows = [line for line in connection.iterdump() if line.startswith("INSERT INTO")]
        deleted = [f"DELETE FROM {table};" for table in (*_tables(), "sqlite_sequence")]
        self.emptying = "\n".join(["BEGIN IMMEDIATE;", *deleted, *rows, "COMMIT;"])
        connection.close()

    def _made(self):
        file = self.folder / f"{next(_numbers)}.db"
        shutil.copy(self.template, file)
        return f"sqlite:///{file}"

    def empty(self):
        return f"sqlite:///{self.folder}/{next(_numbers)}.db"

    def _empty(self, connection):
        connection.executescript(self.emptying)
        return self._schema(connection) == self.schema

    @staticmethod
    def _schema(connection):
        return connection.execute("PRAGMA schema_version").fetchall()


class PostgresDatabases(_Databases):
    def __init__(self, postgres):
        super().__init__()
        self.postgres = postgres
        url = self.empty("template_todo")
        migrate(url)
        with psycopg.connect(url) as connection:
            self.schema = self._schema(connection)
            deleted = [
                sql.SQL("DELETE FROM {}").format(table) for table in map(sql.Identifier, _tables())
            ]
            restarted = [
                sql.SQL("SELECT setval({}, 1, false)").format(name)
                for (name,) in connection.execute("SELECT sequencename FROM pg_sequences")
            ]
            rows = [
                sql.SQL("INSERT INTO {} VALUES ({})").format(table, sql.SQL(", ").join(row))
                for table in map(sql.Identifier, reversed(_tables()))
                for row in connection.execute(sql.SQL("SELECT * FROM {}").format(table)).fetchall()
            ]
            emptying = sql.SQL("; ").join([*deleted, *restarted, *rows])
            self.emptying = emptying.as_string(connection)

    def _made(self):
        return self._create(f"test{next(_numbers)}", "TEMPLATE template_todo")

    def empty(self, name=None):
        return self._create(name or f"test{next(_numbers)}")

    def _create(self, name, options=""):
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} {options}")
        return self.postgres.url(name)

    def _is_unused(self, database):
        database.settle()
        return super()._is_unused(database)

    def _empty(self, connection):
        connection.execute(self.emptying)
        connection.commit()
        return self._schema(connection) == self.schema

    @staticmethod
    def _schema(connection):
        return connection.execute("SELECT count(*) FROM pg_attribute").fetchall()


def migrate(url):
    database = Database(url)
    migrations.upgrade(database)
    database.close()


def send_away(database):
    """Let a database be out of reach from now on."""
    database.close()
    vars(database).update(vars(Database("postgresql://test@127.0.0.1:1/gone", lock_timeout=1)))


def _tables():
    """Return the names of all tables, those first that refer to others."""
    return [*(table.name for table in reversed(Base.metadata.sorted_tables)), "alembic_version"]
