"""Lanes: requests that are answered one after the other, by whichever thread finds nobody at work.

Threads that all want the interpreter's lock spend more time on handing it on than on short answers:
with sixteen of them one took two to three times its processor time.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from granian import wsgi

from todo_api import sqlite_writers
from todo_api.database import Database
from todo_api.places import WAITING
from todo_api.resources import passage

log = logging.getLogger(__name__)

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
    """A line of requests that are answered by `app` one after the other.

    The thread that brings one answers it, and all that others bring meanwhile, who go on at once:
    no thread has to be woken for an answer.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._line = deque[tuple[Answering, WSGIEnvironment]]()
        self._busy = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether too many wait by now."""
        return len(self._line) > WAITING

    def take(self, to: Answering, environ: WSGIEnvironment) -> None:
        """Answer a request, or leave it to the thread that answers another one."""
        self._line.append((to, environ))
        # Whoever has just answered the last one may not have seen this one.
        while self._line and self._busy.acquire(blocking=False):
            try:
                self._work()
            finally:
                self._busy.release()

    def _work(self) -> None:
        while self._line:
            to, environ = self._line.popleft()
            Answer(self._app, environ).send(to)


class WritingLane(Lane):
    """A lane of writes into SQLite: those that wait together share a commit, before any answer.

    Where that fails, each is done again by itself, by `in_turn`, and has an answer of its own.
    Their bodies are in memory.
    """

    ARRIVED = "todo_api.arrived"

    def __init__(self, app: WSGIApplication, in_turn: WSGIApplication, database: Database) -> None:
        super().__init__(app)
        self._in_turn = in_turn
        self._database = database

    def take(self, to: Answering, environ: WSGIEnvironment) -> None:
        """Write, or leave that to the thread that does other writes."""
        environ[self.ARRIVED] = time.monotonic()
        super().take(to, environ)

    def _work(self) -> None:
        while self._line:
            self._work_together()

    def _work_together(self) -> None:
        done = list[_Done]()
        with self._database.together() as writes:
            until = time.monotonic() + sqlite_writers.LONGEST
            while self._line:
                to, environ = self._line.popleft()
                writes.since = environ[self.ARRIVED]
                done.append(_Done(self._app, to, environ))
                if len(done) >= sqlite_writers.MOST or time.monotonic() >= until:
                    break
        for each in done:
            each.do_again(self._in_turn) if writes.is_lost else each.tell()


class _Done:
    """A write that is answered, but not yet told so."""

    def __init__(self, app: WSGIApplication, to: Answering, environ: WSGIEnvironment) -> None:
        self._to = to
        self._environ = {**environ}
        self._afterwards = environ[passage.AFTERWARDS] = list[Callable[[], None]]()
        self._answer = Answer(app, environ)

    def tell(self) -> None:
        """Tell whoever asked, and all who want to know."""
        self._answer.send(self._to)
        for each in self._afterwards:
            each()

    def do_again(self, app: WSGIApplication) -> None:
        """Answer anew."""
        self._environ["wsgi.input"].seek(0)
        Answer(app, self._environ).send(self._to)
