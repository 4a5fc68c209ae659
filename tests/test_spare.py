"""The connection to PostgreSQL that is at hand for who comes next."""

import threading

import pytest
from sqlalchemy import event, select, text

from todo_api.database import Database
from todo_api.errors import Unavailable
from todo_api.question import Question

ONE = Question(select(text("1")))


@pytest.fixture
def database(postgres_databases):
    database = Database(postgres_databases.migrated(), lock_timeout=1, pool_size=3)
    yield database
    database.close()


def heard(database, *names):
    told = []
    for name in names:
        event.listen(database.engine, name, lambda *_, name=name: told.append(name))
    return told


def drivers(database, many):
    """Return the connections that so many have at a time."""
    places = [database.place() for _ in range(many)]
    for place in places:
        place.pooled.close()
    return [place.driver for place in places]


def test_who_comes_next_has_the_connection_that_was_used_last(database):
    (first,) = drivers(database, 1)
    assert drivers(database, 1) == [first]
    assert database.engine.pool.checkedout() == 1


def test_there_is_one_at_most_and_no_more_in_all_than_the_pool_has(database):
    assert len(set(drivers(database, 3))) == 3
    assert database.engine.pool.checkedout() == 1
    places = [database.place() for _ in range(3)]
    with pytest.raises(Unavailable), database.reading():
        pass
    for place in places:
        place.pooled.close()


def test_what_somebody_may_wait_for_goes_to_the_pool(database):
    places = [database.place() for _ in range(3)]
    got = []
    waiting = threading.Thread(target=lambda: got.append(database.engine.raw_connection()))
    waiting.start()
    places[0].pooled.close()
    waiting.join()
    assert got[0].driver_connection is places[0].driver
    for each in (got[0], *(place.pooled for place in places[1:])):
        each.close()


def test_one_with_something_begun_goes_to_the_pool_which_rolls_it_back(database):
    place = database.place()
    place.driver.execute("BEGIN")
    place.pooled.close()
    assert database.engine.pool.checkedout() == 0
    assert place.driver.is_idle


def test_one_that_has_ended_is_noticed_before_it_is_used(database):
    (driver,) = drivers(database, 1)
    other = database.engine.raw_connection()
    other.driver_connection.execute(
        "SELECT pg_terminate_backend(%s, 1000)", [driver.pgconn.backend_pid]
    )
    assert ONE.put(database) == (1,)
    assert drivers(database, 1) != [driver]
    other.close()
    assert database.engine.pool.checkedout() == 1


def test_one_that_ends_while_it_is_used_is_not_kept(database):
    place = database.place()
    place.driver.close()
    place.pooled.close()
    assert database.engine.pool.checkedout() == 0
    assert ONE.put(database) == (1,)


def test_one_that_is_invalidated_is_not_kept(database):
    place = database.place()
    place.pooled.invalidate(ValueError())
    place.pooled.close()
    assert place.driver.closed
    assert database.engine.pool.checkedout() == 0


def test_who_listens_to_the_pool_hears_of_it_each_time(database):
    told = heard(database, "checkout", "checkin")
    for _ in range(3):
        drivers(database, 1)
    assert told == ["checkout", "checkin"] * 3


@pytest.mark.parametrize("ended", [Database.close, Database.settle])
def test_it_does_not_stay_open_once_the_database_is_closed_or_left_in_order(database, ended):
    (driver,) = drivers(database, 1)
    ended(database)
    assert database.engine.pool.checkedout() == 0
    assert driver.closed == (ended is Database.close)
    assert ONE.put(database) == (1,)


def test_the_driver_understands_a_question_once(database):
    place = database.place()
    cursor = place.driver.cursor_for("SELECT 1")
    assert place.driver.cursor_for("SELECT 1") is cursor
    for number in range(200):
        place.driver.cursor_for(f"SELECT {number + 2}")
    assert place.driver.cursor_for("SELECT 1") is not cursor
    place.pooled.close()


def test_a_question_that_failed_may_be_put_again(database):
    broken = Question(select(text("1 / :by").bindparams(by=0)))
    place = database.place()
    place.pooled.close()
    for _ in range(2):
        with pytest.raises(Exception, match="division by zero"):
            broken.put(database)
        assert ONE.put(database) == (1,)
    assert drivers(database, 1) == [place.driver]
