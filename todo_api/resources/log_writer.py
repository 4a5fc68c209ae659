"""A log handler that gathers lines and writes them from a thread of its own.

A request that wrote its own line would pay for a system call and then wait for the interpreter's
lock. It would also wait for the reader: a write to a full pipe blocks until somebody reads it.

The lines that are not written yet are bounded. Beyond the bound the oldest line is dropped: an
operator who repairs the log wants to see what happens now, and dropping the oldest leaves one gap,
right behind the last line that was written.
"""

import logging
import os
import select
import stat
import sys
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.util import Finalize
from typing import TextIO

EVERY = 0.05
"""Seconds between two writes, at least; a process that is killed loses the lines since."""

RETRY = 1.0
"""Seconds after a failed write until the next one."""

END = 0.4
"""Seconds that the last lines of a process may take. `logging.shutdown` waits twice as long for a
handler: to flush it and to close it."""

WHOLE = 4_096
"""Bytes that Linux writes to a pipe in one piece (PIPE_BUF)."""

LINES = 10_000
"""Lines that one writer keeps while they cannot be written."""

BYTES = 4 * 2**20
"""Bytes of these lines, at most."""

log = logging.getLogger(__name__)

_listeners = list[Callable[[int], object]]()


def call_on_drop(listener: Callable[[int], object]) -> None:
    """Call `listener` with a number of lines each time that a writer of this process drops them."""
    _listeners.append(listener)


def _count_dropped(lines: int) -> None:
    for listener in _listeners:
        listener(lines)


class LogWriter(logging.Handler):
    """Writes records to `stream` as lines of ASCII, each by the formatter or else the bare message.

    `stream` is None where the process was started without that output. Lines are written whole and
    in pieces of up to WHOLE bytes, so that those of several processes do not mix.

    An output that fails, or that nobody reads, never makes a caller wait and never raises. Each
    outage is logged once when it begins (at the first error or the first dropped line) and once
    when all waiting lines are written, with the number of lines that were dropped.
    """

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._output = stream.fileno() if stream else -1
        self._is_standard_error = stream is sys.stderr
        self._lines = deque[str]()
        self._size = 0
        self._piece = b""
        self._is_out = False
        self._dropped = 0
        self._has_given_up = False
        self._may_follow_half_a_line = False
        self._changing = threading.Lock()
        self._written = threading.Condition(self._changing)
        self._there_are = threading.Event()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Gather the line of a record. Nothing that the output does makes the caller wait."""
        try:
            line = self.format(record) if self.formatter else record.getMessage()
        except Exception:  # noqa: BLE001 - The caller only logs; `logging` says what to do then.
            self.handleError(record)
            return False
        with self._changing:
            self._lines.append(line)
            self._size += len(line) + 1
            has_room = len(self._lines) <= LINES and self._size <= BYTES
        if not has_room:
            self._drop_surplus()
        if not self._there_are.is_set() and self._has_started():
            self._there_are.set()
        return True

    def flush(self) -> None:
        """Return once all lines are written, or after END seconds."""
        # A forked process has its parent's lines, but not the thread that writes them.
        if self._is_running():
            self._hurry.set()
            with self._changing:
                self._written.wait_for(self._has_nothing_to_write, END)

    def close(self) -> None:
        """Write the last lines, and log how many could not be written within END seconds."""
        if self._is_running():
            self.flush()
            with self._changing:
                left = len(self._lines) + self._piece.count(b"\n")
                is_first, self._has_given_up = not self._has_given_up, True
            if left and is_first:
                _count_dropped(left)
                log.error("%s: the last %s lines were not written.", self.name, left)
        super().close()

    def _has_nothing_to_write(self) -> bool:
        return self._has_given_up or not (self._lines or self._piece)

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _has_started(self) -> bool:
        """Return whether the thread runs; start it if it does not.

        Where the system allows no further thread the next line tries again.
        """
        with self._changing:
            if self._is_running():
                return True
            thread = threading.Thread(target=self._work, name=f"log {self.name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
        # The processes that granian starts end without what `atexit` knows of. Standard error is
        # the last, since whatever else fails at the end is logged there.
        Finalize(None, self.close, exitpriority=-1 if self._is_standard_error else 0)
        return True

    def _drop_surplus(self) -> None:
        """Drop the oldest lines that there is no room for."""
        dropped = 0
        with self._changing:
            while len(self._lines) > LINES or self._size > BYTES:
                self._size -= len(self._lines.popleft()) + 1
                dropped += 1
            self._dropped += dropped
            begins = dropped and not self._is_out
            self._is_out = self._is_out or bool(dropped)
        _count_dropped(dropped)
        if begins:
            log.error("%s is not read, so that its oldest lines are dropped.", self.name)

    def _work(self) -> None:
        while True:
            self._there_are.wait()
            self._there_are.clear()
            try:
                self._write_all()
            except Exception:  # Without this thread nothing would be logged any more.
                log.exception("%s: an unforeseen error.", self.name)
                self._there_are.set()
                self._rest(RETRY)
            self._rest(EVERY)

    def _rest(self, seconds: float) -> None:
        self._hurry.wait(seconds)
        self._hurry.clear()

    def _write_all(self) -> None:
        while self._take_piece():
            while self._piece:
                try:
                    self._write_piece()
                except OSError as error:
                    self._log_failure(error)
                    self._rest(RETRY)
        self._log_end_of_outage()

    def _take_piece(self) -> bool:
        """Take lines of up to WHOLE bytes together, or one that is longer; False if there is none.

        None is taken before the last piece is written.
        """
        with self._changing:
            taken = list[str]()
            size = len(self._piece)
            while self._lines and (not size or size + len(self._lines[0]) < WHOLE):
                taken.append(self._lines.popleft() + "\n")
                size += len(taken[-1])
            self._size -= sum(map(len, taken))
            self._piece += "".join(taken).encode("ascii", "backslashreplace")
            if not self._piece:
                self._written.notify_all()
            return bool(self._piece)

    def _write_piece(self) -> None:
        """Write the piece; raise OSError, and keep the lines that are not written whole.

        The next write to a file begins with a line feed then: on a full disk another process may
        have left half a line there, which would stand in front of ours.
        """
        head = b"\n" if self._may_follow_half_a_line else b""
        text, written = head + self._piece, 0
        try:
            while written < len(text):
                try:
                    written += os.write(self._output, text[written:])
                except BlockingIOError:
                    # Another program has made the output non-blocking for all who share it.
                    poll = select.poll()
                    poll.register(self._output, select.POLLOUT)
                    poll.poll()
        except OSError:
            whole = max(text.rfind(b"\n", 0, written) + 1, len(head))
            self._may_follow_half_a_line = written > whole or bool(head) or _is_file(self._output)
            self._piece = text[whole:]
            raise
        self._may_follow_half_a_line = False
        self._piece = b""

    def _log_failure(self, error: OSError) -> None:
        with self._changing:
            begins, self._is_out = not self._is_out, True
        if begins:
            log.error(
                "%s cannot be written: %s. It is tried again every %g s; of more than %s lines"
                " the oldest are dropped.",
                self.name,
                error.strerror,
                RETRY,
                LINES,
            )

    def _log_end_of_outage(self) -> None:
        with self._changing:
            ends, self._is_out = self._is_out, False
            dropped, self._dropped = self._dropped, 0
        if ends:
            log.warning("%s is written again; %s lines were dropped.", self.name, dropped)


def _is_file(output: int) -> bool:
    try:
        return stat.S_ISREG(os.fstat(output).st_mode)
    except OSError:
        return False
