"""Who listens is told of each commit, by a thread that no request waits for."""

import threading
import time
from contextlib import closing

import psycopg
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from todo_api import announcing
from todo_api.announcing import CHANNEL, announce
from todo_api.database import Database

LONGEST = 5


@pytest.fixture
def database(postgres):
    with closing(Database(postgres.url("postgres"), lock_timeout=1, pool_size=2)) as made:
        yield made


@pytest.fixture
def listener(postgres):
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        yield connection


def commit(database, *topics):
    with database.transaction() as session:
        for topic in topics:
            announce(session, topic)


def heard(listener, count):
    notices = listener.notifies(timeout=LONGEST, stop_after=count)
    return sorted(int(notice.payload) for notice in notices)


def is_there():
    return "announcing" in {thread.name for thread in threading.enumerate()}


def test_each_commit_is_told_and_then_the_thread_ends(database, listener):
    commit(database, 7)
    assert heard(listener, 1) == [7]
    commit(database, 8, 9)
    assert heard(listener, 2) == [8, 9]
    until = time.monotonic() + LONGEST
    while is_there():
        assert time.monotonic() < until
        time.sleep(0.01)
    commit(database, 10)
    assert heard(listener, 1) == [10]


def test_what_is_about_nothing_needs_no_thread(database):
    commit(database)
    assert not is_there()


def test_what_many_have_committed_is_told_before_the_database_is_closed(database, listener):
    begun = time.monotonic()
    for topic in range(50):
        commit(database, topic)
    database.close()
    assert not is_there()
    assert time.monotonic() < begun + LONGEST
    assert set(heard(listener, 50)) == set(range(50))


def test_who_cannot_be_told_hears_the_next_commit(database, listener, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(announcing, "_NOTIFY", "SELECT wrong, %(channel)s, %(topics)s")
        commit(database, 1)
        database.close()
    commit(database, 2)
    assert heard(listener, 1) == [2]


def test_who_cannot_be_told_for_lack_of_a_connection_hears_the_next_commit(
    database, listener, monkeypatch
):
    free = database.engine.raw_connection

    def for_requests_only():
        if threading.current_thread().name == "announcing":
            raise PoolTimeout
        return free()

    with monkeypatch.context() as full:
        full.setattr(database.engine, "raw_connection", for_requests_only)
        commit(database, 1)
        database.close()
    commit(database, 2)
    assert heard(listener, 1) == [2]
