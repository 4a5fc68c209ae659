"""Response cache: answers a repeated GET again as long as nothing in the caller's account changed.

One query tells whether the token is valid and which version its account has. A response that was
made at the same version is still right. So the cache is right on every process and every node, and
none of them has to notify the others. On SQLite, that query runs only once between two writes. The
application decides which responses may be cached, see `Passage.state`.

The cache counts every byte that an entry takes: a client chooses the path and the query.
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.http import parse_etags, unquote_etag

from todo_api.database import Database
from todo_api.errors import Problem
from todo_api.resources import auth, compression, passage
from todo_api.resources.passage import Passage
from todo_api.services.states import States
from todo_api.values.proofs import Proof

Key = tuple[str, str, Proof, str | None]
"""The path, the query and the token of a request, and the coding that its client prefers.

Besides If-None-Match, a cached response depends on nothing else in a request.
"""

LONGEST_QUERY = 1_024
"""Characters of a query that is looked up. Cursors of ordinary lists take some hundred."""

LARGEST_SHARE = 1 / 8
"""How much of the room one entry may take, so that a few large ones do not evict all others."""

ENTRY_OVERHEAD = 320
"""Bytes of an `Entry` (88), the number in it (28) and its place in the OrderedDict (up to 191, as
tracemalloc measures it right after the dictionary has grown), rounded up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A response with status 200, as the application made it at a `version` of the account.

    The `body` is None if the client had the response already and got a 304. `size` is in bytes.
    """

    version: str
    etag: str
    headers: list[tuple[str, str]]
    body: bytes | None
    route: str | None
    cache_control: str
    size: int

    def validators(self) -> list[tuple[str, str]]:
        """Return the headers of a 304, which are those that a 200 would have (RFC 9110, 15.4.5)."""
        return [pair for pair in self.headers if pair[0] in ("ETag", "Vary")]


class ResponseCache:
    """A WSGI application around `app` that caches up to `room` bytes of its responses."""

    def __init__(self, app: WSGIApplication, database: Database, room: int) -> None:
        self._app = app
        self._states = States(database)
        self._room = room
        self._size = 0
        self._entries = OrderedDict[Key, Entry]()
        self._changing = threading.Lock()

    @property
    def size(self) -> int:
        """How many bytes the entries and their keys take."""
        return self._size

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does."""
        key = _key(environ)
        if key is None:
            return self._app(environ, start_response)
        this = passage.within(environ)
        entry = self._entries.get(key)
        if entry and not this.wrong and self._is_current(entry, key, this):
            if (known := environ.get("HTTP_IF_NONE_MATCH")) and _matches(known, entry):
                start_response("304 NOT MODIFIED", entry.validators())
                return []
            if entry.body is not None:
                start_response("200 OK", [*entry.headers])
                return [entry.body]
        return self._ask(key, this, environ, start_response)

    def _is_current(self, entry: Entry, key: Key, this: Passage) -> bool:
        """Look up the account's version; the application reports what goes wrong with that."""
        try:
            version = self._states.of(key[2])
        except Problem as problem:
            this.wrong = problem
            return False
        if version != entry.version:
            return False
        this.account, this.route, this.cache = key[2][0], entry.route, entry.cache_control
        return True

    def _ask(
        self, key: Key, this: Passage, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let the application answer, and cache the response if it may be cached."""
        head: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            head[:] = status, [*headers]
            return start_response(status, headers, exc_info)

        body = self._app(environ, start)
        if this.state:
            status, headers = head
            match body:
                case [bytes() as whole] if status == "200 OK":
                    self._store(key, this, headers, whole)
                case _ if status == "304 NOT MODIFIED":
                    self._store(key, this, headers, None)
        return body

    def _store(
        self, key: Key, this: Passage, headers: list[tuple[str, str]], body: bytes | None
    ) -> None:
        """Store a response in place of an earlier one, and evict the oldest ones for it."""
        assert this.state
        etag = next(value for name, value in headers if name == "ETag")
        if body is not None:
            # orjson returns its whole buffer, which may be many times as large as what is in it.
            body = bytes(memoryview(body))
        size = _size(key, this.state, headers, body)
        entry = Entry(this.state, etag, headers, body, this.route, this.cache, size)
        with self._changing:
            if former := self._entries.pop(key, None):
                self._size -= former.size
            if size > self._room * LARGEST_SHARE:
                return
            self._entries[key] = entry
            self._size += size
            while self._size > self._room:
                _, oldest = self._entries.popitem(last=False)
                self._size -= oldest.size


def _key(environ: WSGIEnvironment) -> Key | None:
    """Return the key of the response to a request, None if that is never cached."""
    query = environ["QUERY_STRING"]
    if environ["REQUEST_METHOD"] != "GET" or len(query) > LONGEST_QUERY:
        return None
    proof = auth.proof_in(environ)
    return (environ["PATH_INFO"], query, proof, compression.chosen(environ)) if proof else None


def _size(key: Key, version: str, headers: list[tuple[str, str]], body: bytes | None) -> int:
    """Return how many bytes an entry and its key take.

    What the entry shares with the rest of the program, such as names of headers, counts as well.
    """
    path, query, proof, _ = key
    parts: list[object] = [key, path, query, proof, *proof, version, headers, body]
    for pair in headers:
        parts += [pair, *pair]
    return ENTRY_OVERHEAD + sum(map(sys.getsizeof, parts))


def _matches(known: str, entry: Entry) -> bool:
    """Return whether an If-None-Match names the entry's ETag."""
    tag, _ = unquote_etag(entry.etag)
    return known == entry.etag or parse_etags(known).contains_weak(tag)
