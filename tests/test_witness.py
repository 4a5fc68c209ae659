"""The witness of what is written into a SQLite file, by anybody."""

import sqlite3
import subprocess
import sys
from contextlib import suppress

import pytest
from messages import do, stored, write
from sqlalchemy import event

ELSEWHERE = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as connection:
    connection.execute("INSERT INTO message (text, created_date) VALUES ('e', '2026-11-21')")
"""


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


@pytest.fixture
def seen(database):
    """Return what is seen by the connections that the database has had so far."""
    return database.witness.seen


def from_another_process(database):
    subprocess.run([sys.executable, "-c", ELSEWHERE, database.engine.url.database], check=True)


def together(database):
    with database.batch():
        do(database, "t")


@pytest.mark.parametrize("commit", [lambda it: do(it, "a"), together, from_another_process])
def test_it_sees_each_commit_whoever_makes_it(database, seen, commit):
    states = [seen()]
    for _ in range(3):
        commit(database)
        states.append(seen())
        assert seen() == states[-1]
    assert len(set(states)) == 4
    assert None not in states


def test_it_sees_nothing_else(database, seen):
    before = seen()
    stored(database)
    do(database, "dry", dry=True)
    with suppress(LookupError):
        do(database, "failing", LookupError())
    with database.transaction() as session:
        write(session, "not yet")
        assert seen() == before
    assert seen() != before


def test_while_one_looks_nobody_else_waits(database):
    meanwhile = []

    @event.listens_for(database.engine, "connect")
    def listen(connection, _):
        connection.set_trace_callback(
            lambda statement: (
                meanwhile.append(database.witness.seen()) if "data_version" in statement else None
            )
        )

    assert database.witness.seen() is not None
    assert meanwhile == [None]
    assert database.witness.seen() is not None


def test_after_a_failure_nothing_is_as_it_was_before(database, seen):
    before = seen()
    database.witness.own.driver_connection.close()
    assert seen() is None
    after = seen()
    assert after not in (None, before)
    assert seen() == after


def test_where_there_is_no_connection_nobody_knows(database, seen, monkeypatch):
    def fail():
        raise sqlite3.OperationalError("unable to open database file")

    with monkeypatch.context() as failing:
        failing.setattr(database.witness.askers, "take", fail)
        assert seen() is None
    assert seen() is not None
