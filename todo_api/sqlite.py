"""SQLite: made durable, and made to begin its transactions when, and as, it is told to."""

import errno
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from todo_api.errors import CannotStart


def file_url(url: URL) -> URL:
    """Return `url` with the whole path of its file; make that, for its owner alone, if need be.

    Raises CannotStart if its folder is missing.
    """
    path = Path(url.database or "").resolve()
    if not path.parent.is_dir():
        raise CannotStart(f"DATABASE_URL is wrong: there is no folder {path.parent}.")
    # What lies beside the file, the log, gets its mode. SQLite itself says why it cannot be made.
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return url.set(database=str(path))


def must_exist(url: URL) -> None:
    """Raise CannotStart if there is no file yet."""
    if not Path(url.database or "").exists():
        raise CannotStart(f"There is no database at {Path(url.database or '').resolve()}.")


def settle(engine: Engine) -> None:
    """Bring what stands in the log into the file, which is whole by itself then.

    Where somebody else uses it, or the disk does not let it, the log stays; nothing is lost.
    """
    with suppress(DBAPIError), engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def is_read_only(url: URL) -> bool:
    """Return whether the file may not be written, or the folder where its log lies."""
    file = Path(url.database or "")
    try:
        # After an error on the disk the kernel calls it writable and refuses each write.
        with TemporaryFile(dir=file.parent):
            return file.exists() and not os.access(file, os.W_OK)
    except OSError as error:
        return error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)


def speak(engine: Engine, lock_timeout: int) -> None:
    """Set up each connection of `engine`, and each transaction.

    One that is `writing` is alone from its beginning on. `lock_timeout`, in seconds, is how long it
    waits for that, unless it has a `patience` of its own.
    """

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
        patience = options.get("patience", lock_timeout)
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        if patience != lock_timeout:
            driver.execute(f"PRAGMA busy_timeout = {patience * 1000}")
        try:
            _at_once(driver, "BEGIN IMMEDIATE" if options.get("writing") else "BEGIN")
        finally:
            if patience != lock_timeout:
                driver.execute(f"PRAGMA busy_timeout = {lock_timeout * 1000}")


def _at_once(driver: sqlite3.Connection, statement: str) -> None:
    """Execute what returns nothing on the driver itself, for 1 µs instead of 19.

    Who listens to the engine's statements does not hear of it. An error is SQLAlchemy's own.
    """
    try:
        driver.execute(statement)
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error) from error


def enforce_foreign_keys(connection: Connection, on: bool) -> None:
    """Enforce foreign keys or not, from the next transaction on; PostgreSQL always does."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def check_foreign_keys(connection: Connection) -> None:
    """Raise CannotStart if a row refers to one that is not there; PostgreSQL has none such."""
    if connection.dialect.name != "sqlite":
        return
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise CannotStart(f"The migration would leave {len(broken)} rows without their owner.")
