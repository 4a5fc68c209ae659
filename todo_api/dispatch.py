"""Dispatch: what is short is answered by one thread after the other's, the rest in turn.

Threads that all want the interpreter's lock spend more time on handing it on than on short answers:
with sixteen of them one took two to three times its processor time. So granian's threads, of which
there is one for each request at a time, leave what is short to a lane, which is a single thread
with a line before it. There are two, so that nothing that needs no database waits for one that
does. What may make its thread wait is answered by the thread that brings it, when `turns` says so:
a write, a body, a stream, a search, and all that asks PostgreSQL. Whoever looks into SQLite waits
for nobody.
"""

import logging
import re
import sys
import threading
from collections.abc import Set as AbstractSet
from queue import SimpleQueue
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
    """A thread that answers one request after the other by `app`, and the line before it."""

    def __init__(self, app: WSGIApplication, name: str) -> None:
        self._app = app
        self._line = SimpleQueue[tuple[Answering, WSGIEnvironment]]()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    @property
    def is_full(self) -> bool:
        """Whether too many wait by now."""
        return self._line.qsize() > WAITING

    def append(self, to: Answering, environ: WSGIEnvironment) -> None:
        """Let a request wait for its answer, which `to` gets."""
        self._line.put((to, environ))

    def _work(self) -> None:
        while True:
            to, environ = self._line.get()
            try:
                answer(self._app, to, environ)
            except Exception:
                log.exception("A request was not answered")
                to.response_bytes(500, [], b"")


class Dispatcher:
    """What granian calls for each request.

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
        self._aside, self._reads = Lane(app, "aside"), Lane(app, "reads")

    def __call__(self, to: Answering, asked: WSGIEnvironment) -> None:
        """Answer a request, or let a lane do so."""
        environ = {**_ENVIRONMENT, **asked}
        lane = self._lane(environ)
        if lane is None:
            answer(self._in_turn, to, environ)
        elif lane.is_full:
            answer(self._refuse, to, environ)
        else:
            lane.append(to, environ)

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
