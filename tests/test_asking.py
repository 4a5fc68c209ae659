"""Connections for questions on SQLite, which are not the pool's."""

import sqlite3

import pytest
from databases import folder
from sqlalchemy import select, text

from todo_api.asking import Asker
from todo_api.database import Database
from todo_api.question import Question

ONE = Question(select(text("1")))


@pytest.fixture
def file():
    with folder() as where:
        database = Database(f"sqlite:///{where}/todo.db", lock_timeout=1)
        yield database
        database.close()


def test_the_connection_that_was_used_last_is_taken_next(file):
    first, second = file.place().pooled, file.place().pooled
    assert first.driver_connection is not second.driver_connection
    second.close()
    first.close()
    assert (file.place().pooled, file.place().pooled) == (first, second)


def test_it_is_none_of_the_pools_and_set_up_as_they_are(file):
    asker = file.place().pooled
    assert isinstance(asker, Asker)
    assert file.engine.pool.checkedout() == 0
    assert asker.driver_connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert asker.driver_connection.isolation_level is None


def is_open(asker):
    try:
        return bool(asker.driver_connection.execute("SELECT 1").fetchone())
    except sqlite3.ProgrammingError:
        return False


def test_what_was_begun_is_rolled_back(file):
    asker = file.place().pooled
    asker.driver_connection.execute("CREATE TABLE kept (id INTEGER)")
    asker.driver_connection.execute("BEGIN IMMEDIATE")
    asker.driver_connection.execute("INSERT INTO kept VALUES (1)")
    asker.close()
    assert file.place().pooled is asker
    with file.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM kept")) == 0


def test_one_that_cannot_roll_back_is_never_taken_again(file):
    asker = file.place().pooled
    asker.driver_connection.close()
    asker.close()
    assert file.place().pooled is not asker


def test_one_that_has_ended_is_never_taken_again(file):
    asker = file.place().pooled
    asker.invalidate(sqlite3.Error())
    asker.close()
    assert not is_open(asker)
    assert file.place().pooled is not asker


def test_a_question_leaves_nothing_behind_that_holds_up_others(file):
    assert ONE.put(file) == (1,)
    asker = file.place().pooled
    assert not asker.driver_connection.in_transaction
    asker.close()
    with file.transaction() as session:
        session.execute(text("CREATE TABLE fresh (id INTEGER)"))
    fresh = Question(select(text("count(*) FROM fresh")))
    assert fresh.put(file) == (0,)
    with file.transaction() as session:
        session.execute(text("INSERT INTO fresh VALUES (1)"))
    assert fresh.put(file) == (1,)


@pytest.mark.parametrize("ended", [Database.close, Database.settle])
def test_none_stays_open_once_the_database_is_closed_or_left_in_order(file, ended):
    askers = [file.place().pooled for _ in range(3)]
    for asker in askers:
        asker.close()
    ended(file)
    assert not any(map(is_open, askers))
    assert ONE.put(file) == (1,)
