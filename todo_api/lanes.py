"""Lanes: requests that are answered one after the other, by whichever thread finds a free hand.

Threads that all want the interpreter's lock spend more time on handing it on than on short answers:
with sixteen of them one took two to three times its processor time.
"""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from granian import wsgi

from todo_api.places import WAITING

log = logging.getLogger(__name__)

STALLED = 0.005
"""Seconds after which whoever is at work on one request must be waiting for something."""

Away = Callable[[], AbstractContextManager[None]]
"""Makes up for a thread that may have to wait, see `crew`."""

_granian: Any = wsgi


class Answering(Protocol):
    """Granian's side of one request, which takes the answer from whichever thread has it."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer with a body that is there."""

    def response_iter(self, status: int, headers: list[tuple[str, str]], body: Any) -> None:
        """Answer with a body that comes bit by bit; return at its end."""


class Answer:
    """What `app` answers to a request; where it fails unforeseen, a 500."""

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        self._head = _granian.Response()
        try:
            self._body = app(environ, self._head)
        except Exception:
            log.exception("A request was not answered")
            self._head, self._body = _granian.Response(), []
            self._head.status = 500

    def send(self, to: Answering) -> None:
        """Send it; of a body that comes bit by bit, wait for the end."""
        status, headers = self._head.status, self._head.headers
        if isinstance(self._body, list):
            to.response_bytes(status, headers, b"".join(self._body))
        else:
            to.response_iter(status, headers, _granian.ResponseIterWrap(self._body))


class Lane:
    """A line of requests that are answered by `app` one after the other, by up to `hands` threads.

    The thread that brings one answers it, and others that are brought meanwhile; where all hands
    are at work it goes on at once. So no thread has to be woken for an answer, or to wait for its
    turn. Up to so many `helpers` answer beside hands that are stalled. Whom there is no room for,
    and who has waited for more than `patience` seconds, is answered by `refuse`. A thread that
    answers is `away` meanwhile.
    """

    def __init__(
        self,
        app: WSGIApplication,
        refuse: WSGIApplication,
        *,
        patience: float,
        hands: int = 1,
        helpers: int = 0,
        away: Away = nullcontext,
    ) -> None:
        self._app = app
        self._away = away
        self._refuse = refuse
        self._patience = patience
        self._line = deque[Brought]()
        self._hands = threading.Lock() if hands == 1 else threading.Semaphore(hands)
        self._helpers = threading.Semaphore(helpers)
        self._begun = math.inf

    def take(self, to: Answering, environ: WSGIEnvironment) -> None:
        """Answer a request, or leave it to a thread that answers another one."""
        if len(self._line) > WAITING:
            Answer(self._refuse, environ).send(to)
            return
        self._line.append(Brought(to, environ, time.monotonic()))
        # Whoever has just answered the last one may not have seen this one.
        while self._line and self._hands.acquire(blocking=False):
            try:
                with self._away():
                    self._work()
            finally:
                self._hands.release()
        if self._is_stalled() and self._helpers.acquire(blocking=False):
            try:
                with self._away():
                    self._help()
            finally:
                self._helpers.release()

    def _work(self) -> None:
        while brought := self._next():
            self._begun = time.monotonic()
            self._answer(brought, self._begun)

    def _help(self) -> None:
        """Answer what stands in line for as long as no hand gets on."""
        while self._is_stalled() and (brought := self._next()):
            self._answer(brought, time.monotonic())

    def _is_stalled(self) -> bool:
        return bool(self._line) and time.monotonic() > self._begun + STALLED

    def _answer(self, brought: "Brought", now: float) -> None:
        is_late = now > brought.at + self._patience
        Answer(self._refuse if is_late else self._app, brought.environ).send(brought.to)

    def _next(self) -> "Brought | None":
        """Take the first one of the line; None where there is none any more."""
        try:
            return self._line.popleft()
        except IndexError:
            return None


class Brought(NamedTuple):
    """A request, and when it was brought, in time.monotonic()."""

    to: Answering
    environ: WSGIEnvironment
    at: float
