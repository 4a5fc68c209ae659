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

_TRY_AGAIN = 1.0
_HEAD = b"retry: 1000\n\n"
_HEARTBEAT = b":\n\n"
_CHANGES = ChangesSchema()


class EventStream(AccountEndpoint):
    """What changes in an account, told as it happens."""

    strict = True
    access = {"get": OWNER}
    asks = {"get": EventQuery()}
    media = {"get": (EVENT_STREAM,)}
    gives = {"get": _CHANGES}
    cache = "no-store"

    def get(self, account: Owner, query: dict[str, Any]) -> Response:
        """Follow the changes: what was missed since the last event first, then what happens."""
        # A proxy that collects an answer before it hands it on would hold up every event.
        response = Response(content_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})
        if request.method != "HEAD":
            subscription = self.backend.feed.subscribe(account.id)
            response.call_on_close(subscription.close)
            if metrics := self.backend.metrics:
                metrics.opened_stream()
                response.call_on_close(metrics.closed_stream)
            since = request.headers.get(LAST_EVENT_ID) or query["since"]
            response.response = events(self.database, subscription, auth.secret_of(request), since)
        return response


def events(
    database: Database,
    subscription: Subscription,
    secret: str,
    since: str | None,
    *,
    beat: float = BEAT,
    longest: float = LONGEST,
) -> Iterator[bytes]:
    """Yield what changes after the sync token `since`, for as long as the token `secret` lives.

    Each event is one answer of `changes`, its id the sync token to go on from. A stream lasts for
    at most `longest` seconds, and is silent for at most `beat`.
    """
    end = time.monotonic() + longest
    yield _HEAD
    while not subscription.over and time.monotonic() < end:
        subscription.look()
        try:
            with database.reading() as session:
                found = callers.recognise(session, secret)
                if found is None:
                    return
                news = changes.since(session, found[0], since, LARGEST)
                shown = _CHANGES.show(news)
        except Unavailable:
            yield _HEARTBEAT
            subscription.wait(_TRY_AGAIN)
            continue
        if news.changes or news.account or news.reset:
            yield b"id: %s\ndata: %s\n\n" % (news.next.encode(), json_text.render(shown))
        since = news.next
        left = max(0.0, end - time.monotonic())
        if not news.more and not subscription.wait(min(beat, left)):
            yield _HEARTBEAT
