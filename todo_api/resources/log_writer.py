"""Lines of a log gathered, and written together by a thread of their own.

To write each line by itself would cost a request a system call, and the interpreter's lock, for
which others wait by then.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.util import Finalize
from typing import TextIO

EVERY = 0.05
"""Seconds between two times that lines are written, at most; a process that is killed loses what
it had to say since."""

WHOLE = 4_096
"""Bytes that Linux writes to a pipe in one piece (PIPE_BUF)."""


class LogWriter(logging.Handler):
    """Writes the messages of records, which are ASCII and without a line feed, to `stream`.

    What is written at once are whole lines, so that those of several processes do not mix; each has
    a writer of its own.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines = deque[str]()
        self._there_are = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Gather the line of a record. There is no lock to wait for."""
        self._lines.append(record.getMessage())
        if not self._there_are.is_set():
            if self._thread is None:
                self._start()
            self._there_are.set()
        return True

    def flush(self) -> None:
        """Write what there is."""
        with self._writing:
            for piece in _pieces(self._taken()):
                self._stream.write(piece)
                self._stream.flush()

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
            self.flush()
            rest.wait(EVERY)

    def _taken(self) -> Iterator[str]:
        while self._lines:
            yield self._lines.popleft()


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
