"""A turnstile: by locks on a file, the processes of one machine take turns.

There are two locks, each on one byte. Who wants its turn takes the first one, then the second one,
which is the turn, and gives the first one back. So nobody can try for the turn while another one
waits for it, least of all who has just had it: two processes that always want it alternate. The
kernel takes the locks of a process away when that ends, however it does.

The locks are POSIX's: they belong to a process, whose threads have to be put in order otherwise.
"""

import errno
import fcntl
import os
import time
from contextlib import suppress

_NEXT, _TURN = range(2)
_BUSY = (errno.EACCES, errno.EAGAIN)
_SHORTEST, _LONGEST = 0.0001, 0.0005
"""Seconds between two tries; to let the kernel wait instead knows no bound."""


class Turnstile:
    """The turns that the file at `path` stands for; it is made if need be, for its owner alone."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def take(self, until: float) -> bool:
        """Wait for the turn, to the moment `until` of the monotonic clock; return whether it came.

        Where there can be no such file, on a disk that is read-only or full say, it is there at
        once: then nobody is fair, but what the turns are about has a lock of its own.
        """
        if self._file is None:
            with suppress(OSError):
                self._file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if not self._lock(_NEXT, until):
            return False
        try:
            return self._lock(_TURN, until)
        finally:
            self._unlock(_NEXT)

    def give_back(self) -> None:
        """End the turn."""
        self._unlock(_TURN)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _lock(self, byte: int, until: float) -> bool:
        pause = _SHORTEST
        while not self._try(byte):
            if time.monotonic() >= until:
                return False
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST)
        return True

    def _try(self, byte: int) -> bool:
        if self._file is not None:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except OSError as error:
                return error.errno not in _BUSY
        return True

    def _unlock(self, byte: int) -> None:
        if self._file is not None:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)
