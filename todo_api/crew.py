"""The crew: granian's threads, of which one takes requests for as long as it gets on.

Threads that want the interpreter's lock cost the one that has it, and a request that one of them
holds waits with it: where four took requests, sixteen clients got a quarter fewer answers than
from one, and one sum in a hundred took a tenth of a second. But a thread that waits, for a database
say, has to be made up for, and granian drops a body when the call returns that was given it. So
there are as many as may have to wait for one, and most of them rest.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STUCK = 0.005
"""Seconds after which somebody else takes requests as well, since who does so must be waiting."""

LOOKS = 0.025
"""Seconds from one look whether anybody is stuck to the next. Who looks is woken eight times until
it has the interpreter's lock: every 5 ms, that cost a list and a price 5 % of their throughput."""


class Crew:
    """Threads, which are known once they come by; none of them ever ends."""

    def __init__(self) -> None:
        self._taking = set[_Hand]()
        self._resting = list[_Hand]()
        self._changing = threading.Lock()
        self._own = threading.local()
        self._at_work = threading.Event()

    def start_watch(self) -> None:
        """Have a thread look whether who takes requests gets on; it sleeps while there are none."""
        threading.Thread(target=self._watch, name="crew", daemon=True).start()

    def start(self) -> None:
        """Be one of those who take requests, and be at work on one."""
        try:
            hand: _Hand = self._own.hand
        except AttributeError:
            hand = self._own.hand = _Hand()
            with self._changing:
                self._taking.add(hand)
        hand.begun = time.monotonic()
        if not self._at_work.is_set():
            self._at_work.set()

    def finish(self) -> None:
        """Have done, and rest until needed if there is another that takes requests and gets on."""
        hand: _Hand = self._own.hand
        hand.begun = math.inf
        if len(self._taking) == 1:
            return
        with self._changing:
            stuck_since = time.monotonic() - STUCK
            if all(each is hand or each.begun < stuck_since for each in self._taking):
                return
            self._taking.remove(hand)
            self._resting.append(hand)
        hand.bed.acquire()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let another thread take requests, while this one does what may make it wait."""
        hand: _Hand = self._own.hand
        with self._changing:
            self._taking.remove(hand)
            if not self._taking:
                self._call()
        try:
            yield
        finally:
            with self._changing:
                self._taking.add(hand)

    def _call(self) -> None:
        """Let one more take requests; if none rests, granian starts one for the next request."""
        if self._resting:
            # The one that rested last has most of what it needs at hand.
            hand = self._resting.pop()
            self._taking.add(hand)
            hand.bed.release()

    def _watch(self) -> None:
        while True:
            self._at_work.wait()
            self._at_work.clear()
            time.sleep(LOOKS)
            with self._changing:
                stuck_since = time.monotonic() - STUCK
                begun = [hand.begun for hand in self._taking]
                if begun and max(begun) < stuck_since:
                    self._call()
            if begun and min(begun) < math.inf:
                self._at_work.set()


class _Hand:
    """One of the threads: where it rests, and since when it has been at work on a request."""

    def __init__(self) -> None:
        self.bed = threading.Lock()
        self.bed.acquire()
        self.begun = math.inf
