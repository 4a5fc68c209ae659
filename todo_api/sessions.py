"""Sessions: where one puts what goes to the driver itself, and one to read by that costs less."""

from typing import Any, Literal

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from todo_api import postgresql
from todo_api.place import Place

JOINS: Literal["rollback_only"] = "rollback_only"
"""A session is handed a connection that has begun; to let it begin itself costs 17 µs more."""


class ReadingSession(Session):
    """A session where the driver has begun already.

    Most of what is read is rows, for which the driver is enough. So SQLAlchemy's transaction and
    the session itself, which cost more than a statement, are made when anything else is asked for.
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    def __getattr__(self, name: str) -> Any:
        """Become a whole session: one without any attribute can do nothing yet."""
        if self.is_whole:
            raise AttributeError(name)
        connection = Connection(self.place.engine, self.place.proxied)
        connection.execution_options(**postgresql.AT_ONCE)
        connection.begin()
        super().__init__(connection, join_transaction_mode=JOINS)
        return getattr(self, name)

    @property
    def is_whole(self) -> bool:
        """Whether more was asked for than rows."""
        return "bind" in vars(self)


def place_of(session: Session) -> Place:
    """Return where a session of a Database is at work; what it has not flushed is not there."""
    if isinstance(session, ReadingSession):
        return session.place
    connection = session.bind
    assert isinstance(connection, Connection)
    if not connection.in_transaction():
        session.connection()  # It was rolled back, and goes on.
    pooled = connection.connection
    return Place(connection.engine, pooled, pooled.dbapi_connection)


def take_turns(session: Session, over: str) -> None:
    """Let no other transaction that takes turns over the same thing run until this one ends.

    SQLite has one writer at a time anyhow.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:over, 0))")
        session.execute(lock, {"over": over})
