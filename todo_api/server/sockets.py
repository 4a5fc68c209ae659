"""Sockets: a connection whose client reads nothing for long is ended by the kernel.

Granian has no time limit on sending, but Linux has one: TCP_USER_TIMEOUT (tcp(7)) of a listening
socket is that of each connection that is accepted there, and counts while the client's window is
closed, too.
"""

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")
_TRIES, _PAUSE = 200, 0.05


async def limit_sending(port: int, seconds: float) -> None:
    """Give connections of this process to `port` so many seconds to send; wait for its listener.

    On a system without such a limit, or without /proc, nothing is done.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    for _ in range(_TRIES):
        if _limit_listeners(port, int(1000 * seconds)):
            return
        await asyncio.sleep(_PAUSE)


def _limit_listeners(port: int, milliseconds: int) -> bool:
    """Set the limit of all sockets that listen to the port; return whether there are any."""
    found = False
    for entry in _DESCRIPTORS.iterdir() if _DESCRIPTORS.is_dir() else ():
        with suppress(OSError), socket.socket(fileno=os.dup(int(entry.name))) as one:
            listens = one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            if listens and one.family != socket.AF_UNIX and one.getsockname()[1] == port:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
                found = True
    return found
