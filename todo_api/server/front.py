"""The front: an event loop takes every request, and hands it to where its kind of work is done.

On one side it speaks ASGI (https://asgi.readthedocs.io), on the other it calls the application.
A request that waits, for its body, for a slot or for a client that reads slowly, costs a coroutine
and no thread. So a request that needs no database never waits for one that does.
"""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import closing, suppress
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from todo_api.application import App
from todo_api.errors import Code
from todo_api.resources import auth, caller_address, passage, refusal
from todo_api.resources.backend import Backend
from todo_api.resources.body import MAX_BODY, MIB
from todo_api.resources.envelope import Envelope
from todo_api.resources.event import HEARTBEAT, TRY_AGAIN, ChangeStream
from todo_api.resources.of_file import LARGE
from todo_api.resources.work import Work
from todo_api.server import bodies, sockets, wsgi
from todo_api.server.bodies import Bodies, Receive
from todo_api.server.draining import Draining
from todo_api.server.executors import (
    CostSharingExecutor,
    Executor,
    ImmediateExecutor,
    LoopExecutor,
    ThreadExecutor,
    WriteQueue,
)
from todo_api.server.fairness import Client, Overloaded, Room, expire
from todo_api.server.wsgi import Answer
from todo_api.urls import Route
from todo_api.values.proofs import Proof

log = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]

PIECE = 64 * 1024
"""Bytes of an answer that are handed over at a time."""

SECONDS_TO_SEND = 20.0
"""Seconds within which a client has to take a piece, or the answer ends there."""

UNREAD, UNREAD_PER_CLIENT = 256 * MIB, 48 * MIB
"""Bytes of answers that wait for their clients to read them, and those of one client."""

EXPORTS, EXPORTS_PER_CLIENT = 64, 4
"""Exports that wait for their clients to read them, each in a temporary file, and those of one."""

_CANCELLED = (Work.SCAN, Work.EXPORT, Work.STREAM)
"""Kinds of reads that are ended when their client has gone."""

_WITH_A_LARGE_BODY = {Work.NO_DATABASE: Work.SCAN, Work.SHORT_WRITE: Work.WRITE}
"""The kind that short work becomes when its body is large."""

QUICKLY_PARSED = 4096
"""Bytes of a body that are parsed in well under a millisecond, unless it is in parts."""

_KNOWN_PROOFS = 4096
_LENGTH = re.compile(r"[0-9]{1,18}")
_TOO_LONG = 2**62


class Front:
    """An ASGI application in front of the WSGI application `app`, in one worker process."""

    def __init__(self, app: App, backend: Backend, routes: Iterable[Route]) -> None:
        settings, database = backend.settings, backend.database
        self._app = app
        self._backend = backend
        self._resources = {route.path: route.resource for route in routes}
        self._clients = Clients(backend)
        self._bodies = Bodies(settings.import_max * MIB + MAX_BODY)
        self._unread = Room(UNREAD, UNREAD_PER_CLIENT)
        self._exports = Room(EXPORTS, EXPORTS_PER_CLIENT)
        self._draining = Draining(backend.feed.stop)
        self._limiting: asyncio.Future[None] | None = None
        seconds, threads = settings.lock_timeout, settings.threads

        def refuse(code: Code, message: str) -> WSGIApplication:
            return Envelope(refusal.Refusal(message, code=code), settings, backend.metrics)

        self._crowded = refuse(Code.BUSY, "There are too many requests at once; try again.")
        self._failed = refuse(Code.INTERNAL_ERROR, "Internal Server Error")
        self._late = refuse(Code.BODY_TIMEOUT, "The body did not come in time.")

        def in_threads(name: str, threads: int, per_client: int | None = None) -> ThreadExecutor:
            return ThreadExecutor(
                name,
                app,
                database,
                threads=threads,
                seconds=seconds,
                per_client=per_client,
                check=self._unread.must_not_be_full,
            )

        self._streams = in_threads("streams", 2)
        # More of one client would only wait for each other, in threads that others need.
        writes = self._other_writes = in_threads("other writes", threads, per_client=2)
        lookups: Executor
        short_writes: Executor
        if database.is_sqlite:
            lookups = LoopExecutor(app, seconds, self._unread.must_not_be_full)
            short_writes = WriteQueue(app, database, seconds)
        else:
            lookups = in_threads("lookups", threads)
            short_writes = writes
        self._executors: Mapping[Work, Executor] = {
            Work.NO_DATABASE: ImmediateExecutor(app),
            Work.LOOKUP: lookups,
            Work.SCAN: CostSharingExecutor(
                in_threads("scans", max(2, threads // 2)), in_threads("costly scans", 2)
            ),
            Work.PUBLIC_LIST: in_threads("public lists", 2),
            Work.SHORT_WRITE: short_writes,
            Work.WRITE: writes,
            Work.PASSWORD: in_threads("passwords", 2),
            Work.FILE: in_threads("imports", 3, per_client=1),
            Work.LARGE_FILE: in_threads("large imports", 1),
            Work.EXPORT: CostSharingExecutor(
                in_threads("exports", 3, per_client=1), in_threads("costly exports", 1)
            ),
            Work.STREAM: self._streams,
            Work.PROBE: in_threads("probes", 1),
        }

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request, or take part in the start and the end of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            environ = wsgi.environ_of(scope)
            client = self._clients.of(environ)
            request = _Request(environ, client, receive)
            try:
                with self._draining.request():
                    answer = await self._answer(request)
                    await self._finish(request)
                self._clients.learn(environ)
                await self._send(answer, request, send)
                if request.has_unread_body:
                    await bodies.drain(receive)
            finally:
                request.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        """Take part in the start and the end of the process, as ASGI's lifespan has them."""
        while (await receive())["type"] == "lifespan.startup":
            self._draining.listen(asyncio.get_running_loop())
            settings = self._backend.settings
            limiting = sockets.limit_sending(settings.port, settings.idle_timeout)
            self._limiting = asyncio.ensure_future(limiting)
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    async def _finish(self, request: "_Request") -> None:
        """Do what a request has left to be done, which is no work for the event loop."""
        for act in request.environ.get(passage.AFTERWARDS, ()):
            # A read does not wait for a writer: the next one finds the same left to be done.
            if self._other_writes.is_idle:
                with suppress(Overloaded):
                    await self._other_writes.run(request.client, act)

    async def _answer(self, request: "_Request") -> Answer:
        """Return the answer to a request, or a refusal."""
        environ = request.environ
        try:
            return await self._answer_with_body(request)
        except Overloaded:
            return wsgi.call(self._crowded, environ)
        except TimeoutError:
            return wsgi.call(self._late, environ)
        except Exception:
            log.exception("A request was not answered")
            return wsgi.call(self._failed, environ)

    async def _answer_with_body(self, request: "_Request") -> Answer:
        """Read the body and answer; raise Overloaded or, for a slow body, TimeoutError."""
        environ, client, receive = request.environ, request.client, request.receive
        work, length = self._work_of(environ), _content_length(environ)
        request.has_unread_body = length != 0
        if work not in (Work.NO_DATABASE, Work.PROBE):
            self._unread.must_not_be_full(client)
        if work is Work.EXPORT:
            self._exports.must_not_be_full(client)
        if work is Work.LOOKUP:
            environ[passage.AFTERWARDS] = []
        if length == 0:
            gone = request.gone() if work in _CANCELLED else None
            return await self._executors[work].answer(environ, client, gone)
        is_file = work is Work.FILE
        if is_file and (length is None or length > bodies.IN_MEMORY):
            refused = await self._refusal_of_caller(environ, client)
            if refused:
                return refused
        most = self._backend.settings.import_max * MIB if is_file else MAX_BODY
        if length is not None and length > most:
            # The application says so, without reading it. A proxy that has the same limit gives up
            # first, and makes an error of its own of an answer that comes before that.
            await bodies.drain(receive, most + MIB)
            return await self._executors[work].answer(environ, client, None)
        with self._draining.waiting_for_a_body():
            body = await self._bodies.read(receive, most, length, client)
        request.has_unread_body = body.size > most
        with closing(body):
            environ["wsgi.input"] = body.stream()
            work = work_with_body(environ, work, body.size)
            return await self._executors[work].answer(environ, client, None)

    async def _refusal_of_caller(self, environ: WSGIEnvironment, client: Client) -> Answer | None:
        """Return the answer to a caller who may not send a large body at all, None if they may."""
        on_commit = list[Callable[[], None]]()
        asked = {**environ, passage.BODY_TO_COME: True, passage.ON_COMMIT: on_commit}
        answer = await self._executors[Work.WRITE].answer(asked, client, None)
        if passage.within(asked).is_admitted:
            return None
        for act in on_commit:
            act()
        return answer

    def _work_of(self, environ: WSGIEnvironment) -> Work:
        """Return the kind of work that a request is."""
        route = self._app.route_of(environ)
        resource = self._resources.get(route) if route else None
        method = environ["REQUEST_METHOD"]
        verb = "get" if method == "HEAD" else method.lower()
        if resource is None or verb not in resource.verbs():
            return Work.NO_DATABASE
        return resource.work_of(verb, environ["QUERY_STRING"])

    async def _send(self, answer: Answer, request: "_Request", send: Send) -> None:
        """Send an answer, in pieces that the client has to take in time."""
        body = answer.body
        try:
            await send(wsgi.head_of(answer))
            if isinstance(body, ChangeStream):
                await self._send_stream(body, request, send)
            elif isinstance(body, list):
                await self._send_whole(b"".join(body), request.client, send)
            else:
                await self._send_file(body, request, send)
        except TimeoutError:
            # To end here without the last message is to cut the connection.
            pass
        finally:
            close = getattr(body, "close", None)
            if close:
                close()

    async def _send_whole(self, body: bytes, client: Client, send: Send) -> None:
        if len(body) <= PIECE:
            await send({"type": "http.response.body", "body": body})
            return
        async with asyncio.timeout(None) as deadline:
            unread = self._unread.hold(client, partial(expire, deadline))
            with closing(unread):
                unread.grow_anyway(len(body))
                for start in range(0, len(body), PIECE):
                    await _send_piece(body[start : start + PIECE], send)
                await _end(send)

    async def _send_file(self, pieces: Iterable[bytes], request: "_Request", send: Send) -> None:
        gone = request.gone()
        async with asyncio.timeout(None) as deadline:
            export = self._exports.hold(request.client, partial(expire, deadline))
            with closing(export):
                export.grow_anyway(1)
                for piece in pieces:
                    if gone.done():
                        return
                    await _send_piece(piece, send)
                await _end(send)

    async def _send_stream(self, stream: ChangeStream, request: "_Request", send: Send) -> None:
        loop, woken, gone = asyncio.get_running_loop(), asyncio.Event(), request.gone()
        gone.add_done_callback(lambda _: woken.set())
        stream.subscription.on_wake(lambda: loop.call_soon_threadsafe(woken.set))
        while not gone.done():
            woken.clear()
            try:
                found = await self._streams.run(request.client, stream.read)
            except Overloaded:
                found = [HEARTBEAT], TRY_AGAIN
            if found is None:
                break
            pieces, seconds = found
            for piece in pieces:
                for start in range(0, len(piece), PIECE):
                    await _send_piece(piece[start : start + PIECE], send)
            if not seconds:
                continue
            try:
                async with asyncio.timeout(seconds):
                    await woken.wait()
            except TimeoutError:
                if stream.seconds_left:
                    await _send_piece(HEARTBEAT, send)
        await _end(send)


class _Request:
    """One request: its environment, its client, and what tells of its body and its end."""

    def __init__(self, environ: WSGIEnvironment, client: Client, receive: Receive) -> None:
        self.environ = environ
        self.client = client
        self.receive = receive
        self.has_unread_body = False
        self._gone: asyncio.Future[None] | None = None

    def gone(self) -> asyncio.Future[None]:
        """Return what is done once the client has gone; nothing of the body is to be read then."""
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._wait_until_gone())
        return self._gone

    def close(self) -> None:
        """Wait no more."""
        if self._gone:
            self._gone.cancel()

    async def _wait_until_gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


class Clients:
    """Tells clients apart: by account, once a token was seen to be good, else by address."""

    def __init__(self, backend: Backend) -> None:
        self._settings = backend.settings
        self._known = OrderedDict[Proof, None]()

    def of(self, environ: WSGIEnvironment) -> Client:
        """Return whose request it is. A token that nobody has checked yet proves nothing."""
        proof = auth.proof_in(environ)
        if proof and proof in self._known:
            return proof[0]
        return caller_address.network_in(environ, self._settings)

    def learn(self, environ: WSGIEnvironment) -> None:
        """Remember the token of a request that was answered, if it was good."""
        this = environ.get(passage.KEY)
        if this is None or this.account is None:
            return
        proof = auth.proof_in(environ)
        if proof and proof not in self._known:
            self._known[proof] = None
            if len(self._known) > _KNOWN_PROOFS:
                self._known.popitem(last=False)


def work_with_body(environ: WSGIEnvironment, work: Work, size: int) -> Work:
    """Return the kind that some work is with a body of so many bytes."""
    if work is Work.FILE and size > LARGE:
        return Work.LARGE_FILE
    if size > bodies.IN_MEMORY:
        return _WITH_A_LARGE_BODY.get(work, work)
    if work is Work.NO_DATABASE and _takes_long_to_parse(environ, size):
        return Work.SCAN
    if work is Work.SHORT_WRITE and size > QUICKLY_PARSED:
        # Keys of long texts take milliseconds, for which those that share a commit would wait.
        return Work.WRITE
    return work


def _takes_long_to_parse(environ: WSGIEnvironment, size: int) -> bool:
    """Return whether parsing a body may take milliseconds, too long for the event loop."""
    return size > QUICKLY_PARSED or "multipart" in environ.get("CONTENT_TYPE", "").lower()


def _content_length(environ: WSGIEnvironment) -> int | None:
    """Return how long the body is, None if it is chunked; without any it is 0."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    length = environ.get("CONTENT_LENGTH", "0")
    return int(length) if _LENGTH.fullmatch(length) else _TOO_LONG


async def _send_piece(piece: bytes, send: Send) -> None:
    """Send a piece; raise TimeoutError if the client does not take it in time."""
    async with asyncio.timeout(SECONDS_TO_SEND):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    # Where nobody reads any more nothing waits, so a long answer would keep the loop to itself.
    await asyncio.sleep(0)


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b""})
