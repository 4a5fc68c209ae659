"""Commits: the only one that there is, and what is done instead where all was for a try."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.orm import Session


@contextmanager
def committing(*works: Session | Connection) -> Iterator[None]:
    """Commit, one after the other: a session is written to its connection first."""
    try:
        yield
        for work in works:
            work.commit()
    except BaseException:
        for work in works:
            work.rollback()
        raise


@contextmanager
def trying(session: Session, connection: Connection) -> Iterator[None]:
    """Do all but commit, so that what would fail then fails here, too; its objects stay as read."""
    try:
        yield
        session.flush()
        session.expunge_all()
    finally:
        connection.rollback()
