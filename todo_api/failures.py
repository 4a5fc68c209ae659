"""Failures of the database: one that is out of reach is not one that was asked something wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from todo_api import sqlite
from todo_api.errors import ReadOnly, TooSlow, Unavailable
from todo_api.generation import Guard

_RETRY_AFTER = 1


@contextmanager
def understood(engine: Engine, guard: Guard) -> Iterator[None]:
    """Raise errors.Unavailable or errors.ReadOnly for what fails on `engine`, where it means that.

    Where a statement was wrong because the schema is another one, `guard` knows.
    """
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(retry_after=_RETRY_AFTER) from error
    except DBAPIError as error:
        if _was_cancelled(error):
            raise TooSlow(retry_after=_RETRY_AFTER) from error
        if _refuses_to_write(engine, error):
            raise ReadOnly(retry_after=_RETRY_AFTER) from error
        if _is_out_of_reach(error):
            raise Unavailable(retry_after=_RETRY_AFTER) from error
        guard.look_after(error)
        raise


def _was_cancelled(error: DBAPIError) -> bool:
    """Return whether a statement has reached its time limit, or its client has gone."""
    if isinstance(error.orig, psycopg.errors.QueryCanceled):
        return True
    return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT


def _refuses_to_write(engine: Engine, error: DBAPIError) -> bool:
    if engine.dialect.name != "sqlite":
        return isinstance(error.orig, psycopg.errors.ReadOnlySqlTransaction)
    return _is_out_of_reach(error) and sqlite.is_read_only(engine.url)


def _is_out_of_reach(error: DBAPIError) -> bool:
    """Tell a database that is busy, full or away from a statement that is wrong."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None and code & 0xFF == sqlite3.SQLITE_ERROR:
        return False
    if code is not None and code & 0xFF == sqlite3.SQLITE_CORRUPT:
        return True  # So it looks, too, to whoever reads from a disk that is failing.
    return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
