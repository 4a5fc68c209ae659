"""Standard outputs that fail in the ways in which real ones do, without any right of root."""

import os
from contextlib import contextmanager


@contextmanager
def without_reader():
    """Hand out a pipe whose reader has gone: each write fails with EPIPE."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@contextmanager
def unread():
    """Hand out a pipe that is full and that nobody reads: each write blocks."""
    reading, writing = os.pipe()
    fill(writing)
    yield writing
    os.close(writing)
    os.close(reading)


@contextmanager
def on_a_full_disk():
    """Hand out a file on which each write fails with ENOSPC, see full(4)."""
    writing = os.open("/dev/full", os.O_WRONLY)
    yield writing
    os.close(writing)


def fill(pipe):
    """Write line feeds to a pipe until there is no room for one more."""
    os.set_blocking(pipe, False)
    for size in (65_536, 1):
        try:
            while True:
                os.write(pipe, b"\n" * size)
        except BlockingIOError:
            continue
    os.set_blocking(pipe, True)


BROKEN = {
    "its reader has gone": without_reader,
    "nobody reads it": unread,
    "its disk is full": on_a_full_disk,
}
