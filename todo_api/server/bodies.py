"""The bodies of requests: awaited, with a deadline, in bounded memory.

A client that sends slowly costs a coroutine and, once its body is large, a temporary file.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NoReturn

from todo_api.errors import Code, Malformed
from todo_api.server.fairness import Budget, Client, Holding, Overloaded, Room, expire

Receive = Callable[[], Awaitable[dict[str, Any]]]
"""ASGI's way to the next piece of a request."""

IN_MEMORY = 64 * 1024
"""Bytes of a body that are kept in memory; a larger one goes to a temporary file."""

SECONDS = 20.0
RATE = 4096
"""Bytes a second with which a body has to come, on average over each such number of seconds."""

MOST_DRAINED = 128 * 1024 * 1024
SECONDS_TO_DRAIN = 5.0
"""Bytes of a body that are read though nobody wants them, and for how long."""

MEMORY = 64 * 1024 * 1024
"""Bytes of bodies that one process keeps in memory; what comes beyond them goes to files."""


class Incomplete(io.RawIOBase):
    """A body whose client has stopped in the middle of it."""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read again."""
        return True

    def seek(self, _offset: int, _whence: int = 0) -> int:
        """Go back to its start, which is all that is asked for."""
        return 0

    def readinto(self, _buffer: object) -> NoReturn:
        """Raise Malformed."""
        raise Malformed("The body is not all there.", code=Code.INCOMPLETE_BODY)


class Bodies:
    """Reads the bodies of one process, of which one client may have `per_client` bytes in files.

    All clients together may have four times as many. A small body waits for none of them.
    """

    def __init__(self, per_client: int) -> None:
        self._memory = Budget(MEMORY, MEMORY // 4)
        self._files = Room(4 * per_client, per_client)

    async def read(self, receive: Receive, most: int, length: int | None, client: Client) -> "Body":
        """Return a body, of which no more than `most` bytes and one are read.

        `length` is its Content-Length, None if it is chunked. Raises TimeoutError if it comes too
        slowly, Overloaded if too many bytes are under way.
        """
        async with asyncio.timeout(SECONDS) as deadline:
            in_file = self._files.hold(client, partial(expire, deadline))
            body = Body(client, self._memory, in_file)
            try:
                await _fill(body, receive, most, length, deadline)
            except BaseException as error:
                was_taken_away = in_file.is_closed
                body.close()
                if was_taken_away:
                    raise Overloaded from error
                raise
        return body


async def _fill(
    body: "Body", receive: Receive, most: int, length: int | None, deadline: asyncio.Timeout
) -> None:
    """Append what comes; move the deadline each time that enough has come for SECONDS."""
    now, begun = asyncio.get_running_loop().time, 0
    more = True
    while more and body.size <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            body.is_cut_off = length is None
            return
        body.append(message.get("body", b""))
        if body.size - begun >= RATE * SECONDS:
            begun = body.size
            deadline.reschedule(now() + SECONDS)
        more = message.get("more_body", False)


class Body:
    """A body, as much of it as has come so far; `in_file` is the room for what is not in memory."""

    def __init__(self, client: Client, memory: Budget, in_file: Holding) -> None:
        self.size = 0
        self.is_cut_off = False
        self._client = client
        self._memory = memory
        self._in_file = in_file
        self._file: BinaryIO = io.BytesIO()
        self._in_memory = 0

    def append(self, piece: bytes) -> None:
        """Add a piece; raise Overloaded if its client has too many bytes in files."""
        self.size += len(piece)
        if isinstance(self._file, io.BytesIO):
            if self._takes_memory(len(piece)):
                self._file.write(piece)
                return
            self._move_to_file()
        self._in_file.grow(len(piece))
        self._file.write(piece)

    def stream(self) -> BinaryIO | Incomplete:
        """Return what reads the body from its start."""
        if self.is_cut_off:
            return Incomplete()
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Let go of what it holds."""
        self._in_file.close()
        self._memory.give_back(self._client, self._in_memory)
        self.size = self._in_memory = 0
        self._file.close()

    def _takes_memory(self, more: int) -> bool:
        if self.size > IN_MEMORY or not self._memory.has_room(self._client, more):
            return False
        self._memory.take(self._client, more)
        self._in_memory += more
        return True

    def _move_to_file(self) -> None:
        former = self._file
        assert isinstance(former, io.BytesIO)
        self._in_file.grow(self._in_memory)
        self._file = TemporaryFile()  # noqa: SIM115 - `close` closes it.
        self._file.write(former.getbuffer())
        self._memory.give_back(self._client, self._in_memory)
        self._in_memory = 0


async def drain(receive: Receive, most: int = MOST_DRAINED) -> None:
    """Read up to `most` bytes of a body that nobody wants, for as long as a client may need.

    A connection that is closed before its client has sent all may take the answer along.
    """
    more = True
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS_TO_DRAIN):
            while more and most > 0:
                message = await receive()
                most -= len(message.get("body", b""))
                more = message.get("more_body", False)
