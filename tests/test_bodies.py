"""Bodies are read with a deadline, and what one client has under way is bounded."""

import asyncio
import io
import time

import pytest

from todo_api.errors import Malformed
from todo_api.server import bodies
from todo_api.server.bodies import IN_MEMORY, Bodies
from todo_api.server.fairness import Overloaded


def sending(*pieces, pause=0.0, ends=True):
    """Return an ASGI `receive` that hands out the pieces, and then ends or disconnects."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    end = {"type": "http.request", "body": b"", "more_body": False}
    messages.append(end if ends else {"type": "http.disconnect"})

    async def receive():
        await asyncio.sleep(pause)
        return messages.pop(0)

    return receive


def read(receive, *, most=10**9, length=None, reader=None):
    reader = reader or Bodies(10**9)
    return asyncio.run(reader.read(receive, most, length, "client"))


@pytest.mark.parametrize("size", [0, 1, IN_MEMORY, IN_MEMORY + 1, 10 * IN_MEMORY])
def test_a_body_comes_whole_in_memory_or_in_a_file(size):
    content = bytes(range(256)) * (size // 256 + 1)
    pieces = [content[:size][start : start + 10_000] for start in range(0, size, 10_000)]
    body = read(sending(*pieces))
    stream = body.stream()
    assert isinstance(stream, io.BytesIO) == (size <= IN_MEMORY)
    assert stream.read() == content[:size]
    body.close()
    assert stream.closed


def test_no_more_is_read_than_is_wanted_and_a_piece():
    receive = sending(*[b"x" * 100] * 10)
    body = read(receive, most=250)
    assert body.size == 300


def test_a_body_that_comes_too_slowly_is_given_up(monkeypatch):
    monkeypatch.setattr(bodies, "SECONDS", 0.05)
    monkeypatch.setattr(bodies, "RATE", 1_000)
    with pytest.raises(TimeoutError):
        read(sending(*[b"x"] * 100, pause=0.01))
    # A body that comes fast enough may take as long as it needs.
    assert read(sending(*[b"x" * 100] * 10, pause=0.01)).size == 1_000


def test_a_chunked_body_that_is_cut_off_cannot_be_read():
    body = read(sending(b"name", ends=False))
    with pytest.raises(Malformed):
        body.stream().read()


def test_a_body_with_a_length_that_is_cut_off_is_shorter_than_that():
    body = read(sending(b"name", ends=False), length=10)
    assert body.stream().read() == b"name"


MANY = b"x" * (IN_MEMORY + 1)


def test_one_client_has_so_many_bytes_in_files():
    async def work():
        reader = Bodies(2 * IN_MEMORY)
        first = await reader.read(sending(MANY), 10**6, None, "greedy")
        with pytest.raises(Overloaded):
            await reader.read(sending(MANY), 10**6, None, "greedy")
        small = await reader.read(sending(b"x"), 10**6, None, "greedy")
        other = await reader.read(sending(MANY), 10**6, None, "other")
        first.close()
        again = await reader.read(sending(MANY), 10**6, None, "greedy")
        for body in (small, other, again):
            body.close()

    asyncio.run(work())


def test_a_client_that_fills_all_room_gives_up_its_first_body_when_another_one_comes():
    """Of a total of eight, each may have two; four of them stall, and a fifth has one."""

    async def work():
        reader, size = Bodies(2 * len(MANY)), 2 * len(MANY)
        stalled = []
        for number in range(4):
            receive = stalling(b"x" * size)
            reading = reader.read(receive, 10**7, None, f"greedy {number}")
            stalled.append(asyncio.ensure_future(reading))
        await asyncio.sleep(0.1)
        other = await reader.read(sending(MANY), 10**6, None, "other")
        assert other.size == len(MANY)
        other.close()
        await asyncio.sleep(0.1)
        (given_up,) = (each for each in stalled if each.done())
        with pytest.raises(Overloaded):
            await given_up
        for each in stalled:
            each.cancel()

    asyncio.run(work())


def test_a_body_that_has_come_whole_and_waits_fails_no_other_one_when_room_is_needed():
    async def work():
        reader, size = Bodies(2 * len(MANY)), 2 * len(MANY)
        whole = [
            await reader.read(sending(b"x" * size), 10**7, None, f"greedy {number}")
            for number in range(4)
        ]
        other = await reader.read(sending(MANY), 10**6, None, "other")
        assert other.size == len(MANY)
        assert [body.stream().read() for body in whole] == [b"x" * size] * 4
        for body in (*whole, other):
            body.close()

    asyncio.run(work())


def stalling(piece):
    """Return an ASGI `receive` that hands out one piece, and then nothing."""
    pieces = [piece]

    async def receive():
        if not pieces:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": pieces.pop(), "more_body": True}

    return receive


def test_a_body_that_stalls_after_much_has_come_is_given_up_as_soon_as_any_other(monkeypatch):
    monkeypatch.setattr(bodies, "SECONDS", 0.1)
    monkeypatch.setattr(bodies, "RATE", 1_000)

    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        read(stalling(b"x" * 100_000))
    assert time.monotonic() - begun < 2
