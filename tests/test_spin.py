"""Spinning: who waits for an answer that is near finds it without having slept."""

import socket
import threading
import time
from contextlib import closing

import pytest

from todo_api import spin
from todo_api.database import Database
from todo_api.spin import MOST_LEFT_OUT, Spin


@pytest.fixture
def ends():
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def test_what_is_there_is_found(ends):
    near, far = ends
    far.send(b"1")
    assert Spin(near.fileno()).is_readable()


def test_so_is_what_comes_soon(ends, monkeypatch):
    monkeypatch.setattr(spin, "LONGEST", 10)
    near, far = ends
    timer = threading.Timer(0.05, far.send, [b"1"])
    timer.start()
    assert Spin(near.fileno()).is_readable()
    timer.join()


def test_what_does_not_come_is_not_waited_for(ends):
    since = time.monotonic()
    assert not Spin(ends[0].fileno()).is_readable()
    assert time.monotonic() >= since + spin.LONGEST


def left_out(spinning, far, near):
    """Return how many times something was there before it was found, which is taken away then."""
    far.send(b"1")
    for count in range(1_000):
        if spinning.is_readable():
            near.recv(1)
            return count
    return None


def test_the_more_often_it_was_in_vain_the_more_often_it_is_left_out(ends):
    near, far = ends
    spinning = Spin(near.fileno())
    assert left_out(spinning, far, near) == 0
    for times in (1, 3, 7):
        assert not spinning.is_readable()
        for _ in range(times):
            far.send(b"1")
            assert not spinning.is_readable()
            near.recv(1)
    assert not spinning.is_readable()
    assert left_out(spinning, far, near) == 15
    assert not spinning.is_readable()
    assert left_out(spinning, far, near) == 1


def test_but_not_for_ever(ends, monkeypatch):
    monkeypatch.setattr(spin, "LONGEST", 0)
    near, far = ends
    spinning = Spin(near.fileno())
    # Without an end it would be tried at the last of these, and be left out as often again.
    for _ in range(1_023):
        assert not spinning.is_readable()
    assert left_out(spinning, far, near) <= MOST_LEFT_OUT


def test_it_can_be_left_out_which_changes_nothing_for_afterwards(ends):
    near, far = ends
    spinning = Spin(near.fileno())
    far.send(b"1")
    with spinning.left_out():
        assert not spinning.is_readable()
    assert spinning.is_readable()
    near.recv(1)
    assert not spinning.is_readable()
    with spinning.left_out():
        for _ in range(3):
            assert not spinning.is_readable()
    assert left_out(spinning, far, near) == 1


@pytest.fixture
def spun(monkeypatch):
    """A list of whether each time that somebody has spun was worth it."""

    def spied(self):
        spun.append(is_readable(self))
        return spun[-1]

    is_readable, spun = Spin.is_readable, []
    monkeypatch.setattr(Spin, "is_readable", spied)
    monkeypatch.setattr(spin, "LONGEST", 10)
    return spun


def test_the_answers_of_postgresql_are_spun_for_but_for_a_commit(postgres_databases, spun):
    with closing(Database(postgres_databases.migrated())) as database:
        with database.reading() as session:
            session.connection().exec_driver_sql("SELECT pg_sleep(0.01)")
        assert spun
        assert all(spun)
        with database.transaction() as session:
            session.connection().exec_driver_sql("SELECT 1")
            del spun[:]
        assert spun == [False]
