"""Lines of a log gathered, and written together by a thread of their own.

To write each line by itself would cost a request a system call, and the interpreter's lock, for
which others wait by then. Where nothing can be written, since the reader of standard output has
gone or the disk is full, the newest lines are kept, up to a bound: they tell of the outage.
"""

import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import UnsupportedOperation
from multiprocessing.util import Finalize
from typing import TextIO

log = logging.getLogger(__name__)

EVERY = 0.05
"""Seconds between two times that lines are written, at most; a process that is killed loses what
it had to say since."""

WHOLE = 4_096
"""Bytes that Linux writes to a pipe in one piece (PIPE_BUF)."""

MOST_LINES = 10_000
"""Lines that wait to be written; of more, the oldest are dropped."""

RETRY_AFTER = 1.0
"""Seconds after which writing is tried again that has failed."""

SECONDS_TO_END = 1.0
"""Seconds for which a process that ends waits for a reader of its last lines."""

_listeners = list[Callable[[int], object]]()


def call_on_drop(listener: Callable[[int], object]) -> None:
    """Let `listener` be called with the number of lines whenever some are dropped."""
    _listeners.append(listener)


class LogWriter(logging.Handler):
    """Writes the messages of records, which are ASCII and without a line feed, to `stream`.

    What is written at once are whole lines, so that those of several processes do not mix; each has
    a writer of its own. A failure is told once on standard error, by the root logger, and so is its
    end, with the number of lines that were dropped meanwhile.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines = deque[str]()
        self._begun = b""
        """The rest of a piece of which a part was written."""
        self._there_are = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._dropped = 0
        self._has_failed = False

    def handle(self, record: logging.LogRecord) -> bool:
        """Gather the line of a record. There is no lock to wait for."""
        self._lines.append(record.getMessage())
        if len(self._lines) > MOST_LINES:
            self._drop_oldest()
        if not self._there_are.is_set():
            if self._thread is None:
                self._start()
            self._there_are.set()
        return True

    def flush(self) -> None:
        """Write what there is, as far as somebody reads it soon."""
        if self._writing.acquire(timeout=SECONDS_TO_END):
            try:
                with suppress(OSError):
                    self._write_all(time.monotonic() + SECONDS_TO_END)
            finally:
                self._writing.release()

    def _start(self) -> None:
        """Let a thread write from now on; in a parent process there is nothing to be written."""
        self._thread = threading.Thread(target=self._write_on, name="access log", daemon=True)
        self._thread.start()
        # The processes that granian starts end without what `atexit` knows of.
        Finalize(None, self.flush, exitpriority=1)

    def _write_on(self) -> None:
        rest = threading.Event()
        while True:
            self._there_are.wait()
            self._there_are.clear()
            try:
                with self._writing:
                    self._write_all(time.monotonic() + RETRY_AFTER)
            except Exception as error:  # noqa: BLE001 - Whatever it is, the next line is to be tried.
                self._fail(error)
                rest.wait(RETRY_AFTER)
            else:
                self._recover()
                rest.wait(EVERY)

    def _write_all(self, until: float) -> None:
        """Write all lines; raise OSError if that fails, or nobody reads them until then."""
        if self._begun:
            self._write(b"", until)
        for piece in _pieces(self._taken()):
            self._write(piece.encode("ascii", "backslashreplace"), until)

    def _write(self, piece: bytes, until: float) -> None:
        self._begun += piece
        try:
            descriptor = self._stream.fileno()
        except (UnsupportedOperation, AttributeError):
            self._stream.write(self._begun.decode())
            self._stream.flush()
            self._begun = b""
            return
        while self._begun:
            _wait_until_writable(descriptor, until)
            self._begun = self._begun[os.write(descriptor, self._begun) :]

    def _taken(self) -> Iterator[str]:
        while self._lines:
            yield self._lines.popleft()

    def _drop_oldest(self) -> None:
        with suppress(IndexError):
            self._lines.popleft()
            self._dropped += 1
            for listener in _listeners:
                listener(1)

    def _fail(self, error: Exception) -> None:
        self._there_are.set()
        if not self._has_failed:
            self._has_failed = True
            log.error("The access log cannot be written: %s", error)

    def _recover(self) -> None:
        if self._has_failed:
            self._has_failed = False
            dropped, self._dropped = self._dropped, 0
            log.warning("The access log is written again; %d lines were dropped", dropped)


def _wait_until_writable(descriptor: int, until: float) -> None:
    """Wait until a piece can be written at once; raise BlockingIOError if it never can be."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    if not poll.poll(1000 * max(0.0, until - time.monotonic())):
        raise BlockingIOError("Nobody reads standard output.")


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    """Yield `lines` in pieces of up to WHOLE bytes; one that is longer by itself."""
    piece = ""
    for line in lines:
        if piece and len(piece) + len(line) >= WHOLE:
            yield piece
            piece = ""
        piece += line + "\n"
    if piece:
        yield piece
