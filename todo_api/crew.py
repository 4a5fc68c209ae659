"""The crew: granian's threads, of which a few at a time take requests.

Each thread that wants the interpreter's lock costs those that have it: where granian had as many
take requests as it liked, sixteen clients got a quarter fewer sums than from four. But one that
waits has to be made up for, and granian drops a body when the call returns that was given it. So
there are as many as may have to wait for one, and most of them rest.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

TAKING = 4
"""How many take requests: up to one is in each of the two lanes in which nobody waits, one reads a
body, and there is one more."""


class Crew:
    """Threads, which are known once they come by; none of them ever ends."""

    def __init__(self) -> None:
        self._taking = 0
        self._resting = list[threading.Lock]()
        self._changing = threading.Lock()
        self._own = threading.local()

    def join(self) -> None:
        """Be one of those who take requests; who is one already may say it again."""
        if not hasattr(self._own, "bed"):
            self._own.bed = threading.Lock()
            self._own.bed.acquire()
            with self._changing:
                self._taking += 1

    def rest(self) -> None:
        """Wait until this thread is needed, if there are enough others that take requests."""
        if self._taking <= TAKING:
            return
        bed: threading.Lock = self._own.bed
        with self._changing:
            if self._taking <= TAKING:
                return
            self._taking -= 1
            self._resting.append(bed)
        bed.acquire()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let another thread take requests, while this one does what may make it wait."""
        with self._changing:
            self._taking -= 1
            if self._taking < TAKING and self._resting:
                self._taking += 1
                # The one that rested last has most of what it needs at hand.
                self._resting.pop().release()
        try:
            yield
        finally:
            with self._changing:
                self._taking += 1
