"""The crew: of all threads one takes requests, and the others rest until they are needed."""

import queue
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from todo_api.crew import Crew

SOON = 10
BRIEF = 0.2


class Hand(threading.Thread):
    """A thread of a crew, which takes one request after the other, as granian lets it."""

    def __init__(self, crew):
        super().__init__(daemon=True)
        self.crew = crew
        self.requests = queue.SimpleQueue()
        self.is_there = threading.Event()

    def run(self):
        while request := self.requests.get():
            self.is_there.clear()
            self.crew.start()
            request()
            self.crew.finish()
            self.is_there.set()

    def take(self, request=lambda: None):
        """Let it take a request."""
        self.is_there.clear()
        self.requests.put(request)

    def comes_back(self):
        """Return whether it is there for another request."""
        return self.is_there.wait(SOON)


class Slow:
    """A request that takes until it is let go on; whoever takes it is `away`, or should be."""

    def __init__(self, away):
        self.away = away
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self):
        with self.away():
            self.begun.set()
            assert self.go_on.wait(SOON)


@pytest.fixture
def crew():
    crew = Crew()
    crew.start_watch()
    return crew


@pytest.fixture
def hands(crew):
    """Four threads, each of which has taken a request."""
    hands = [Hand(crew) for _ in range(4)]
    for hand in hands:
        hand.start()
        hand.take()
        assert who_are_there(hands, 1) == [0]
    return hands


def who_are_there(hands, count):
    """Wait until so many are there; return which, a moment later."""
    until = time.monotonic() + SOON
    while sum(hand.is_there.is_set() for hand in hands) != count and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(BRIEF)
    return [number for number, hand in enumerate(hands) if hand.is_there.is_set()]


def test_one_takes_requests_and_the_others_rest(hands):
    for _ in range(3):
        hands[0].take()
        assert hands[0].comes_back()
    assert who_are_there(hands, 1) == [0]


def test_who_is_away_is_made_up_for_by_who_rested_last_and_rests_then(crew, hands):
    slow = Slow(crew.away)
    hands[0].take(slow)
    assert hands[3].comes_back()
    assert who_are_there(hands, 1) == [3]
    slow.go_on.set()
    assert who_are_there(hands, 1) == [3]
    slow = Slow(crew.away)
    hands[3].take(slow)
    assert hands[0].comes_back()
    slow.go_on.set()
    assert who_are_there(hands, 1) == [0]


def test_so_is_who_is_stuck_and_who_takes_requests_then_goes_on(hands, monkeypatch):
    stuck = Slow(nullcontext)
    hands[0].take(stuck)
    assert hands[3].comes_back()
    monkeypatch.setattr("todo_api.crew.STUCK", BRIEF)
    time.sleep(BRIEF)
    for _ in range(3):
        hands[3].take()
        assert hands[3].is_there.wait(BRIEF / 2)
    assert who_are_there(hands, 1) == [3]
    stuck.go_on.set()
    assert who_are_there(hands, 1) == [3]
    hands[3].take()
    assert hands[3].comes_back()


def test_one_takes_requests_however_many_cannot(crew, hands):
    slow = [Slow(crew.away), Slow(nullcontext), Slow(crew.away), Slow(nullcontext)]
    for number, request in zip((0, 3, 2, 1), slow, strict=True):
        assert who_are_there(hands, 1) == [number]
        hands[number].take(request)
        assert request.begun.wait(SOON)
    # There is nobody else, until another one comes.
    assert who_are_there(hands, 0) == []
    late = Hand(crew)
    late.start()
    late.take()
    assert late.comes_back()
    for request in slow:
        request.go_on.set()
    assert who_are_there([*hands, late], 1) == [4]


def test_who_fails_while_it_is_away_is_back(crew, hands):
    def fail():
        with pytest.raises(KeyError), crew.away():
            raise KeyError

    hands[0].take(fail)
    assert hands[3].comes_back()
    assert len(who_are_there(hands, 1)) == 1


def test_nobody_looks_after_them_while_there_is_nothing_to_do(crew, hands):
    def wakings():
        lines = Path(f"/proc/self/task/{watch.native_id}/status").read_text().splitlines()
        return next(line for line in lines if line.startswith("voluntary_ctxt_switches"))

    watch = [thread for thread in threading.enumerate() if thread.name == "crew"][-1]
    before = wakings()
    time.sleep(BRIEF)
    assert wakings() == before
    hands[0].take()
    assert hands[0].comes_back()
    time.sleep(BRIEF)
    assert wakings() != before
