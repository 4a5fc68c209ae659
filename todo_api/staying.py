"""Staying: short waits that whoever takes requests had better sit out.

While it is away another thread takes them, on another core, and each read then costs up to a sixth
more of the processor: one write cost reads 3 ms, though it was done within one. But a wait that
turns out long holds up all others. So there is trust, until it is disappointed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from todo_api.crew import STUCK

WARY = 1.0
"""Seconds without trust after a wait has been long."""

ALONE = 0.005
"""Seconds between two writes from which on they would not have shared a commit anyway."""


class Trust:
    """Whether waits of a kind are short, by the latest ones."""

    def __init__(self) -> None:
        self._lost_until = 0.0

    def __bool__(self) -> bool:
        """Tell whether the next one may be sat out."""
        return time.monotonic() >= self._lost_until

    @contextmanager
    def put(self) -> Iterator[None]:
        """Sit out what is done here; where that takes long there is no trust for a while."""
        begun = time.monotonic()
        try:
            yield
        finally:
            if time.monotonic() > begun + STUCK:
                self._lost_until = begun + WARY


class AwayFromMany:
    """Goes `away` for writes that come one upon the other, and sits out one that comes alone."""

    def __init__(self, away: Callable[[], AbstractContextManager[None]]) -> None:
        self._away = away
        self._trust = Trust()
        self._last = 0.0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Write meanwhile, by one thread at a time."""
        is_alone = time.monotonic() > self._last + ALONE
        with self._trust.put() if is_alone and self._trust else self._away():
            yield
        self._last = time.monotonic()
