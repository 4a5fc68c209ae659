"""Announcing, on PostgreSQL, what was committed, to whoever listens on any node."""

import logging
import threading
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

CHANNEL = "todo_api"
"""On which LISTEN hears the topics."""

_TOPICS = "topics"
_NOTIFY = "SELECT pg_notify(%(channel)s, topic) FROM unnest(%(topics)s::text[]) AS topic"
_STAYS = 0.1
"""Seconds for which the thread stays when there is nothing to tell; to start one takes longer."""


def announce(session: Session, topic: int) -> None:
    """Tell all who listen, once the transaction is committed, that it was about `topic`."""
    session.info.setdefault(_TOPICS, set()).add(topic)


def topics_of(session: Session) -> set[int]:
    """Return what `session` has to tell once it is committed."""
    topics: set[int] = session.info.get(_TOPICS, set())
    return topics


class Announcer:
    """Tells who listens, if anybody does, what was committed; a thread of its own does so.

    No request waits for that, and what many have committed meanwhile is told at once. Inside of a
    transaction itself NOTIFY would make all commits of the cluster queue, each behind the other's
    fsync. Who cannot be told has to look now and then.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._topics = set[int]()
        self._thread: threading.Thread | None = None

    def tell(self, topics: set[int]) -> None:
        """Tell what was committed."""
        if not topics:
            return
        with self._changed:
            self._topics |= topics
            if self._thread:
                self._changed.notify()
            else:
                # The process ends only once all is told, so it is no daemon.
                thread = threading.Thread(target=self._work, name="announcing", daemon=False)
                # Where the system allows no further thread the next commit tries again.
                with suppress(RuntimeError):
                    thread.start()
                    self._thread = thread

    def close(self) -> None:
        """Return once all is told."""
        with self._changed:
            thread = self._thread
            self._changed.notify()
        if thread:
            thread.join()

    def _work(self) -> None:
        while topics := self._next():
            try:
                self._send(topics)
            except (DBAPIError, PoolTimeout):
                pass
            except Exception:  # Without this thread nothing would be announced any more.
                log.exception("To announce what was committed has failed")

    def _next(self) -> set[int]:
        """Wait for something to tell; return none when the thread is to end."""
        with self._changed:
            if not self._topics:
                self._changed.wait(_STAYS)
            topics, self._topics = self._topics, set()
            if not topics:
                self._thread = None
            return topics

    def _send(self, topics: set[int]) -> None:
        pooled = self._engine.raw_connection()
        try:
            driver: Any = pooled.driver_connection
            driver.execute(_NOTIFY, {"channel": CHANNEL, "topics": list(map(str, topics))})
        except psycopg.Error as error:
            pooled.invalidate(error)
        finally:
            pooled.close()
