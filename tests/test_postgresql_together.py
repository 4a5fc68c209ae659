"""Writes of many into PostgreSQL that one thread does: what differs from SQLite."""

import psycopg
import pytest
from messages import do, let_connections_end, stored, write
from sqlalchemy import text

from todo_api.announcing import CHANNEL, announce
from todo_api.database import Database
from todo_api.errors import MustBeAlone, Unavailable
from todo_api.sessions import take_turns


@pytest.fixture
def database(postgres_databases):
    database = Database(postgres_databases.migrated(), lock_timeout=1)
    yield database
    database.close()


def ask(database, statement, *values):
    """Return what PostgreSQL tells somebody else."""
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values or None)
        return cursor.fetchone() if cursor.description else None


def own(session):
    return session.place.driver.pgconn.backend_pid


def test_there_is_one_transaction_for_all(database):
    seen = set()
    with database.together():
        for name in "abc":
            with database.transaction() as session:
                write(session, name)
                seen.add(session.scalar(text("SELECT txid_current()")))
    assert len(seen) == 1


def test_where_nothing_is_written_nothing_is_begun(database):
    with database.together():
        assert database.engine.pool.checkedout() == 0


def test_when_the_connection_ends_all_is_lost_and_nobody_begins_anew(database):
    with database.together() as work:
        with database.transaction() as session:
            write(session, "a")
            process = own(session)
        assert ask(database, "SELECT pg_terminate_backend(%s)", process) == (True,)
        for name in "bc":
            with pytest.raises(Unavailable):
                do(database, name)
        assert work.is_lost
    assert work.is_lost
    assert not work.is_unknown
    assert stored(database) == []
    do(database, "d")
    assert stored(database) == ["d"]


def test_when_it_ends_in_the_first_part_nothing_is_lost(database):
    def end():
        with database.transaction() as session:
            ask(database, "SELECT pg_terminate_backend(%s)", own(session))
            write(session, "a")

    with database.together() as work:
        with pytest.raises(Unavailable):
            end()
        assert not work.is_lost
        do(database, "b")
    assert not work.is_lost
    assert stored(database) == ["b"]


def test_when_it_ends_during_the_commit_nobody_knows(database):
    let_connections_end(database)
    with database.together() as work:
        do(database, "a")
        do(database, "ends")
    assert work.is_unknown
    assert not work.is_lost
    do(database, "b")
    assert stored(database) == ["b"]


def test_who_would_hold_up_others_by_waiting_is_sent_away(database):
    def part(name):
        with database.transaction() as session:
            take_turns(session, "a key")
            write(session, name)

    other = Database(database.url.render_as_string(hide_password=False), lock_timeout=1)
    with other.transaction() as session:
        take_turns(session, "a key")
        with database.together() as work:
            do(database, "a")
            with pytest.raises(MustBeAlone):
                part("b")
            assert work.sent_away
            do(database, "c")
    other.close()
    assert not work.is_lost
    assert stored(database) == ["a", "c"]
    with database.together() as work:
        part("d")
        part("e")
    assert not work.sent_away
    assert stored(database) == ["a", "c", "d", "e"]


def test_who_is_first_waits_for_its_turn(database):
    other = Database(database.url.render_as_string(hide_password=False), lock_timeout=1)
    with other.transaction() as session:
        take_turns(session, "a key")
        with (
            database.together() as work,
            pytest.raises(Unavailable) as refused,
            database.transaction() as mine,
        ):
            take_turns(mine, "a key")
    other.close()
    assert not isinstance(refused.value, MustBeAlone)
    assert not work.sent_away


@pytest.mark.parametrize("ends", [False, True])
def test_who_listens_is_told_once_all_is_stored(database, ends):
    let_connections_end(database)
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        with database.together():
            for topic in (7, 8):
                with database.transaction() as session:
                    write(session, "ends" if ends else "a")
                    announce(session, topic)
            assert list(listener.notifies(timeout=0.3)) == []
        told = {notice.payload for notice in listener.notifies(timeout=1, stop_after=2)}
    assert told == {"7", "8"}
