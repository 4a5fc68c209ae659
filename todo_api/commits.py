"""Commits: the only one that there is, and what is done instead where all was for a try."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from todo_api.sessions import LightSession


@contextmanager
def committing(work: LightSession | Connection) -> Iterator[None]:
    """Commit, unless something is raised."""
    try:
        yield
        work.commit()
    except BaseException:
        work.rollback()
        raise


@contextmanager
def trying(session: LightSession) -> Iterator[None]:
    """Do all but commit, so that what would fail then fails here, too; its objects stay as read."""
    try:
        yield
        if session.is_whole:
            session.flush()
            session.expunge_all()
    finally:
        session.rollback()
