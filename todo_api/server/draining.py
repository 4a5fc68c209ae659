"""Draining: how a worker process ends. What is being answered is finished, nothing waits for long.

A client that does not read, or does not send what it has begun to send, would otherwise keep the
process until it is killed.
"""

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

SECONDS_FOR_BODIES = 3.0
"""Seconds for which bodies that have begun to come are waited for."""

SECONDS_FOR_REQUESTS = 8.0
"""Seconds that requests have to be answered, after which a large import is cut off: the database
rolls it back."""

SECONDS_FOR_CLIENTS = 3.0
"""Seconds that clients have to read their answers once the last one is there."""

SECONDS_IN_ALL = 9.5
"""Seconds after which a process ends, whatever still goes on in it."""

SECONDS_FOR_LINES = 1.0
"""Seconds that the last lines of the log may take, which perhaps nobody reads."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Draining:
    """Knows what a process has to finish, and ends it in time once it is told to stop.

    `stop_streams` is called first, in a thread.
    """

    def __init__(self, stop_streams: Callable[[], object]) -> None:
        self._stop_streams = stop_streams
        self._requests = 0
        self._bodies = set[asyncio.Task[Any]]()
        self._has_begun = False

    @contextmanager
    def request(self) -> Iterator[None]:
        """Be a request that has to be answered before the process ends."""
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    @contextmanager
    def waiting_for_a_body(self) -> Iterator[None]:
        """Be a wait that is given up soon; raises TimeoutError then."""
        task = asyncio.current_task()
        assert task
        self._bodies.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self._has_begun:
                task.uncancel()
                raise TimeoutError from None
            raise
        finally:
            self._bodies.discard(task)

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to drain at a signal."""
        self._sockets = _call_at_a_signal(loop, self._begin)

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            # Where the system allows no further thread the streams are cut at the end.
            with suppress(RuntimeError):
                threading.Thread(target=self._stop_streams, name="stop", daemon=True).start()
            # The loop may end before long work in a thread does, and would wait for that.
            with suppress(RuntimeError):
                end = threading.Timer(SECONDS_IN_ALL, _end_process)
                end.daemon = True
                end.start()
            self._end = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while self._requests and loop.time() < begun + SECONDS_FOR_REQUESTS:
            await asyncio.sleep(0.05)
            if loop.time() > begun + SECONDS_FOR_BODIES:
                for task in list(self._bodies):
                    task.cancel()
        if not self._requests:
            await asyncio.sleep(SECONDS_FOR_CLIENTS)
        # Granian waits until all connections have ended, and these never would.
        _end_process()


def _end_process() -> None:
    """End the process once the last lines of its log are written, whatever else goes on in it."""
    flushing = threading.Thread(target=logging.shutdown, name="last lines", daemon=True)
    flushing.start()
    flushing.join(SECONDS_FOR_LINES)
    os._exit(0)


def _call_at_a_signal(
    loop: asyncio.AbstractEventLoop, act: Callable[[], None]
) -> tuple[socket.socket, socket.socket]:
    """Call `act` on the loop when the process is told to end, beside what granian does then.

    Python writes the number of each signal to one file descriptor, which the loop has; so it goes
    through ours first. Returns what has to live as long as the loop.
    """
    theirs, ours = socket.socketpair()
    for end in (theirs, ours):
        end.setblocking(False)
    former = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)

    def forward() -> None:
        numbers = theirs.recv(4096)
        if former >= 0:
            with suppress(OSError):
                os.write(former, numbers)
        if any(number in numbers for number in SIGNALS):
            act()

    loop.add_reader(theirs, forward)
    return theirs, ours
