"""Events: changes as they happen, as server-sent events.

See https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

import time
from collections.abc import Iterator
from typing import Any

from flask import Response, request

from todo_api.database import Database
from todo_api.errors import Unavailable
from todo_api.models import Owner
from todo_api.resources import auth, json_text
from todo_api.resources.auth import OWNER
from todo_api.resources.of_account import AccountEndpoint
from todo_api.resources.work import Work
from todo_api.schemas.change import ChangesSchema, EventQuery
from todo_api.services import callers, changes
from todo_api.services.feed import Subscription
from todo_api.services.paging import LARGEST

EVENT_STREAM = "text/event-stream"
LAST_EVENT_ID = "Last-Event-ID"

LONGEST = 600.0
"""Seconds after which a stream ends; its client comes back with the last event's id."""

BEAT = 15.0
"""Seconds of silence after which a comment says that the stream is alive."""

LARGE = 64 * 1024
"""Bytes from which on changes come in several events, so that none takes much memory."""

TRY_AGAIN = 1.0
"""Seconds after which a stream looks again for a database that is out of reach."""

HEARTBEAT = b":\n\n"
_HEAD = b"retry: 1000\n\n"
_CHANGES = ChangesSchema()


class EventStream(AccountEndpoint):
    """What changes in an account, told as it happens."""

    strict = True
    access = {"get": OWNER}
    asks = {"get": EventQuery()}
    work = {"get": Work.STREAM}
    media = {"get": (EVENT_STREAM,)}
    gives = {"get": _CHANGES}
    cache = "no-store"

    def get(self, account: Owner, query: dict[str, Any]) -> Response:
        """Follow the changes: what was missed since the last event first, then what happens."""
        # A proxy that collects an answer before it hands it on would hold up every event.
        response = Response(content_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})
        if request.method != "HEAD":
            subscription = self.backend.feed.subscribe(account.id)
            if metrics := self.backend.metrics:
                metrics.opened_stream()
                subscription.on_close(metrics.closed_stream)
            since = request.headers.get(LAST_EVENT_ID) or query["since"]
            secret = auth.secret_of(request)
            response.response = ChangeStream(self.database, subscription, secret, since)
        return response


class ChangeStream:
    """The body of an event stream: what changes after the sync token `since`.

    Each event is one answer of `changes`, its id the sync token to go on from. The stream is over
    when the token `secret` ends, the process stops, or `longest` seconds have gone by; it is silent
    for at most `beat` seconds. A server with an event loop calls `read` and waits in between; for
    any other one the stream is an iterator, which waits in its thread.
    """

    def __init__(
        self,
        database: Database,
        subscription: Subscription,
        secret: str,
        since: str | None,
        *,
        beat: float = BEAT,
        longest: float = LONGEST,
    ) -> None:
        self.subscription = subscription
        self.beat = beat
        self._database = database
        self._secret = secret
        self._since = since
        self._limit = LARGEST
        self._ends = time.monotonic() + longest
        self._is_first = True

    @property
    def seconds_left(self) -> float:
        """How many seconds are left until the stream ends, none if it is over."""
        return 0.0 if self.subscription.over else max(0.0, self._ends - time.monotonic())

    def read(self) -> tuple[list[bytes], float] | None:
        """Return what there is to tell now, and for how many seconds to wait for more.

        Returns None once the stream is over. Raises nothing where the database is out of reach.
        """
        if not self.seconds_left:
            return None
        pieces = [_HEAD] if self._is_first else []
        self._is_first = False
        self.subscription.look()
        try:
            event, more = self._event()
        except Unavailable:
            return [*pieces, HEARTBEAT], TRY_AGAIN
        except _TokenEnded:
            return None
        if event:
            pieces.append(event)
        return pieces, 0.0 if more else min(self.beat, self.seconds_left)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the stream bit by bit, and wait in between."""
        while (found := self.read()) is not None:
            pieces, seconds = found
            yield from pieces
            if seconds and not self.subscription.wait(seconds) and HEARTBEAT not in pieces:
                yield HEARTBEAT

    def close(self) -> None:
        """Follow the account no more."""
        self.subscription.close()

    def _event(self) -> tuple[bytes, bool]:
        """Return the next event, empty if nothing has changed, and whether there is more."""
        with self._database.reading() as session:
            found = callers.recognise(session, self._secret)
            if found is None:
                raise _TokenEnded
            while True:
                news = changes.since(session, found[0], self._since, self._limit)
                text = json_text.render(_CHANGES.show(news))
                if len(text) <= LARGE or self._limit == 1:
                    break
                self._limit = max(1, self._limit // 4)
        self._since = news.next
        if not (news.changes or news.account or news.reset):
            return b"", news.more
        return b"id: %s\ndata: %s\n\n" % (news.next.encode(), text), news.more


class _TokenEnded(Exception):
    """The token that the stream was opened with has ended."""
