"""Writes that one thread does for many, and what becomes of all of them, on either database."""

from contextlib import suppress

import pytest
from messages import do, let_commits_fail, spoil, stored
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from todo_api.database import Database


@pytest.fixture
def database(databases):
    database = Database(databases.migrated(), lock_timeout=1)
    yield database
    database.close()


def test_what_is_done_together_is_stored_at_the_end(database):
    with database.together() as work:
        for name in "abc":
            do(database, name)
            assert stored(database) == []
    assert stored(database) == ["a", "b", "c"]
    assert not work.is_lost
    assert not work.is_unknown


@pytest.mark.parametrize("options", [{"error": LookupError()}, {"dry": True}])
@pytest.mark.parametrize("place", range(3))
def test_who_fails_takes_back_no_more_than_what_is_its_own(database, place, options):
    with database.together() as work:
        for number, name in enumerate("abc"):
            with suppress(LookupError):
                do(database, name, **(options if number == place else {}))
    assert not work.is_lost
    assert stored(database) == [name for number, name in enumerate("abc") if number != place]


def test_where_all_fail_nothing_is_lost(database):
    with database.together() as work:
        for name in "ab":
            with suppress(LookupError):
                do(database, name, LookupError())
    assert not work.is_lost
    assert stored(database) == []


def test_a_commit_that_fails_is_told(database):
    let_commits_fail(database)
    with database.together() as work:
        do(database, "a")
        with database.transaction() as session:
            spoil(session)
        assert not work.is_lost
    assert work.is_lost
    assert not work.is_unknown
    assert stored(database) == []
    do(database, "b")
    assert stored(database) == ["b"]


def test_a_statement_that_fails_is_the_failure_of_its_own_part(database):
    with database.together() as work:
        do(database, "a")
        with pytest.raises(IntegrityError), database.transaction() as session:
            session.execute(text("INSERT INTO message (id) VALUES (1)"))
        do(database, "b")
    assert not work.is_lost
    assert stored(database) == ["a", "b"]


def test_so_is_one_that_fails_first(database):
    with database.together() as work:
        with pytest.raises(IntegrityError), database.transaction() as session:
            session.execute(text("INSERT INTO message (id) VALUES (1)"))
        do(database, "a")
    assert not work.is_lost
    assert stored(database) == ["a"]


def test_what_is_written_by_rows_alone_is_a_part_like_any_other(database):
    with database.together() as work:
        for name in "ab":
            with database.transaction() as session:
                session.place.put(
                    f"INSERT INTO message (text, created_date) VALUES ('{name}', '2026-11-21')",
                    (),
                    lambda _: None,
                )
    assert not work.is_lost
    assert stored(database) == ["a", "b"]


def test_afterwards_each_has_its_own_commit_again(database):
    with database.together():
        do(database, "a")
    do(database, "b")
    assert stored(database) == ["a", "b"]
