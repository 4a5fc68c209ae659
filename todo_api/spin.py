"""Spinning: to look for an answer again and again, instead of sleeping until it is there.

A server that is near answers within 0.1 ms. To put a thread to sleep for that, and its core with
it, and to wake both, takes as long again; a near PostgreSQL tells 1.3 times as many prices to who
spins, for no more of the processor.
"""

import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 0.0002
"""Seconds after which an answer is not near."""

MOST_LEFT_OUT = 63
"""How many times in a row it is left out at most, where it is in vain each time."""


class Spin:
    """Looks for what comes in on a socket, unless it has turned out that this is in vain.

    Each time it is, in a row, it is left out twice as often as before.
    """

    def __init__(self, socket: int) -> None:
        self._poll = select.poll()
        self._poll.register(socket, select.POLLIN)
        self._left_out = 0
        self._to_leave_out = 0

    @contextmanager
    def left_out(self) -> Iterator[None]:
        """Do not spin meanwhile: it is known to be in vain, which says nothing of afterwards."""
        known, self._to_leave_out = self._to_leave_out, sys.maxsize
        try:
            yield
        finally:
            self._to_leave_out = known

    def is_readable(self) -> bool:
        """Wait for LONGEST at most; return whether there is something to read."""
        if self._to_leave_out:
            self._to_leave_out -= 1
            return False
        until = time.monotonic() + LONGEST
        while not self._poll.poll(0):
            if time.monotonic() > until:
                self._left_out = min(2 * self._left_out + 1, MOST_LEFT_OUT)
                self._to_leave_out = self._left_out
                return False
            # Who is to answer may be on this core.
            os.sched_yield()
        self._left_out = 0
        return True
