"""Dispatch: what is short is answered in a lane, one after the other, the rest in turn.

Granian has a thread for each request at a time. There is a lane for what needs no database, so that
it waits for nothing that does, one for looks into SQLite, which wait for nobody, and one for writes
into it that are short. What else may make its thread wait is answered by the thread that brings it,
when `turns` says so: a large body, a stream, a search, and all that asks PostgreSQL.
"""

import re
import sys
from collections.abc import Set as AbstractSet
from wsgiref.types import WSGIApplication, WSGIEnvironment

from todo_api.database import Database
from todo_api.lanes import Answer, Answering, Lane, WritingLane
from todo_api.turns import READS, Turns, first_segment, may_have_body

_LONG = re.compile(r".*/(?:events|export|total|ready)/?", re.DOTALL)
_KEYED = re.compile(r"(?:(?:limit|after|sort|since|itemname)=[^&]*&?)*")
"""A query that an index answers, however much there is."""

_OF_TASKS = re.compile(r"/api/v1/accounts/[^/]+/tasks(?:/[0-9]+(?:/restore)?)?/?")
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_SHORT_LENGTH = re.compile(r"[0-9]{1,5}")

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


class Dispatcher:
    """What granian calls for each request, in a thread of its own.

    `app` answers what is short, `in_turn` the rest, and `refuse` whom no lane has room for.
    `stored` are the first segments of all paths that need the `database`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        in_turn: Turns,
        refuse: WSGIApplication,
        database: Database,
        *,
        stored: AbstractSet[str],
    ) -> None:
        self._in_turn = in_turn
        self._refuse = refuse
        self._stored = stored
        self._aside = Lane(app)
        self._reads = Lane(app) if database.is_sqlite else None
        self._writes = WritingLane(app, in_turn, database) if database.is_sqlite else None

    def __call__(self, to: Answering, environ: WSGIEnvironment) -> None:
        """Answer a request, or let a lane do so."""
        environ.update(_ENVIRONMENT)
        lane = self._lane(environ)
        if lane is None:
            Answer(self._in_turn, environ).send(to)
        elif lane.is_full:
            Answer(self._refuse, environ).send(to)
        else:
            lane.take(to, environ)

    def _lane(self, environ: WSGIEnvironment) -> Lane | None:
        """Return the lane of a request that is short, None for another one."""
        if environ["REQUEST_METHOD"] in READS and not may_have_body(environ):
            if first_segment(environ) not in self._stored:
                return self._aside
            return self._reads if _is_short_read(environ) else None
        if self._writes and _is_short_write(environ) and self._in_turn.fetch(environ):
            return self._writes
        return None


def _is_short_read(environ: WSGIEnvironment) -> bool:
    may_wait = _LONG.fullmatch(environ["PATH_INFO"])
    return not may_wait and bool(_KEYED.fullmatch(environ["QUERY_STRING"]))


def _is_short_write(environ: WSGIEnvironment) -> bool:
    if environ["REQUEST_METHOD"] not in _WRITES or "HTTP_TRANSFER_ENCODING" in environ:
        return False
    length = _SHORT_LENGTH.fullmatch(environ.get("CONTENT_LENGTH", "0"))
    return bool(length and _OF_TASKS.fullmatch(environ["PATH_INFO"]))
