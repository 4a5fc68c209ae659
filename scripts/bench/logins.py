"""Logins at a steady pace, beside what is measured."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from load import Ask
from visit import Answer, Visit, Wrong

A_SECOND = 10
THREADS = 8
"""More logins than that do not wait for an answer at once; the pace falls, and that is wrong."""
KEPT = 0.8
"""How much of the pace must be kept: the first ones are on their way when the time is over."""


@contextmanager
def beside(visit: Visit, ask: Ask) -> Iterator[None]:
    """Log in as often as that all the while; raise Wrong if that failed, or fell behind."""
    over = threading.Event()
    sent: list[Future[Answer]] = []
    begun = time.monotonic()

    def send(pool: ThreadPoolExecutor) -> None:
        while not over.wait(max(0.0, begun + len(sent) / A_SECOND - time.monotonic())):
            sent.append(pool.submit(visit.ask, ask))

    with ThreadPoolExecutor(THREADS) as pool:
        pacing = threading.Thread(target=send, args=(pool,))
        pacing.start()
        try:
            yield
        finally:
            answered = sum(each.done() for each in sent)
            seconds = time.monotonic() - begun
            over.set()
            pacing.join()
    for each in sent:
        each.result()
    if answered < seconds * A_SECOND * KEPT:
        raise Wrong(f"{answered} logins in {seconds:.1f} s")
