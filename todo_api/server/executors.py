"""Executors: where work of one kind is done, with a bound on how much and a fair share for each.

Each has a name, by which its threads are called, and refuses work when too much of it waits.
"""

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, Protocol, TypeVar
from wsgiref.types import WSGIApplication, WSGIEnvironment

from todo_api.database import Database
from todo_api.resources import passage
from todo_api.server import wsgi
from todo_api.server.fairness import Client, FairQueue, FairSemaphore, Overloaded, refuse
from todo_api.server.wsgi import Answer

log = logging.getLogger(__name__)

LARGEST_BATCH = 32
"""Writes that share a commit at most."""

SECONDS_OF_ORDINARY_CLIENTS = 3.0
"""Seconds that a client's requests may have taken lately before they go to threads of their own."""

HALF_LIFE = 30.0
"""Seconds after which half of what a client's requests have taken counts no more."""

MOST_COSTS = 4096
"""Clients whose costs a process knows."""

AT_ONCE = 8
"""Requests that are answered in one turn of the event loop."""

Result = TypeVar("Result")


class Executor(Protocol):
    """Something that answers requests."""

    async def answer(
        self, environ: WSGIEnvironment, client: Client, gone: asyncio.Future[None] | None
    ) -> Answer:
        """Return the answer to a request of a client; raise Overloaded if there is no room for it.

        `gone` is done once the client has gone, by when nobody wants the answer any more.
        """


class ImmediateExecutor:
    """Answers at once, on the event loop: short work that needs no database."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    async def answer(self, environ: WSGIEnvironment, client: Client, gone: object = None) -> Answer:
        """Return the answer."""
        return wsgi.call(self._app, environ)


class LoopExecutor:
    """Answers on the event loop itself: what takes no longer than to wake a thread for it.

    A few requests are answered as they come. Beyond those, each turn of the loop answers one,
    so that requests of other kinds come in between. `check` raises Overloaded if a client may have
    no more answers.
    """

    def __init__(
        self, app: WSGIApplication, seconds: float, check: Callable[[Client], object]
    ) -> None:
        self._app = app
        self._seconds = seconds
        self._check = check
        self._waiting = FairQueue[_Waiting](lambda waiting: refuse(waiting.answer))
        self._left = AT_ONCE
        self._is_working = False

    async def answer(self, environ: WSGIEnvironment, client: Client, gone: object = None) -> Answer:
        """Return the answer, once it is this request's turn."""
        if not self._is_working:
            self._is_working = True
            asyncio.get_running_loop().call_soon(self._work)
        if self._left and not self._waiting:
            self._left -= 1
            return wsgi.call(self._app, environ)
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(client, _Waiting(future, client, environ, time.monotonic()))
        answer: Answer = await future
        return answer

    def _work(self) -> None:
        """Answer one of those that wait, and begin another turn."""
        self._left = AT_ONCE
        following = self._waiting.pop()
        if following and not following.answer.done():  # Else its task has been cancelled.
            self._answer(following)
        self._is_working = bool(self._waiting)
        if self._is_working:
            asyncio.get_running_loop().call_soon(self._work)

    def _answer(self, request: "_Waiting") -> None:
        try:
            self._check(request.client)
        except Overloaded:
            refuse(request.answer)
            return
        if time.monotonic() > request.since + self._seconds:
            refuse(request.answer)
        else:
            request.answer.set_result(wsgi.call(self._app, request.environ))


class _Waiting(NamedTuple):
    """A request that waits for its turn on the event loop."""

    answer: asyncio.Future[Answer]
    client: Client
    environ: WSGIEnvironment
    since: float


def _allow_everybody(_client: Client) -> None:
    """Allow a client any number of answers."""


class ThreadExecutor:
    """Answers in threads, of which one client has all but one, so that others need not wait.

    `check` raises Overloaded if a client may have no more answers.
    """

    def __init__(
        self,
        name: str,
        app: WSGIApplication,
        database: Database,
        *,
        threads: int,
        seconds: float,
        per_client: int | None = None,
        check: Callable[[Client], object] = _allow_everybody,
    ) -> None:
        self._app = app
        self._database = database
        self._seconds = seconds
        self._check = check
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._slots = FairSemaphore(threads, per_client or max(1, threads - 1))
        self.on_cost: Callable[[Client, float], object] | None = None
        """Called in a thread with the seconds that a request of a client has taken."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is done here at present."""
        return self._slots.are_all_free

    async def run(self, client: Client, work: Callable[[], Result]) -> Result:
        """Return what `work` returns in a thread."""
        await self._slots.acquire(client, self._seconds)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work)
        finally:
            self._slots.release(client)

    async def answer(
        self, environ: WSGIEnvironment, client: Client, gone: asyncio.Future[None] | None
    ) -> Answer:
        """Return the answer; where the client goes away meanwhile, end what the database reads."""
        if gone is None:
            await self._slots.acquire(client, self._seconds)
        else:
            await self._acquire_unless_gone(client, gone)
        try:
            self._check(client)
            key = object()
            work = partial(self._answer_cancellably, environ, key, client)
            answering = asyncio.get_running_loop().run_in_executor(self._threads, work)
            if gone is not None:
                await asyncio.wait((answering, gone), return_when=asyncio.FIRST_COMPLETED)
                if not answering.done():
                    await asyncio.to_thread(self._database.cancel, key)
            return await answering
        finally:
            self._slots.release(client)

    async def _acquire_unless_gone(self, client: Client, gone: asyncio.Future[None]) -> None:
        """Wait for a slot; raise Overloaded as `acquire` does, and where the client goes away."""
        acquiring = asyncio.ensure_future(self._slots.acquire(client, self._seconds))
        await asyncio.wait((acquiring, gone), return_when=asyncio.FIRST_COMPLETED)
        if not acquiring.done():
            acquiring.cancel()
            raise Overloaded
        await acquiring

    def _answer_cancellably(self, environ: WSGIEnvironment, key: object, client: Client) -> Answer:
        """Answer a request whose reads can be cancelled under `key`; runs in a thread."""
        begun = time.monotonic()
        try:
            with self._database.cancellable(key):
                return wsgi.call(self._app, environ)
        finally:
            if self.on_cost:
                self.on_cost(client, time.monotonic() - begun)


class CostSharingExecutor:
    """Answers in threads; clients whose requests have taken long lately have threads of their own.

    So a few clients with costly requests wait for each other, and nobody else for them.
    """

    def __init__(self, ordinary: ThreadExecutor, costly: ThreadExecutor) -> None:
        self._ordinary = ordinary
        self._costly = costly
        self._costs = Costs()
        for each in (ordinary, costly):
            each.on_cost = self._costs.add

    async def answer(
        self, environ: WSGIEnvironment, client: Client, gone: asyncio.Future[None] | None
    ) -> Answer:
        """Return the answer, as ThreadExecutor does."""
        is_costly = self._costs.of(client) > SECONDS_OF_ORDINARY_CLIENTS
        executor = self._costly if is_costly else self._ordinary
        return await executor.answer(environ, client, gone)


class Costs:
    """The seconds that requests of each client have taken lately; half of them every half minute.

    Only the latest MOST_COSTS clients are known.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changing = threading.Lock()
        self._costs = OrderedDict[Client, tuple[float, float]]()

    def add(self, client: Client, seconds: float) -> None:
        """Add what a request has taken."""
        with self._changing:
            self._costs[client] = (self.of(client) + seconds, self._clock())
            self._costs.move_to_end(client)
            if len(self._costs) > MOST_COSTS:
                self._costs.popitem(last=False)

    def of(self, client: Client) -> float:
        """Return the seconds of a client, none for one that is not known."""
        seconds, since = self._costs.get(client, (0.0, 0.0))
        return float(seconds * 0.5 ** ((self._clock() - since) / HALF_LIFE))


class WriteQueue:
    """Short writes into SQLite: one thread does all that wait, and they share a commit.

    None is answered before that. Where the commit fails each is done again by itself.
    """

    def __init__(self, app: WSGIApplication, database: Database, seconds: float) -> None:
        self._app = app
        self._database = database
        self._seconds = seconds
        self._waiting = FairQueue[_Write](lambda write: refuse(write.stored))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writes")
        self._is_working = False

    async def answer(self, environ: WSGIEnvironment, client: Client, gone: object = None) -> Answer:
        """Return the answer, which is true by then."""
        write = _Write(self._app, environ)
        self._waiting.append(client, write)
        if not self._is_working:
            self._is_working = True
            self._working = asyncio.ensure_future(self._work())
        return await write.stored

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(0)  # Let those in that come in the same turn of the loop.
            while batch := self._next_batch():
                try:
                    await loop.run_in_executor(self._thread, self._store, batch)
                except Exception as error:
                    log.exception("A batch of writes failed")
                    for write in batch:
                        write.fail(error)
                else:
                    for write in batch:
                        write.tell()
        finally:
            self._is_working = False

    def _next_batch(self) -> list["_Write"]:
        batch = list[_Write]()
        while len(batch) < LARGEST_BATCH and (write := self._waiting.pop()):
            if write.stored.done():
                continue  # Its task has been cancelled.
            if time.monotonic() > write.since + self._seconds:
                refuse(write.stored)
            else:
                batch.append(write)
        return batch

    def _store(self, batch: list["_Write"]) -> None:
        """Answer the writes of a batch and commit them; runs in the thread."""
        with self._database.batch() as shared:
            for write in batch:
                shared.since = write.since
                write.do()
        if shared.is_lost:
            for write in batch:
                write.do()


class _Write:
    """A write that waits, or that is answered but not yet told so."""

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        self.since = time.monotonic()
        self.stored: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._app = app
        self._environ = environ
        self._answer: Answer | None = None
        self._on_commit = list[Callable[[], None]]()

    def do(self) -> None:
        """Answer it, anew if need be. An error fails no other write of the batch."""
        self._on_commit = []
        try:
            self._environ["wsgi.input"].seek(0)
            environ = {**self._environ, passage.ON_COMMIT: self._on_commit}
            self._answer = wsgi.call(self._app, environ)
        except Exception:
            log.exception("A write was not answered")
            self._answer = Answer(500, [], [])

    def tell(self) -> None:
        """Hand the answer over, and tell all who want to know of it."""
        assert self._answer
        if not self.stored.done():
            self.stored.set_result(self._answer)
        for act in self._on_commit:
            act()

    def fail(self, error: Exception) -> None:
        """Say that nobody knows what has become of it."""
        if not self.stored.done():
            self.stored.set_exception(error)
