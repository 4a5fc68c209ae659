"""The pulse: whether PostgreSQL answers at all, asked only while somebody waits for it for long.

A server that is frozen keeps its sockets open, so nothing else would end the wait; and a time limit
on statements would cut off the slow ones, too, of a server that is well.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds for which a wait is nothing strange."""

_PAUSE = 0.25


class NoAnswer(psycopg.OperationalError):
    """The server does not answer, so there is no use in waiting for it."""


class Pulse:
    """What one process knows of its server.

    `ask` asks the server for anything at all and raises psycopg.Error when it gets no answer. The
    server counts as away from when it has been silent for `seconds` until it answers again. The
    thread that asks is there only in between.
    """

    def __init__(self, ask: Callable[[], object], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._lock = threading.Lock()
        self._silent_since: float | None = None
        self._answered = 0.0

    @property
    def away(self) -> bool:
        """Whether the server does not answer at all."""
        since = self._silent_since
        return since is not None and time.monotonic() - since > self._seconds

    def bear(self, since: float, *, at_most: float = math.inf) -> None:
        """Go on with a wait that began at `since`, in time.monotonic(), or raise NoAnswer.

        That is when the server is away, or when the wait has lasted for `at_most` seconds.
        """
        now = time.monotonic()
        if self.away or now - since > at_most:
            raise NoAnswer("The server does not answer.")
        if now - max(since, self._answered) > PATIENCE:
            self._doubt()

    def _doubt(self) -> None:
        with self._lock:
            if self._silent_since is None:
                thread = threading.Thread(target=self._until_answered, name="pulse", daemon=True)
                # Where the system allows no further thread the next wait tries again.
                with suppress(RuntimeError):
                    thread.start()
                    self._silent_since = time.monotonic()

    def _until_answered(self) -> None:
        has_failed = False
        while True:
            try:
                if self._answers():
                    break
            except Exception:
                # Without this thread the server would count as away for good.
                if not has_failed:
                    log.exception("To ask the server has failed")
                has_failed = True
            time.sleep(_PAUSE)
        with self._lock:
            self._silent_since = None
            self._answered = time.monotonic()

    def _answers(self) -> bool:
        try:
            self._ask()
        except (NoAnswer, psycopg.errors.ConnectionTimeout):
            return False
        except psycopg.Error:
            # A refusal is an answer: whoever connects gets it at once, too.
            return True
        return True
