"""Dispatch: what is short is answered one after the other, the rest in turn.

Threads that all want the interpreter's lock spend more time on handing it on than on short answers:
with sixteen of them one took two to three times its processor time. So granian's threads, of which
there is one for each request at a time, put what is short in a lane, where one of them answers what
all bring. There are two lanes, so that nothing that needs no database waits for one that does. What
may make its thread wait is answered by the thread that brings it, when `turns` says so: a write, a
body, a stream, a search, and all that asks PostgreSQL. Whoever looks into SQLite waits for nobody.
"""

import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Set as AbstractSet
from typing import Any, Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from granian import wsgi

from todo_api.turns import READS, WAITING, first_segment, may_have_body

log = logging.getLogger(__name__)

_LONG = re.compile(r".*/(?:events|export|total|ready)/?", re.DOTALL)
_KEYED = re.compile(r"(?:(?:limit|after|sort|since|itemname)=[^&]*&?)*")
"""A query that an index answers, however much there is."""

_ENVIRONMENT: WSGIEnvironment = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}
"""What granian leaves to its wrapper to say."""

_granian: Any = wsgi


class Answering(Protocol):
    """Granian's side of one request, which takes the answer from whichever thread has it."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer with a body that is there."""

    def response_iter(self, status: int, headers: list[tuple[str, str]], body: Any) -> None:
        """Answer with a body that comes bit by bit; return at its end."""


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
                self._answer_all()
            finally:
                self._busy.release()

    def _answer_all(self) -> None:
        while self._line:
            to, environ = self._line.popleft()
            try:
                answer(self._app, to, environ)
            except Exception:
                log.exception("A request was not answered")
                to.response_bytes(500, [], b"")


class Dispatcher:
    """What granian calls for each request, in a thread of its own.

    `app` answers what is short, `in_turn` the rest, and `refuse` whom no lane has room for.
    `stored` are the first segments of all paths that need the database, and `looks` tells whether
    it is one into which one looks without waiting.
    """

    def __init__(
        self,
        app: WSGIApplication,
        in_turn: WSGIApplication,
        refuse: WSGIApplication,
        *,
        stored: AbstractSet[str],
        looks: bool,
    ) -> None:
        self._in_turn = in_turn
        self._refuse = refuse
        self._stored = stored
        self._looks = looks
        self._aside, self._reads = Lane(app), Lane(app)

    def __call__(self, to: Answering, environ: WSGIEnvironment) -> None:
        """Answer a request, or let a lane do so."""
        environ.update(_ENVIRONMENT)
        lane = self._lane(environ)
        if lane is None:
            answer(self._in_turn, to, environ)
        elif lane.is_full:
            answer(self._refuse, to, environ)
        else:
            lane.take(to, environ)

    def _lane(self, environ: WSGIEnvironment) -> Lane | None:
        """Return the lane of a request that is short, None for another one."""
        if environ["REQUEST_METHOD"] not in READS or may_have_body(environ):
            return None
        if first_segment(environ) not in self._stored:
            return self._aside
        is_short = not _LONG.fullmatch(environ["PATH_INFO"]) and _KEYED.fullmatch(
            environ["QUERY_STRING"]
        )
        return self._reads if self._looks and is_short else None


def answer(app: WSGIApplication, to: Answering, environ: WSGIEnvironment) -> None:
    """Answer a request by `app`."""
    head = _granian.Response()
    body = app(environ, head)
    if isinstance(body, list):
        to.response_bytes(head.status, head.headers, b"".join(body))
    else:
        to.response_iter(head.status, head.headers, _granian.ResponseIterWrap(body))
