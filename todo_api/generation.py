"""Generations of the schema: on which ones a program can work beside a newer program.

A revision of the schema is a generation, `0005` say, or an addition to one, `0005.2`. An addition
leaves what was there as it was, so that programs from before it can go on; a new generation does
not, and they have to stop.
"""

import re
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from todo_api.errors import Code, Unavailable
from todo_api.place import Place, nothing

LOCK = 7061
"""The advisory lock on PostgreSQL that a migration has for itself, and that all writers share."""

_REVISION = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_STORED = "SELECT version_num FROM alembic_version"
_LOOK_EVERY = 1.0


def _first(cursor: Any) -> str | None:
    row = cursor.fetchone()
    return row and str(row[0])


def _first_of_last(cursor: Any) -> str | None:
    while cursor.nextset():
        pass
    return _first(cursor)


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
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
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

    def look(self, place: Place) -> None:
        """Raise Unavailable if the schema is another one."""
        if self.program:
            self._must_serve(place.put(_STORED, (), _first))

    def look_after(self, error: DBAPIError) -> None:
        """Look whether a statement has failed because the schema is another one."""
        with suppress(DBAPIError, PoolTimeout), self._engine.connect() as connection:
            try:
                self.look(Place.of(connection))
            except Unavailable as unavailable:
                raise unavailable from error

    def hold(self, place: Place) -> None:
        """Look, for one who writes, and let no migration come in between until that is done.

        On SQLite none can, since there is one writer at a time. On PostgreSQL the transaction is
        begun, in the same round trip.
        """
        if place.dialect.name == "sqlite":
            if not place.driver.is_known:
                self.look(place)
                place.driver.is_known = True
        elif self.program:
            # What is stored is looked for last: so is seen what was committed before it had the
            # lock.
            all_three = f"BEGIN; SELECT pg_advisory_xact_lock_shared({LOCK}); {_STORED}"
            self._must_serve(place.put(all_three, None, _first_of_last))
        else:
            place.put("BEGIN", None, nothing)

    def _must_serve(self, stored: str | None) -> None:
        if not serves(str(self.program), stored):
            self._looked = -_LOOK_EVERY
            raise Unavailable(
                "The database has another schema.", code=Code.SCHEMA_MISMATCH, retry_after=1
            )
        self._looked = time.monotonic()
