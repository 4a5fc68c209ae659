"""Clients take turns wherever requests wait, and one has no more than its share."""

import asyncio
from contextlib import closing
from functools import partial

import pytest

from todo_api.server.fairness import (
    WAITING,
    WAITING_PER_CLIENT,
    Budget,
    FairQueue,
    FairSemaphore,
    Overloaded,
    Room,
)


def test_clients_take_turns_however_much_one_of_them_asks_for():
    queue = FairQueue(print)
    for number in range(4):
        queue.append("greedy", f"greedy {number}")
    queue.append("a", "a 0")
    queue.append("b", "b 0")
    order = [queue.pop() for _ in range(len(queue))]
    assert order == ["greedy 0", "a 0", "b 0", "greedy 1", "greedy 2", "greedy 3"]
    assert queue.pop() is None
    assert len(queue) == 0


def test_a_client_that_may_not_go_on_is_passed_over():
    queue = FairQueue(print)
    queue.append("a", 1)
    queue.append("b", 2)
    assert queue.pop(lambda client: client != "a") == 2
    assert queue.pop(lambda client: client != "a") is None
    assert queue.pop() == 1


def test_one_client_cannot_fill_a_queue():
    queue = FairQueue(print)
    for number in range(WAITING_PER_CLIENT):
        queue.append("greedy", number)
    with pytest.raises(Overloaded):
        queue.append("greedy", -1)
    for number in range(WAITING - WAITING_PER_CLIENT):
        queue.append(f"other {number}", number)
    assert len(queue) == WAITING


def test_a_full_queue_refuses_the_last_item_of_the_client_with_most_for_one_with_less():
    refused = []
    queue = FairQueue(refused.append)
    for number in range(WAITING):
        queue.append(f"greedy {number % 2}", number)
    for number in range(3):
        queue.append("other", f"other {number}")
    assert refused == [WAITING - 2, WAITING - 1, WAITING - 4]
    assert [queue.pop() for _ in range(3)] == [0, 1, "other 0"]
    assert len(queue) == WAITING - 3


def test_a_full_queue_of_clients_that_have_as_much_each_refuses_the_next_one():
    queue = FairQueue(print)
    for number in range(WAITING):
        queue.append(f"client {number}", number)
    with pytest.raises(Overloaded):
        queue.append("one more", -1)
    with pytest.raises(Overloaded):
        queue.append("client 1", -1)


def test_a_wait_that_is_refused_for_another_client_takes_no_slot():
    async def work():
        semaphore = FairSemaphore(1, 1)
        await semaphore.acquire("first", 1)
        greedy = [
            asyncio.ensure_future(semaphore.acquire(f"greedy {number % 2}", 5))
            for number in range(WAITING)
        ]
        await asyncio.sleep(0)
        other = asyncio.ensure_future(semaphore.acquire("other", 5))
        await asyncio.sleep(0.01)
        refused = [each for each in greedy if each.done()]
        assert len(refused) == 1
        assert isinstance(refused[0].exception(), Overloaded)
        for client in ("first", "greedy 0", "greedy 1"):
            semaphore.release(client)
            await asyncio.sleep(0)
        await other
        for each in greedy:
            each.cancel()

    asyncio.run(work())


def test_room_is_taken_from_the_client_that_holds_most_when_another_one_needs_it():
    room, given_up = Room(100, 60), []
    first, second = (room.hold("greedy", partial(given_up.append, n)) for n in (1, 2))
    first.grow(20)
    second.grow(40)
    with pytest.raises(Overloaded):
        second.grow(1)
    other = room.hold("other", partial(given_up.append, 3))
    other.grow(40)
    other.grow(10)
    assert given_up == [1]
    assert (first.is_closed, second.is_closed) == (True, False)
    with pytest.raises(Overloaded):
        first.grow(1)
    # Nobody holds more than these fifty.
    other.grow(10)
    with pytest.raises(Overloaded):
        room.hold("third", print).grow(60)


def test_room_that_is_given_back_can_be_held_by_others():
    room = Room(100, 100)
    with closing(room.hold("a", print)) as held:
        held.grow(100)
        with pytest.raises(Overloaded):
            room.must_not_be_full("a")
        room.must_not_be_full("b")
    held.close()
    room.must_not_be_full("a")
    room.hold("b", print).grow(100)


def test_what_grows_anyway_takes_room_from_larger_holdings_but_is_never_refused():
    room, given_up = Room(100, 60), []
    room.hold("greedy", partial(given_up.append, "greedy")).grow(60)
    other = room.hold("other", print)
    other.grow_anyway(50)
    other.grow_anyway(70)
    assert given_up == ["greedy"]
    assert other.size == 120


def test_one_client_leaves_a_slot_to_the_others():
    async def work():
        semaphore = FairSemaphore(3, 2)
        await semaphore.acquire("greedy", 1)
        await semaphore.acquire("greedy", 1)
        third = asyncio.ensure_future(semaphore.acquire("greedy", 5))
        await asyncio.sleep(0)
        await semaphore.acquire("other", 0.1)
        assert not third.done()
        semaphore.release("greedy")
        await third

    asyncio.run(work())


def test_a_request_that_waits_too_long_for_a_slot_is_refused_and_takes_none():
    async def work():
        semaphore = FairSemaphore(1, 1)
        await semaphore.acquire("a", 1)
        with pytest.raises(Overloaded):
            await semaphore.acquire("b", 0.01)
        semaphore.release("a")
        await semaphore.acquire("c", 0.01)

    asyncio.run(work())


@pytest.mark.parametrize("end", ["cancelled", "timed out"])
def test_a_slot_that_is_granted_in_the_moment_the_wait_ends_is_handed_on(end):
    async def work():
        loop = asyncio.get_running_loop()
        semaphore = FairSemaphore(1, 1)
        await semaphore.acquire("a", 1)
        seconds = 0.05 if end == "timed out" else 5
        waiting = asyncio.ensure_future(semaphore.acquire("b", seconds))
        await asyncio.sleep(0)
        if end == "cancelled":
            semaphore.release("a")  # Grants it to b, whose task has not gone on yet.
            waiting.cancel()
        else:
            # The grant and the end of its time come in the same turn of the loop.
            loop.call_later(seconds, semaphore.release, "a")
            until = loop.time() + seconds + 0.01
            while loop.time() < until:
                pass
        outcome = (await asyncio.gather(waiting, return_exceptions=True))[0]
        if outcome is None:
            semaphore.release("b")
        await semaphore.acquire("c", 0.1)

    asyncio.run(work())


def test_a_budget_bounds_each_client_and_all_of_them():
    budget = Budget(10, 6)
    assert budget.has_room("a", 6)
    assert not budget.has_room("a", 7)
    budget.take("a", 6)
    assert not budget.has_room("a")
    assert budget.has_room("b", 4)
    assert not budget.has_room("b", 5)
    budget.give_back("a", 6)
    assert budget.has_room("b", 6)
    assert budget.has_room("a", 6)
