"""Logins at a steady pace, beside what is measured."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from load import Ask
from visit import Visit, Wrong

A_SECOND = 10
KEPT = 0.8
"""How much of the pace must be kept: a login that takes longer makes those behind it wait."""


@contextmanager
def beside(visit: Visit, ask: Ask) -> Iterator[None]:
    """Log in as often as that all the while; raise Wrong if that failed, or fell behind."""
    over = threading.Event()
    begun = time.monotonic()

    def send() -> int:
        """Return how many were answered. Over one connection: what asks must not cost much."""
        answered = 0
        with visit.connected() as wire:
            while not over.wait(max(0.0, begun + answered / A_SECOND - time.monotonic())):
                visit.ask(ask, wire)
                answered += 1
        return answered

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        try:
            yield
        finally:
            seconds = time.monotonic() - begun
            over.set()
    answered = sending.result()
    if answered < seconds * A_SECOND * KEPT:
        raise Wrong(f"{answered} logins in {seconds:.1f} s")
