"""Running reads: each has a time limit, and can be cancelled once nobody wants its answer."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.1
_PAUSES_UNTIL_IDLE = 10
_SECONDS_TO_CANCEL = 2.0


class _Read:
    """One read: its connection, and when it has to end, in time.monotonic()."""

    def __init__(self, driver: Any, ends: float) -> None:
        self.driver = driver
        self.ends = ends
        self.is_over = False
        self.changing = threading.Lock()

    def cancel(self) -> None:
        """End what the database does for it; its thread gets an error of the driver's."""
        with self.changing, suppress(psycopg.Error):
            if self.is_over:
                return
            if isinstance(self.driver, psycopg.Connection):
                self.driver.cancel_safe(timeout=_SECONDS_TO_CANCEL)
            else:
                self.driver.interrupt()


class RunningReads:
    """The reads of one process.

    A thread of their own ends those whose time is over. It is there as long as there are reads that
    it has to look after; PostgreSQL has a limit of its own.
    """

    def __init__(self) -> None:
        self._reads = dict[object, _Read]()
        self._changing = threading.Lock()
        self._watch: threading.Thread | None = None
        self._own = threading.local()

    @contextmanager
    def cancellable(self, key: object) -> Iterator[None]:
        """Let what this thread reads meanwhile be cancelled under `key`."""
        self._own.key = key
        try:
            yield
        finally:
            self._own.key = None

    @contextmanager
    def limit(self, driver: Any, seconds: float, *, watched: bool) -> Iterator[None]:
        """Let what is read on a connection meanwhile be cancelled, at last in so many seconds.

        A read that is not `watched` ends in time by itself.
        """
        read = _Read(driver, time.monotonic() + seconds)
        key = getattr(self._own, "key", None) or read
        self._reads[key] = read
        if watched and self._watch is None:
            self._start_watch()
        try:
            yield
        finally:
            with read.changing:
                read.is_over = True
            self._reads.pop(key, None)

    def cancel(self, key: object) -> None:
        """Cancel what is being read under `key`, if anything is."""
        if read := self._reads.get(key):
            read.cancel()

    def _start_watch(self) -> None:
        with self._changing:
            if self._watch is None:
                thread = threading.Thread(
                    target=self._cancel_late_ones, name="time limits", daemon=True
                )
                # Where the system allows no further thread the next read tries again.
                with suppress(RuntimeError):
                    thread.start()
                    self._watch = thread

    def _cancel_late_ones(self) -> None:
        idle = 0
        while True:
            time.sleep(_LOOK_EVERY)
            now = time.monotonic()
            for read in list(self._reads.values()):
                if now > read.ends:
                    self._end(read)
            idle = 0 if self._reads else idle + 1
            with self._changing:
                if idle > _PAUSES_UNTIL_IDLE and not self._reads:
                    self._watch = None
                    return

    def _end(self, read: _Read) -> None:
        """Cancel a read; without the thread that does so no other one would end in time."""
        try:
            read.cancel()
        except Exception:
            log.exception("A read could not be ended")
