"""The database: engine, session, and the project's only commit.

Reading happens in `reading()`, writing in `transaction()`: to return from it is to commit, to raise
is to roll back.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from todo_api.errors import CannotStart, Unavailable

_RETRY_AFTER = 1
_WRITING = {"writing": True}


class Database:
    """One database, SQLite or PostgreSQL, that behaves the same either way.

    `lock_timeout`, in seconds, bounds each wait: for a lock, a connection, a free place in the pool
    of `pool_size` connections. A wait that runs out raises errors.Unavailable.
    """

    def __init__(self, url: str, *, lock_timeout: int = 5, pool_size: int = 8) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0}
        options["pool_timeout"] = lock_timeout
        if self.is_sqlite:
            self.engine = create_engine(_file_url(self.url), **options)
            _speak_sqlite(self.engine, lock_timeout)
        else:
            url_with_driver = self.url.set(drivername="postgresql+psycopg")
            options["connect_args"] = {
                "connect_timeout": lock_timeout,
                "options": f"-c timezone=UTC -c lock_timeout={lock_timeout}s"
                f" -c idle_in_transaction_session_timeout={10 * lock_timeout}s",
            }
            self.engine = create_engine(url_with_driver, **options)

    def __str__(self) -> str:
        """Return where the database is, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that sees one state of the database and changes nothing."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with _unavailable_when_out_of_reach(), Session(self.engine) as session:
            session.connection(execution_options=options)
            yield session

    @contextmanager
    def transaction(self, *, patient: bool = True) -> Iterator[Session]:
        """Open a session that may write. On SQLite it waits here until it is the only writer.

        Unless it is `patient`: then it raises errors.Unavailable at once if there is another one.
        """
        with (
            _unavailable_when_out_of_reach(),
            Session(self.engine, expire_on_commit=False) as session,
            _committing(session),
        ):
            session.connection(execution_options={**_WRITING, "patient": patient})
            yield session

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Open a transaction that may change the schema, alone among all nodes.

        Foreign keys are off on SQLite meanwhile, since rebuilding a table would otherwise delete
        what refers to it; they are checked before the commit.
        """
        writing = self.engine.execution_options(**_WRITING)
        with _unavailable_when_out_of_reach(), writing.connect() as connection:
            _foreign_keys(connection, False)
            try:
                with _committing(connection):
                    connection.begin()
                    if not self.is_sqlite:
                        connection.execute(text("SELECT pg_advisory_xact_lock(7061)"))
                    yield connection
                    _check_foreign_keys(connection)
            finally:
                _foreign_keys(connection, True)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def take_turns(session: Session, over: str) -> None:
    """Let no other transaction that takes turns over the same thing run until this one ends.

    SQLite has one writer at a time anyhow.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:over, 0))")
        session.execute(lock, {"over": over})


@contextmanager
def _committing(work: Session | Connection) -> Iterator[None]:
    try:
        yield
        work.commit()
    except BaseException:
        work.rollback()
        raise


@contextmanager
def _unavailable_when_out_of_reach() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(retry_after=_RETRY_AFTER) from error
    except DBAPIError as error:
        if _is_out_of_reach(error):
            raise Unavailable(retry_after=_RETRY_AFTER) from error
        raise


def _is_out_of_reach(error: DBAPIError) -> bool:
    """Tell a database that is busy, full or away from a statement that is wrong."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None and code & 0xFF == sqlite3.SQLITE_ERROR:
        return False
    return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated


def _file_url(url: URL) -> URL:
    path = Path(url.database or "").resolve()
    if not path.parent.is_dir():
        raise CannotStart(f"DATABASE_URL is wrong: there is no folder {path.parent}.")
    return url.set(database=str(path))


def _speak_sqlite(engine: Engine, lock_timeout: int) -> None:
    """Make SQLite durable and make it begin transactions when, and as, it is told to."""

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # The driver would begin only at the first write.
        for pragma in (
            f"busy_timeout = {lock_timeout * 1000}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("patient", True):
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writing") else "BEGIN")
        finally:
            if not options.get("patient", True):
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {lock_timeout * 1000}")


def _foreign_keys(connection: Connection, on: bool) -> None:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise CannotStart(f"The migration would leave {len(broken)} rows without their owner.")
