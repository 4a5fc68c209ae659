"""Places: how many requests of one kind are worked on at a time, and who gets the next one."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

WAITING = 64
"""Requests that wait for places of one kind; the next one is refused."""


class Places:
    """A number of places, taken in the order in which they were asked for."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: deque[threading.Lock] = deque()
        self._changing = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    def take(self, patience: float) -> bool:
        """Wait up to `patience` seconds for a place; return whether there was one."""
        with self._changing:
            if self._free:
                self._free -= 1
                return True
            if len(self._waiting) >= WAITING:
                return False
            turn = self._queue()
            self._waiting.append(turn)
        if turn.acquire(timeout=patience):
            return True
        with self._changing:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        return True

    def give_back(self) -> None:
        """Hand the place on to whoever waits the longest."""
        with self._changing:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Do without the place for a while, and go on before all who have not begun yet."""
        self.give_back()
        try:
            yield
        finally:
            with self._changing:
                turn = None
                if self._free:
                    self._free -= 1
                else:
                    turn = self._queue()
                    self._waiting.appendleft(turn)
            if turn:
                turn.acquire()

    @staticmethod
    def _queue() -> threading.Lock:
        turn = threading.Lock()
        turn.acquire()
        return turn
