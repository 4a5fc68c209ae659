"""The crew: of all threads a few take requests, and the others rest until they are needed."""

import queue
import threading
import time

import pytest

from todo_api.crew import TAKING, Crew

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
            self.crew.join()
            request()
            self.crew.rest()
            self.is_there.set()

    def take(self, request=lambda: None):
        """Let it take a request."""
        self.is_there.clear()
        self.requests.put(request)

    def comes_back(self):
        """Return whether it is there for another request."""
        return self.is_there.wait(SOON)

    def stays_away(self):
        return not self.is_there.wait(BRIEF)


class Slow:
    """A request for which a thread has to be away until it is let go on."""

    def __init__(self, crew):
        self.crew = crew
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self):
        with self.crew.away():
            self.begun.set()
            assert self.go_on.wait(SOON)


@pytest.fixture
def crew():
    return Crew()


@pytest.fixture
def hands(crew):
    """More threads than take requests, each of which has taken one."""
    hands = [Hand(crew) for _ in range(TAKING + 2)]
    for hand in hands:
        hand.start()
        hand.take()
        assert hand.stays_away() if hand in hands[TAKING:] else hand.comes_back()
    return hands


def are_there(hands, count):
    """Wait until so many are there; return who is, a moment later."""
    until = time.monotonic() + SOON
    while sum(hand.is_there.is_set() for hand in hands) != count and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(BRIEF)
    return [hand.is_there.is_set() for hand in hands]


def test_a_few_take_requests_and_the_others_rest(hands):
    for hand in hands[:TAKING]:
        hand.take()
        assert hand.comes_back()
    assert are_there(hands, TAKING) == TAKING * [True] + [False, False]


def test_who_is_away_is_made_up_for_by_who_rested_last_and_rests_then(crew, hands):
    slow = Slow(crew)
    hands[0].take(slow)
    assert hands[-1].comes_back()
    now = [False, *(TAKING - 1) * [True], False, True]
    assert are_there(hands, TAKING) == now
    slow.go_on.set()
    assert are_there(hands, TAKING) == now
    slow = Slow(crew)
    hands[1].take(slow)
    assert hands[0].comes_back()
    slow.go_on.set()
    assert are_there(hands, TAKING) == [True, False, *now[2:]]


def test_as_many_take_requests_however_many_are_away(crew, hands):
    slow = [Slow(crew) for _ in range(TAKING)]
    for hand, request in zip(hands, slow, strict=False):
        hand.take(request)
        assert request.begun.wait(SOON)
    # There are no more than two others, until another one comes.
    assert are_there(hands, 2) == [*TAKING * [False], True, True]
    late = Hand(crew)
    late.start()
    late.take()
    assert late.comes_back()
    for request in slow:
        request.go_on.set()
    assert sum(are_there([*hands, late], TAKING)) == TAKING


def test_who_fails_while_it_is_away_is_back(crew, hands):
    def fail():
        with pytest.raises(KeyError), crew.away():
            raise KeyError

    hands[0].take(fail)
    assert hands[-1].comes_back()
    assert sum(are_there(hands, TAKING)) == TAKING
