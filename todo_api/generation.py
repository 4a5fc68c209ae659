"""Generations of the schema: on which ones a program can work beside a newer program.

A revision of the schema is a generation, `0005` say, or an addition to one, `0005.2`. An addition
leaves what was there as it was, so that programs from before it can go on; a new generation does
not, and they have to stop.
"""

import re
import time
from contextlib import suppress

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from todo_api.errors import Unavailable

LOCK = 7061
"""The advisory lock on PostgreSQL that a migration has for itself, and that all writers share."""

_REVISION = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_STORED = "SELECT version_num FROM alembic_version"
_LOOK_EVERY = 1.0


def serves(program: str, stored: str | None) -> bool:
    """Return whether a program for the revision `program` can work on a schema at `stored`."""
    known, found = _REVISION.fullmatch(program), _REVISION.fullmatch(stored or "")
    if known is None or found is None:
        return program == stored
    return known[1] == found[1] and int(known[2] or 0) <= int(found[2] or 0)


def keep_others_out(connection: Connection, seconds: int) -> None:
    """Let nobody else write or migrate on PostgreSQL until the transaction ends.

    Who does so already is waited for, as long as `seconds`.
    """
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{seconds}s'")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")


class Guard:
    """Lets a program work on no schema that it cannot work on.

    `program` is the revision that it is for; as long as that is not said, every schema will do.
    """

    def __init__(self, engine: Engine) -> None:
        self.program: str | None = None
        self._engine = engine
        self._looked = -_LOOK_EVERY

    @property
    def is_due(self) -> bool:
        """Whether nobody has looked for a second."""
        return time.monotonic() >= self._looked + _LOOK_EVERY

    def look(self, connection: Connection) -> None:
        """Raise Unavailable if the schema is another one."""
        if self.program:
            self._must_serve(connection.exec_driver_sql(_STORED).scalar())

    def look_after(self, error: DBAPIError) -> None:
        """Look whether a statement has failed because the schema is another one."""
        with suppress(DBAPIError, PoolTimeout), self._engine.connect() as connection:
            try:
                self.look(connection)
            except Unavailable as unavailable:
                raise unavailable from error

    def hold(self, connection: Connection) -> None:
        """Look, for one who writes, and let no migration come in between until that is done.

        On SQLite none can, since there is one writer at a time. On PostgreSQL the transaction is
        begun, in the same round trip.
        """
        if connection.dialect.name == "sqlite":
            self.look(connection)
            return
        if not self.program:
            connection.exec_driver_sql("BEGIN")
            return
        # What is stored is looked for last: so is seen what was committed before it had the lock,
        # which comes first since SQLAlchemy wants to see rows. It is part of the transaction, too.
        all_three = f"SELECT pg_advisory_xact_lock_shared({LOCK}); BEGIN; {_STORED}"
        result = connection.exec_driver_sql(all_three, execution_options={"no_parameters": True})
        cursor = result.cursor
        assert cursor is not None
        cursor.nextset()
        cursor.nextset()
        row = cursor.fetchone()
        result.close()
        self._must_serve(row and row[0])

    def _must_serve(self, stored: str | None) -> None:
        if not serves(str(self.program), stored):
            self._looked = -_LOOK_EVERY
            raise Unavailable("The database has another schema.", retry_after=1)
        self._looked = time.monotonic()
