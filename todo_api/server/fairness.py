"""Fairness: clients take turns, so that one that asks for much does not stop the others.

All of this runs on the event loop, so nothing here needs a lock.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

WAITING = 64
"""Requests that wait in one queue; the next one is refused."""

WAITING_PER_CLIENT = 48
"""Requests of one client that wait in one queue."""

Client = Hashable
"""Stands for an account, or for an address as long as nobody knows whose account calls."""

Item = TypeVar("Item")


class Overloaded(Exception):
    """There is no room for a request, or it has waited for too long."""


class FairQueue(Generic[Item]):
    """Items that wait, in a queue for each client; the clients take turns."""

    def __init__(self) -> None:
        self._queues: OrderedDict[Client, deque[Item]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, client: Client, item: Item) -> None:
        """Add an item of a client; raise Overloaded if too many wait."""
        queue = self._queues.get(client)
        if self._length >= WAITING or (queue and len(queue) >= WAITING_PER_CLIENT):
            raise Overloaded
        if queue is None:
            queue = self._queues[client] = deque()
        queue.append(item)
        self._length += 1

    def pop(self, may_go_on: Callable[[Client], bool] = lambda _client: True) -> Item | None:
        """Take the next item of the next client that may go on; return None if there is none."""
        for client, queue in self._queues.items():
            if may_go_on(client):
                item = queue.popleft()
                self._length -= 1
                self._queues.move_to_end(client)
                if not queue:
                    del self._queues[client]
                return item
        return None

    def discard(self, client: Client, item: Item) -> None:
        """Take out an item, if it still waits."""
        queue = self._queues.get(client)
        if queue is None or item not in queue:
            return
        queue.remove(item)
        self._length -= 1
        if not queue:
            del self._queues[client]


class FairSemaphore:
    """Lets up to `slots` requests go on at a time, of one client up to `per_client`."""

    def __init__(self, slots: int, per_client: int) -> None:
        self._free = slots
        self._per_client = per_client
        self._held = Counter[Client]()
        self._waiting = FairQueue[tuple[Client, asyncio.Future[None]]]()

    async def acquire(self, client: Client, seconds: float) -> None:
        """Wait for a slot; raise Overloaded if too many wait, or none is free within `seconds`.

        A slot that is granted in the very moment in which the wait ends is handed on.
        """
        if self._free and self._may_go_on(client):
            self._take(client)
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.append(client, (client, granted))
        try:
            async with asyncio.timeout(seconds):
                await granted
        except BaseException as error:
            if granted.done() and not granted.cancelled():
                self.release(client)
            else:
                self._waiting.discard(client, (client, granted))
            if isinstance(error, TimeoutError):
                raise Overloaded from None
            raise

    def release(self, client: Client) -> None:
        """Give a slot back, and hand it on to the next client that waits."""
        self._free += 1
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]
        while self._free and (following := self._waiting.pop(self._may_go_on)):
            other, granted = following
            if not granted.done():  # One whose wait has just ended has no use for it.
                self._take(other)
                granted.set_result(None)

    def _may_go_on(self, client: Client) -> bool:
        return self._held[client] < self._per_client

    def _take(self, client: Client) -> None:
        self._free -= 1
        self._held[client] += 1


class Budget:
    """An amount that all clients together may have taken, and one client a part of it."""

    def __init__(self, total: int, per_client: int) -> None:
        self._left = total
        self._per_client = per_client
        self._taken = Counter[Client]()

    def has_room(self, client: Client, amount: int = 1) -> bool:
        """Return whether a client may take so much."""
        return amount <= self._left and self._taken[client] + amount <= self._per_client

    def must_have_room(self, client: Client) -> None:
        """Raise Overloaded unless a client may take any more."""
        if not self.has_room(client):
            raise Overloaded

    def take(self, client: Client, amount: int) -> None:
        """Take so much, whether there is room or not."""
        self._left -= amount
        self._taken[client] += amount

    def give_back(self, client: Client, amount: int) -> None:
        """Give so much back."""
        self._left += amount
        self._taken[client] -= amount
        if not self._taken[client]:
            del self._taken[client]
