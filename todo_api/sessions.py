"""Sessions: one that costs less as long as only rows are asked of it, and where it is at work."""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from todo_api import watched
from todo_api.place import Place, nothing

_TURN = "hashtextextended(%(over)s, 0)"


class LightSession(Session):
    """A session where the driver has begun already.

    Most of what is read and written is rows, for which the driver is enough. So SQLAlchemy's
    transaction and the session itself, which cost more than a statement, are made when anything
    else is asked for.
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    def __getattr__(self, name: str) -> Any:
        """Become a whole session: one without any attribute can do nothing yet."""
        if self.is_whole:
            raise AttributeError(name)
        connection = Connection(self.place.engine, self.place.proxied)
        connection.execution_options(**watched.AT_ONCE)
        connection.begin()
        connection.execution_options(**watched.AS_USUAL)
        super().__init__(connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        return getattr(self, name)

    @property
    def is_whole(self) -> bool:
        """Whether more was asked for than rows."""
        return "bind" in vars(self)

    def commit(self) -> None:
        """Commit, all of the transaction."""
        if self.is_whole:
            super().commit()
            self._connection.commit()
        else:
            self.place.commit()

    def rollback(self) -> None:
        """Roll back, all of the transaction; what is done after that begins another one."""
        if self.is_whole:
            super().rollback()
            self._connection.rollback()
        else:
            self.place.rollback()

    def close(self) -> None:
        """Let go of all objects."""
        if self.is_whole:
            super().close()

    def go_on(self) -> None:
        """Begin anew if all was rolled back."""
        if self.is_whole and not self._connection.in_transaction():
            self.connection()

    @property
    def _connection(self) -> Connection:
        assert isinstance(self.bind, Connection)
        return self.bind


def place_of(session: Session) -> Place:
    """Return where a session of a Database is at work; what it has not flushed is not there."""
    assert isinstance(session, LightSession)
    session.go_on()
    return session.place


def left_before(session: Session) -> Any:
    """Return what was held, and left, before this part of a larger transaction; None if unknown.

    Only SQLite's connection knows.
    """
    return getattr(place_of(session).driver, "held", None)


def leave(session: Session, held: Any) -> None:
    """Let who is next go by the rows that this part holds, as they are when it is done."""
    place = place_of(session)
    if place.dialect.name == "sqlite":
        place.driver.held = held


def take_turns(session: Session, over: str) -> None:
    """Let no other transaction that takes turns over the same thing run until this one ends.

    SQLite has one writer at a time anyhow.
    """
    place = place_of(session)
    if place.dialect.name == "postgresql":
        place.put(f"SELECT pg_advisory_xact_lock({_TURN})", {"over": over}, nothing)
