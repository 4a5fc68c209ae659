"""Answers kept: what somebody asks again is answered again, as long as nothing of theirs changed.

The one question that this takes tells whether the token lives and at which revision its account is;
an answer of the same revision is the same. So it is right on every process and node without any of
them telling the others; of SQLite it is asked once until somebody writes. The application decides
what may be kept, see `Passage.state`.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.http import parse_etags

from todo_api.database import Database
from todo_api.errors import Problem
from todo_api.resources import auth, passage
from todo_api.resources.passage import Passage
from todo_api.services.states import States
from todo_api.values.proofs import Proof

Key = tuple[str, str, Proof]
"""The path, the query and the token: all of a request that such an answer depends on, but for an
If-None-Match."""

BESIDE = 1_000
"""Bytes that an answer takes beside its body and its key, about."""

LONGEST_QUERY = 1_000
"""Characters that a query may have whose answer is kept. Hardly anybody asks a longer one twice."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with status 200, as the application gave it when its account was in `state`.

    Of one that was asked for by who has it, there is no body.
    """

    state: str
    etag: str
    headers: list[tuple[str, str]]
    body: bytes | None
    route: str | None
    cache: str

    def size(self, key: Key) -> int:
        """Return how many bytes it takes with its key, about; a character may take four."""
        path, query, _ = key
        return BESIDE + 4 * (len(path) + len(query)) + len(self.body or b"")


class Kept:
    """A WSGI application around `app` that keeps up to `room` bytes of what it answered."""

    def __init__(self, app: WSGIApplication, database: Database, room: int) -> None:
        self._app = app
        self._states = States(database)
        self._room = room
        self._taken = 0
        self._answers = OrderedDict[Key, Answer]()
        self._changing = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does."""
        key = _key(environ)
        if key is None:
            return self._app(environ, start_response)
        this = passage.within(environ)
        kept = self._answers.get(key)
        if kept and not this.wrong and self._is_true(kept, key, this):
            if (known := environ.get("HTTP_IF_NONE_MATCH")) and _has(known, kept):
                start_response("304 NOT MODIFIED", [("ETag", kept.etag)])
                return []
            if kept.body is not None:
                start_response("200 OK", [*kept.headers])
                return [kept.body]
        return self._ask(key, this, environ, start_response)

    def _is_true(self, kept: Answer, key: Key, this: Passage) -> bool:
        """Ask the database; what goes wrong then is for the application to say."""
        try:
            found = self._states.of(key[2])
        except Problem as problem:
            this.wrong = problem
            return False
        if found != kept.state:
            return False
        this.account, this.route, this.cache = key[2][0], kept.route, kept.cache
        return True

    def _ask(
        self, key: Key, this: Passage, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let the application answer, and keep that if it may be kept."""
        head: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            head[:] = status, [*headers]
            return start_response(status, headers, exc_info)

        body = self._app(environ, start)
        if this.state:
            status, headers = head
            match body:
                case [bytes() as whole] if status == "200 OK":
                    self._keep(key, this, headers, whole)
                case _ if status == "304 NOT MODIFIED":
                    self._keep(key, this, headers, None)
        return body

    def _keep(
        self, key: Key, this: Passage, headers: list[tuple[str, str]], body: bytes | None
    ) -> None:
        assert this.state
        etag = next(value for name, value in headers if name == "ETag")
        answer = Answer(this.state, etag, headers, body, this.route, this.cache)
        size = answer.size(key)
        if size > self._room:
            return
        with self._changing:
            if former := self._answers.pop(key, None):
                self._taken -= former.size(key)
            self._answers[key] = answer
            self._taken += size
            while self._taken > self._room:
                oldest_key, oldest = self._answers.popitem(last=False)
                self._taken -= oldest.size(oldest_key)


def _key(environ: WSGIEnvironment) -> Key | None:
    """Return under what the answer to a request is kept, None if it is not."""
    if environ["REQUEST_METHOD"] != "GET" or len(environ["QUERY_STRING"]) > LONGEST_QUERY:
        return None
    proof = auth.proof_in(environ)
    return (environ["PATH_INFO"], environ["QUERY_STRING"], proof) if proof else None


def _has(known: str, kept: Answer) -> bool:
    return known == kept.etag or parse_etags(known).contains_weak(kept.etag.strip('"'))
