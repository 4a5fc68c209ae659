"""Migrations: how the schema came to be, step by step, with Alembic.

They run in one transaction on both databases: wholly, or not at all. One that only adds, so that
programs from before it can go on, has a number behind the one of its generation: after `0005` come
`0005.1`, `0005.2` and so on, in files called `0005_1_…`. Any other begins a generation, `0006`.
"""

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from todo_api import generation
from todo_api.database import Database
from todo_api.errors import CannotStart, ReadOnly, Unavailable

_VERSIONS = Path(__file__).parent / "versions"
_FILE = re.compile(r"([0-9]+)(?:_([0-9]+))?_[a-z_]+\.py", re.ASCII)


def upgrade(database: Database, to: str = "head") -> bool:
    """Bring the schema up to date and return whether it was not.

    Raises CannotStart when the database is out of reach or unusable, or its schema of a newer
    generation than this program. Of several nodes that start at once one migrates, and the others
    wait.
    """
    try:
        return _upgrade(database, to)
    except ReadOnly:
        raise CannotStart("The database at DATABASE_URL is read-only.") from None
    except (Unavailable, DBAPIError) as error:
        reason = str(error.__cause__).splitlines()[0]
        raise CannotStart(f"The database at DATABASE_URL cannot be used: {reason}") from None


def _upgrade(database: Database, to: str) -> bool:
    if generation.serves(newest(), stored(database)):
        return False
    with database.migrating() as connection:
        if generation.serves(newest(), _revision(connection)):
            # Another node has done it while this one waited for its turn.
            return False
        _steps().up(connection, to)
    return True


def downgrade(database: Database, to: str) -> None:
    """Take the schema back to the revision `to`; `base` is an empty database."""
    with database.migrating() as connection:
        _steps().down(connection, to)


def hold(database: Database) -> None:
    """Let nothing be done from now on to a schema on which this program cannot work."""
    database.guard.program = newest()


def stored(database: Database) -> str | None:
    """Return the revision that the database's schema has, None for an empty one."""
    with database.reading() as session:
        return _revision(session.connection())


@cache
def newest() -> str:
    """Return the revision that this program is for, after which its last migration is called."""
    found = [_FILE.fullmatch(each.name) for each in _VERSIONS.iterdir()]
    begun, added = max((int(each[1]), int(each[2] or 0)) for each in found if each)
    return f"{begun:04}.{added}" if added else f"{begun:04}"


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _steps() -> Any:
    """Return what goes from one revision to another.

    It takes 9 MB, with Alembic, and is loaded by those only who have somewhere to go.
    """
    return import_module("todo_api.migrations.steps")
