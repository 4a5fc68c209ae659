"""Whether whoever takes requests sits out a wait, or is away meanwhile."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from todo_api import staying
from todo_api.crew import STUCK
from todo_api.staying import ALONE, WARY, AwayFromMany, Trust


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves on, in seconds."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(staying, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def wait(trust, clock, seconds):
    with trust.put():
        clock.now += seconds


def test_there_is_trust_as_long_as_waits_are_short(clock):
    trust = Trust()
    assert trust
    wait(trust, clock, STUCK * 0.9)
    assert trust


def test_after_a_long_one_there_is_none_for_a_while(clock):
    trust = Trust()
    wait(trust, clock, STUCK * 1.1)
    assert not trust
    clock.now += WARY - STUCK * 1.2
    assert not trust
    clock.now += STUCK * 0.2
    assert trust


def test_so_it_is_after_a_long_one_that_fails(clock):
    trust = Trust()

    def fail():
        with trust.put():
            clock.now += STUCK * 1.1
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not trust


class Writing:
    """Writes, each of which is done with or without being away."""

    def __init__(self, clock):
        self.clock = clock
        self.gone = 0
        self.away_from_many = AwayFromMany(self.away)

    @contextmanager
    def away(self):
        self.gone += 1
        yield

    def is_away(self, *, after, lasting=0.001):
        """Return whether that is so for a write that comes so long after the end of the last."""
        before = self.gone
        self.clock.now += after
        with self.away_from_many():
            self.clock.now += lasting
        return self.gone > before


@pytest.fixture
def writing(clock):
    return Writing(clock)


def test_who_writes_alone_stays(writing):
    assert not writing.is_away(after=0)
    assert not writing.is_away(after=ALONE * 1.1)


def test_who_writes_soon_after_another_one_is_away(writing):
    assert not writing.is_away(after=0)
    assert writing.is_away(after=ALONE * 0.9)
    assert writing.is_away(after=ALONE * 0.9, lasting=ALONE * 2)
    assert writing.is_away(after=ALONE * 0.9)
    assert not writing.is_away(after=ALONE * 1.1)


def test_once_writing_took_long_who_writes_is_away_for_a_while(writing):
    assert not writing.is_away(after=0, lasting=STUCK * 1.1)
    assert writing.is_away(after=WARY * 0.9)
    assert not writing.is_away(after=WARY * 0.2)


def test_who_is_away_may_take_long(writing):
    assert not writing.is_away(after=0)
    assert writing.is_away(after=ALONE * 0.9, lasting=STUCK * 2)
    assert not writing.is_away(after=ALONE * 1.1)
