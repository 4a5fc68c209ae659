"""Memory: the allocator of the GNU C library, told how a server with many threads uses it."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3)."""

_LARGE = 1024 * 1024
"""Bytes of a block that the system gets back at once when it is freed.

By default the bound grows with what is freed, up to beyond the 19 MiB that a password's hash takes,
and each thread that has computed one keeps them.
"""

_ARENAS = 2


def settle() -> None:
    """Give large blocks back when they are freed, and have few heaps.

    Where there is another library, nothing is done. It holds for this process and for those that
    are forked from it: after some hundred logins one of them had 107 MB instead of 428.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        for parameter, value in (
            (_MMAP_THRESHOLD, _LARGE),
            (_TRIM_THRESHOLD, _LARGE),
            (_ARENA_MAX, _ARENAS),
        ):
            mallopt(parameter, value)
