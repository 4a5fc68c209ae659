"""Dispatch: what is short is answered in a lane, one after the other, the rest in turn.

One of granian's threads takes the requests, see `crew`. There is a lane for what needs no database,
so that it waits for nothing that does, one for reads that are short and one for such writes.
Whoever looks into SQLite waits for nobody, so one thread is the best, as it is where PostgreSQL is
near; the farther away it is, the longer its answers take, and the more threads ask it. What else
may make its thread wait is answered when `turns` says so: a login, a search, a stream. That does a
thread of its own, since reads take up to a sixth more of the processor when another begins to take
requests; but who takes one with a large body answers it, since granian keeps that no longer.
"""

import math
import re
import sys
import threading
from collections.abc import Set as AbstractSet
from wsgiref.types import WSGIApplication, WSGIEnvironment

from todo_api.crew import Crew
from todo_api.database import Database
from todo_api.lanes import Answer, Answering, Lane
from todo_api.resources import auth
from todo_api.staying import AwayFromMany, Trust
from todo_api.turns import READS, Turns, first_segment, may_have_body
from todo_api.writing_lane import WritingLane

_LONG = re.compile(r".*/(?:events|export|total|ready)/?", re.DOTALL)
_KEYED = re.compile(r"(?:(?:limit|after|sort|since|itemname)=[^&]*&?)*")
"""A query that an index answers, however much there is."""

_OF_TASKS = re.compile(r"/api/v1/accounts/[^/]+/tasks(?:/[0-9]+(?:/restore)?)?/?")
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_SHORT_LENGTH = re.compile(r"[0-9]{1,5}")

_WORK = 0.0002
"""Seconds that a short read keeps the interpreter busy, beside the wait for the database."""

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
    """What granian calls for each request, in one of its threads, which are the `crew`.

    `app` answers what is short, in up to `hands` threads where they wait for the `database`, whose
    answers take `round_trip` seconds at best; `in_turn` the rest. `stored` are the first segments
    of all paths that need it.
    """

    def __init__(
        self,
        app: WSGIApplication,
        in_turn: Turns,
        database: Database,
        hands: int,
        crew: Crew,
        *,
        round_trip: float,
        stored: AbstractSet[str],
    ) -> None:
        refuse, patience = in_turn.refuse, in_turn.patience
        self._in_turn = in_turn
        self._crew = crew
        self._stored = stored
        self._fetching = threading.Lock()
        self._short_bodies = Trust()
        self._aside = Lane(app, refuse, patience=patience)
        if database.is_sqlite:
            self._reads = Lane(app, refuse, patience=patience)
            away = AwayFromMany(crew.away)
            self._writes = WritingLane(
                app, in_turn, database, _all, away, hands=1, patience=math.inf
            )
            return
        # As many as keep the interpreter busy while each waits; more would only fight over it.
        # Another takes what comes meanwhile, since /health would stand in granian's own line, too.
        reading = int(min(hands, 1 + round_trip / _WORK))
        self._reads = Lane(
            app,
            refuse,
            patience=patience,
            hands=reading,
            helpers=hands - reading,
            away=crew.away,
        )
        self._writes = WritingLane(
            app, in_turn, database, _account, crew.away, hands=hands, patience=patience
        )

    def __call__(self, to: Answering, environ: WSGIEnvironment) -> None:
        """Answer a request, or let a lane do so."""
        self._crew.start()
        # Granian keeps its own until the call returns, and so what is in it while the thread rests.
        self._take(to, {**environ, **_ENVIRONMENT})
        self._crew.finish()

    def _take(self, to: Answering, environ: WSGIEnvironment) -> None:
        if lane := self._lane(environ):
            lane.take(to, environ)
        elif may_have_body(environ) and not (_has_short_body(environ) and self._fetch(environ)):
            with self._crew.away():
                self._answer(to, environ)
        else:
            threading.Thread(target=self._answer, args=[to, environ], daemon=True).start()

    def _answer(self, to: Answering, environ: WSGIEnvironment) -> None:
        """Answer a request that may take long."""
        Answer(self._in_turn, environ).send(to)

    def _lane(self, environ: WSGIEnvironment) -> Lane | WritingLane | None:
        """Return the lane of a request that is short, None for another one."""
        if environ["REQUEST_METHOD"] in READS and not may_have_body(environ):
            if first_segment(environ) not in self._stored:
                return self._aside
            return self._reads if _is_short_read(environ) else None
        is_fetched = _is_short_write(environ) and self._fetch(environ)
        return self._writes if is_fetched else None

    def _fetch(self, environ: WSGIEnvironment) -> bool:
        """Read a body; return whether there was room.

        Most are there by now, and are read sooner than another thread is woken.
        """
        if not self._short_bodies or not self._fetching.acquire(blocking=False):
            with self._crew.away():
                return self._in_turn.fetch(environ)
        try:
            with self._short_bodies.put():
                return self._in_turn.fetch(environ)
        finally:
            self._fetching.release()


def _all(_environ: WSGIEnvironment) -> str:
    """Put all writes in one line: SQLite has one writer, whose patience is the database's own."""
    return ""


def _account(environ: WSGIEnvironment) -> str:
    """Put the writes of an account in a line of its own, since they hold its row.

    That is the account of who calls, whatever the path says: others never wait for it.
    """
    return str(auth.owner_in(environ))


def _is_short_read(environ: WSGIEnvironment) -> bool:
    may_wait = _LONG.fullmatch(environ["PATH_INFO"])
    return not may_wait and bool(_KEYED.fullmatch(environ["QUERY_STRING"]))


def _is_short_write(environ: WSGIEnvironment) -> bool:
    is_write = environ["REQUEST_METHOD"] in _WRITES and _has_short_body(environ)
    return is_write and bool(_OF_TASKS.fullmatch(environ["PATH_INFO"]))


def _has_short_body(environ: WSGIEnvironment) -> bool:
    """Return whether what is to be read is short, or nothing."""
    length = _SHORT_LENGTH.fullmatch(environ.get("CONTENT_LENGTH", "0"))
    return bool(length) and "HTTP_TRANSFER_ENCODING" not in environ
