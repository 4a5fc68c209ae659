"""Clients take turns wherever requests wait, and one has no more than its share."""

import asyncio

import pytest

from todo_api.server.fairness import (
    WAITING,
    WAITING_PER_CLIENT,
    Budget,
    FairQueue,
    FairSemaphore,
    Overloaded,
)


def test_clients_take_turns_however_much_one_of_them_asks_for():
    queue = FairQueue()
    for number in range(4):
        queue.append("greedy", f"greedy {number}")
    queue.append("a", "a 0")
    queue.append("b", "b 0")
    order = [queue.pop() for _ in range(len(queue))]
    assert order == ["greedy 0", "a 0", "b 0", "greedy 1", "greedy 2", "greedy 3"]
    assert queue.pop() is None
    assert len(queue) == 0


def test_a_client_that_may_not_go_on_is_passed_over():
    queue = FairQueue()
    queue.append("a", 1)
    queue.append("b", 2)
    assert queue.pop(lambda client: client != "a") == 2
    assert queue.pop(lambda client: client != "a") is None
    assert queue.pop() == 1


def test_one_client_cannot_fill_a_queue():
    queue = FairQueue()
    for number in range(WAITING_PER_CLIENT):
        queue.append("greedy", number)
    with pytest.raises(Overloaded):
        queue.append("greedy", -1)
    for number in range(WAITING - WAITING_PER_CLIENT):
        queue.append(f"other {number}", number)
    with pytest.raises(Overloaded):
        queue.append("one too many", -1)


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
