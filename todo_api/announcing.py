"""Announcing, on PostgreSQL, what was committed, to whoever listens on any node."""

from contextlib import suppress

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from todo_api.postgresql import AT_ONCE

CHANNEL = "todo_api"
"""On which LISTEN hears the topics."""

_TOPICS = "topics"
_NOTIFY = text("SELECT pg_notify(:channel, :topic)")


def announce(session: Session, topic: int) -> None:
    """Tell all who listen, once the transaction is committed, that it was about `topic`."""
    session.info.setdefault(_TOPICS, set()).add(topic)


def tell(engine: Engine, session: Session) -> None:
    """Tell who listens, if anybody does, what the committed `session` was about.

    Who cannot be told has to look now and then. Inside of the transaction itself NOTIFY would make
    all commits of the cluster queue, each behind the other's fsync.
    """
    with suppress(DBAPIError, PoolTimeout), engine.connect() as connection:
        connection.execution_options(**AT_ONCE)
        for topic in session.info.get(_TOPICS, ()):
            connection.execute(_NOTIFY, {"channel": CHANNEL, "topic": str(topic)})
