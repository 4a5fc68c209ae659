"""A read ends at its time limit, and once nobody wants its answer any more."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text

from todo_api.database import Database
from todo_api.errors import TooSlow

FOREVER = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


@pytest.fixture
def limited(databases):
    with closing(Database(databases.migrated(), statement_timeout=1)) as database:
        yield database


def read_forever(database, **options):
    with database.reading(**options) as session:
        session.execute(text(FOREVER[database.engine.dialect.name]))


def test_a_read_that_takes_too_long_is_ended_and_the_next_one_goes_on(limited):
    begun = time.monotonic()
    with pytest.raises(TooSlow):
        read_forever(limited)
    assert 0.9 < time.monotonic() - begun < 10
    with limited.reading() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_read_that_is_cancelled_is_ended_and_others_go_on(database):
    key, begun = object(), threading.Event()

    def read():
        with database.cancellable(key):
            begun.set()
            read_forever(database)

    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read)
        assert begun.wait(10)
        time.sleep(0.3)
        database.cancel(object())
        with database.reading() as session:
            assert session.scalar(text("SELECT 1")) == 1
        assert not reading.done()
        database.cancel(key)
        with pytest.raises(TooSlow):
            reading.result(10)
        database.cancel(key)
        with database.reading() as session:
            assert session.scalar(text("SELECT 1")) == 1


def test_a_long_read_may_take_longer(limited):
    with limited.reading(long=True) as session:
        if limited.is_sqlite:
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                session.execute(text("SELECT count(*) FROM sqlite_master"))
        else:
            session.execute(text("SELECT pg_sleep(1.5)"))


def test_without_a_limit_a_read_takes_as_long_as_it_needs(database):
    with database.reading() as session:
        if not database.is_sqlite:
            assert session.scalar(text("SHOW statement_timeout")) == "0"
