"""Memory: the allocator of the GNU C library, told how a server with many threads uses it."""

import ctypes

_ARENA_MAX = -8
"""A parameter of mallopt(3)."""

_ARENAS = 2


def settle() -> None:
    """Have few heaps, in this process and in those that are forked from it.

    Threads are many, and by default eight heaps for each core serve them: a worker that has done
    all kinds of work has 2 MB more then. Where there is another library, nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_ARENA_MAX, _ARENAS)
