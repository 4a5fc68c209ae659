"""Fairness: clients take turns, so that one that asks for much does not stop the others.

All of this runs on the event loop, so nothing here needs a lock.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, Generic, TypeVar

WAITING = 64
"""Requests that wait in one queue; the next one is refused."""

WAITING_PER_CLIENT = 48
"""Requests of one client that wait in one queue."""

Client = Hashable
"""Stands for an account, or for an address as long as nobody knows whose account calls."""

Item = TypeVar("Item")


class Overloaded(Exception):
    """There is no room for a request, or it has waited for too long."""


def refuse(future: asyncio.Future[Any]) -> None:
    """Let what waits for a future go on with Overloaded."""
    if not future.done():
        future.set_exception(Overloaded())


def expire(deadline: asyncio.Timeout) -> None:
    """Let a timeout expire now. One that is over already stays as it is."""
    with suppress(RuntimeError):
        deadline.reschedule(asyncio.get_running_loop().time())


class FairQueue(Generic[Item]):
    """Items that wait, in a queue for each client; the clients take turns.

    When it is full, and a client comes that has fewer items than another one, the last item of the
    client with most of them is refused in its place: `refuse` is called with it.
    """

    def __init__(self, refuse: Callable[[Item], object]) -> None:
        self._queues: OrderedDict[Client, deque[Item]] = OrderedDict()
        self._length = 0
        self._refuse = refuse

    def __len__(self) -> int:
        return self._length

    def append(self, client: Client, item: Item) -> None:
        """Add an item of a client; raise Overloaded if too many wait."""
        own = len(self._queues.get(client, ()))
        if own >= WAITING_PER_CLIENT:
            raise Overloaded
        if self._length >= WAITING:
            self._refuse_last_of_longest(own + 1)
        self._queues.setdefault(client, deque()).append(item)
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

    def _refuse_last_of_longest(self, length: int) -> None:
        """Refuse the last item of the longest queue; raise Overloaded if none is above `length`."""
        longest = max(self._queues, key=lambda client: len(self._queues[client]))
        queue = self._queues[longest]
        if len(queue) <= length:
            raise Overloaded
        self._length -= 1
        self._refuse(queue.pop())

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
        self._waiting = FairQueue[tuple[Client, asyncio.Future[None]]](lambda it: refuse(it[1]))

    @property
    def are_all_free(self) -> bool:
        """Whether no client holds a slot."""
        return not self._held

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
            if granted.done() and not granted.cancelled() and not granted.exception():
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


class Room:
    """Room that clients hold for as long as they like, such as for bodies that come slowly.

    One client may hold `per_client` of it. When all of it is held, and a client that holds less
    wants some, the one that holds most has to give up what it has held longest. So a few clients
    cannot shut out the others.
    """

    def __init__(self, total: int, per_client: int) -> None:
        self._left = total
        self._per_client = per_client
        self._held = Counter[Client]()
        self._holdings = dict[Client, list["Holding"]]()

    def must_not_be_full(self, client: Client) -> None:
        """Raise Overloaded if a client holds as much as it may."""
        if self._held[client] >= self._per_client:
            raise Overloaded

    def hold(self, client: Client, give_up: Callable[[], object]) -> "Holding":
        """Begin to hold room, nothing at first; `give_up` is called when it is taken away."""
        holding = Holding(self, client, give_up)
        self._holdings.setdefault(client, []).append(holding)
        return holding

    def grow(self, holding: "Holding", amount: int) -> None:
        """Let a holding have more room; raise Overloaded if there is none for its client."""
        if self._held[holding.client] + amount > self._per_client:
            raise Overloaded
        if not self._made_room(holding.client, amount):
            raise Overloaded
        self._add(holding, amount)

    def grow_anyway(self, holding: "Holding", amount: int) -> None:
        """Let a holding have more room, whether there is any or not."""
        self._made_room(holding.client, amount)
        self._add(holding, amount)

    def _made_room(self, client: Client, amount: int) -> bool:
        """Take room from clients that hold more than this one; return whether it is enough."""
        wanted = self._held[client] + amount
        while self._left < amount:
            (largest, held), *_ = self._held.most_common(1) or [(client, 0)]
            if held <= wanted:
                return False
            oldest = next(each for each in self._holdings[largest] if each.size)
            oldest.close()
            oldest.give_up()
        return True

    def _add(self, holding: "Holding", amount: int) -> None:
        self._left -= amount
        self._held[holding.client] += amount
        holding.size += amount

    def release(self, holding: "Holding") -> None:
        """Take back what a holding has."""
        client = holding.client
        self._left += holding.size
        self._held[client] -= holding.size
        holding.size = 0
        self._holdings[client].remove(holding)
        if not self._holdings[client]:
            del self._held[client], self._holdings[client]


class Holding:
    """A part of a Room that a client holds until it is closed, or taken away."""

    def __init__(self, room: Room, client: Client, give_up: Callable[[], object]) -> None:
        self.size = 0
        self.client = client
        self.give_up = give_up
        self._room: Room | None = room

    @property
    def is_closed(self) -> bool:
        """Whether it holds nothing any more."""
        return self._room is None

    def grow(self, amount: int) -> None:
        """Hold more; raise Overloaded if there is no room, or it was taken away."""
        if self._room is None:
            raise Overloaded
        self._room.grow(self, amount)

    def grow_anyway(self, amount: int) -> None:
        """Hold more, even if there is no room."""
        if self._room:
            self._room.grow_anyway(self, amount)

    def close(self) -> None:
        """Give all of it back. To close twice does nothing."""
        if self._room:
            self._room.release(self)
            self._room = None
