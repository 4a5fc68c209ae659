"""Writes of many into SQLite that one thread does: what differs from PostgreSQL."""

import sqlite3
import threading
import time
from contextlib import closing, suppress

import pytest
from messages import do, stored, write
from sqlalchemy import event, text

from todo_api.errors import Unavailable


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


@pytest.fixture
def said(database):
    """All that SQLite itself is told."""
    statements = []

    @event.listens_for(database.engine, "connect")
    def listen(connection, _):
        connection.set_trace_callback(statements.append)

    return statements


def test_what_is_done_together_has_one_commit(database, said):
    with database.together() as work:
        for name in "abc":
            do(database, name)
            assert stored(database) == []
    assert stored(database) == ["a", "b", "c"]
    assert not work.is_lost
    assert said.count("COMMIT") == 1
    do(database, "d")
    assert said.count("COMMIT") == 2


def test_where_nothing_is_written_nothing_is_begun(database, said):
    with database.together() as work:
        stored(database)
    assert not work.is_lost
    assert "BEGIN IMMEDIATE" not in said


def test_so_it_is_when_sqlite_gives_up_all_of_it(database):
    with database.together() as work:
        do(database, "a")
        assert not work.is_lost
        with suppress(Unavailable), database.transaction() as session:
            driver = session.place.driver
            pages = session.scalar(text("PRAGMA page_count"))
            driver.execute(f"PRAGMA max_page_count = {pages + 10}")
            try:
                write(session, "x" * 1_000_000)
            finally:
                driver.execute("PRAGMA max_page_count = 1000000")
        assert work.is_lost
        with pytest.raises(Unavailable):
            do(database, "nothing of a new one")
    assert work.is_lost
    assert stored(database) == []


def test_of_who_cannot_be_taken_back_nothing_stays(database):
    def spoil():
        with database.transaction() as session:
            driver = session.place.driver
            driver.execute("INSERT INTO message (text, created_date) VALUES ('spoilt', '')")
            driver.execute("RELEASE part")
            raise LookupError

    with database.together() as work:
        do(database, "a")
        with pytest.raises(LookupError):
            spoil()
        assert work.is_lost
    assert stored(database) == []


def test_patience_begins_when_who_asks_has_come(database):
    with closing(sqlite3.connect(database.url.database, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with database.together() as work:
            work.since -= 0.9
            with pytest.raises(Unavailable):
                do(database, "a")
            work.since -= 10
            with pytest.raises(Unavailable):
                do(database, "b")
            assert time.monotonic() - begun < 1.5
            stranger.execute("ROLLBACK")
            do(database, "c")
    assert stored(database) == ["c"]


def another_at_work(database):
    """Return a thread that writes until an event is set, and that event."""
    inside, go_on = threading.Event(), threading.Event()

    def hold():
        with database.transaction() as session:
            write(session, "before")
            inside.set()
            assert go_on.wait(10)

    first = threading.Thread(target=hold)
    first.start()
    assert inside.wait(10)
    return first, go_on


def test_others_wait_until_the_end_and_are_waited_for(database):
    first, go_on = another_at_work(database)
    threading.Timer(0.1, go_on.set).start()
    with database.together():
        do(database, "a")
        other = threading.Thread(target=do, args=[database, "z"])
        other.start()
        do(database, "b")
        assert other.is_alive()
    other.join(10)
    first.join(10)
    assert stored(database) == ["a", "b", "before", "z"]


def test_who_waits_in_vain_holds_up_nobody(database):
    first, go_on = another_at_work(database)
    with database.together() as work:
        work.since -= 10
        with pytest.raises(Unavailable):
            do(database, "a")
    go_on.set()
    first.join(10)
    do(database, "b")
    assert stored(database) == ["b", "before"]
