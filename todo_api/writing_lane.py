"""The lane of short writes, where those that wait together share a commit."""

import threading
import time
from collections.abc import Callable
from wsgiref.types import WSGIApplication, WSGIEnvironment

from todo_api import part
from todo_api.database import Database
from todo_api.lanes import Answer, Answering, Away, Brought
from todo_api.lines import Lines
from todo_api.places import WAITING
from todo_api.resources import passage
from todo_api.turns import Turns


class WritingLane:
    """Answers writes; those in one line share a commit, before any of them is answered.

    `line_of` tells in which one a request is. One thread at a time works on a line, up to `hands`
    on all, and is `away` meanwhile. Where the commit fails each is done again by itself, by
    `in_turn`, and has an answer of its own; where nobody knows whether it did, all are refused.
    Bodies are in memory.
    """

    def __init__(
        self,
        app: WSGIApplication,
        in_turn: Turns,
        database: Database,
        line_of: Callable[[WSGIEnvironment], str],
        away: Away,
        *,
        hands: int,
        patience: float,
    ) -> None:
        self._app = app
        self._in_turn = in_turn
        self._database = database
        self._line_of = line_of
        self._away = away
        self._patience = patience
        self._lines = Lines[Brought]()
        self._hands = threading.Semaphore(hands)

    def take(self, to: Answering, environ: WSGIEnvironment) -> None:
        """Answer a request, or leave it to a thread that answers another one."""
        if self._lines.length > WAITING:
            Answer(self._in_turn.refuse, environ).send(to)
            return
        self._lines.put(self._line_of(environ), Brought(to, environ, time.monotonic()))
        while self._lines.has_free and self._hands.acquire(blocking=False):
            try:
                with self._away():
                    self._work()
            finally:
                self._hands.release()

    def _work(self) -> None:
        while (line := self._lines.take()) is not None:
            try:
                self._work_together(line)
            finally:
                self._lines.leave(line)

    def _work_together(self, line: str) -> None:
        done = list[_Done]()
        with self._database.together() as writes:
            until = 0.0
            while brought := self._lines.next(line):
                if time.monotonic() > brought.at + self._patience:
                    Answer(self._in_turn.refuse, brought.environ).send(brought.to)
                    continue
                writes.since, writes.sent_away = brought.at, False
                done.append(_Done(self._app, brought))
                done[-1].is_undone = writes.sent_away
                # The first one may have waited for its turn, which is no reason to let others wait.
                until = until or time.monotonic() + part.LONGEST
                if len(done) >= part.MOST or time.monotonic() >= until:
                    break
        for each in done:
            if writes.is_lost or each.is_undone:
                each.do_again(self._in_turn)
            elif writes.is_unknown:
                each.do_again(self._in_turn.refuse)
            else:
                each.tell()


class _Done:
    """A write that is answered, but not yet told so."""

    is_undone = False
    """Whether it is to be done by itself."""

    def __init__(self, app: WSGIApplication, brought: Brought) -> None:
        self._to, self._environ, _ = brought
        self._afterwards = list[Callable[[], None]]()
        self._answer = Answer(app, {**brought.environ, passage.AFTERWARDS: self._afterwards})

    def tell(self) -> None:
        """Tell whoever asked, and all who want to know."""
        self._answer.send(self._to)
        for each in self._afterwards:
            each()

    def do_again(self, app: WSGIApplication) -> None:
        """Answer anew."""
        self._environ["wsgi.input"].seek(0)
        Answer(app, self._environ).send(self._to)
