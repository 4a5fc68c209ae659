"""SQLite: made durable, and made to begin its transactions when, and as, it is told to."""

import errno
import os
import sqlite3
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from todo_api.errors import CannotStart

_NEARLY = 0.05
"""Seconds by which a wait may be too long or too short."""


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
        path = Path(url.database or "").resolve()
        raise CannotStart(f"There is no database at {path}. `todo-api init` makes one.")


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

    `lock_timeout`, in seconds, is how long a writer waits for another one.
    """

    @event.listens_for(engine, "connect")
    def connected(connection: Driver, _record: object) -> None:
        connection.isolation_level = None  # The driver would begin only at the first write.
        connection.patience = lock_timeout
        for pragma in (
            f"busy_timeout = {lock_timeout * 1000}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, Driver)
        driver.start()


class Part(Enum):
    """The part of a SQLite transaction that one of SQLAlchemy is: all, the first or a later one."""

    ALL = auto()
    FIRST = auto()
    NEXT = auto()


class Driver(sqlite3.Connection):
    """A connection to SQLite on which a transaction may be a part of a larger one.

    The first part has the whole transaction, which was begun for it; each next one has a savepoint.
    What is said here is said to SQLite itself, for 1 µs and not 19: who listens to the statements
    of the engine does not hear of it. An error is what SQLAlchemy would make of it.
    """

    patience: int
    part = Part.ALL
    is_kept = False
    """Whether the part was committed, which makes it no more than a piece of the whole."""
    held: Any = None
    """The rows that this transaction holds, as it leaves them; a next one may go by that."""
    found: Any = None
    """What the transaction before this one held, and has left, if it is still so."""
    leaves: Any = None
    """What this one holds, and leaves to the next one if it is committed."""
    is_known = False
    """Whether somebody has looked at the schema, which is as it was then."""
    _left: Any = None
    _has_begun = False
    _version: int | None = None

    def take(self, part: Part, held: Any = None) -> None:
        """Let the next transaction be `part`, after one that has left what is `held`."""
        self.part = part
        self.held = held
        self.is_kept = False
        self._has_begun = False

    def begin_writing(self, patience: float) -> None:
        """Begin, as the only writer, a transaction; wait up to `patience` seconds for others.

        What is known here is forgotten where anybody has written elsewhere meanwhile.
        """
        as_always = abs(patience - self.patience) < _NEARLY
        if not as_always:
            self.execute(f"PRAGMA busy_timeout = {max(0, round(patience * 1000))}")
        try:
            self._say("BEGIN IMMEDIATE")
        finally:
            if not as_always:
                self.execute(f"PRAGMA busy_timeout = {self.patience * 1000}")
        (version,) = self._say("PRAGMA data_version").fetchone()
        if version != self._version:
            self._left, self.is_known = None, False
        self._version = version
        self.found, self._left, self.leaves = self._left, None, None

    def committed(self) -> None:
        """Know that all parts are committed, and so what they leave."""
        self._left = self.leaves

    def cursor_with(self, text: str, values: Any) -> sqlite3.Cursor:
        """Return a cursor to execute `text` with `values`.

        The connection itself caches what it has made of the text.
        """
        return self.cursor()

    def start(self) -> None:
        """Begin a part, or else a transaction that reads, unless it has begun already."""
        if self._has_begun and self.in_transaction:
            return
        self._has_begun = True
        if self.part == Part.ALL:
            self._say("BEGIN")
        elif self.part == Part.NEXT:
            self._say("SAVEPOINT part")
        elif not self.in_transaction:
            self._say("BEGIN IMMEDIATE")  # It was rolled back, and goes on.

    def commit(self) -> None:
        """Commit; of a part, leave that to who commits all of them."""
        self._has_begun = False
        if self.part == Part.ALL:
            self.execute("COMMIT")
            return
        if self.part == Part.NEXT:
            self.execute("RELEASE part")
        self.is_kept = True

    def rollback(self) -> None:
        """Roll back, which is less than all of it where others have their parts."""
        self._has_begun = False
        if self.part != Part.NEXT:
            super().rollback()
        elif self.in_transaction:
            try:
                self.execute("ROLLBACK TO part")
                self.execute("RELEASE part")
            except sqlite3.Error:
                super().rollback()  # Nothing of it may stay, so all fail who are part of it.
                raise

    def _say(self, statement: str) -> sqlite3.Cursor:
        try:
            return self.execute(statement)
        except sqlite3.Error as error:
            raise DBAPIError.instance(statement, None, error, sqlite3.Error) from error


def enforce_foreign_keys(connection: Connection, on: bool) -> None:
    """Enforce foreign keys or not, from the next transaction on; PostgreSQL always does."""
    driver = connection.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def check_foreign_keys(connection: Connection) -> None:
    """Raise CannotStart if a row refers to one that is not there; PostgreSQL has none such."""
    if connection.dialect.name != "sqlite":
        return
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise CannotStart(f"The migration would leave {len(broken)} rows without their owner.")
