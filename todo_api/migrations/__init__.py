"""Migrations: how the schema came to be, step by step, with Alembic.

They run in one transaction on both databases: wholly, or not at all. One that only adds, so that
programs from before it can go on, has a number behind the one of its generation: after `0005` come
`0005.1`, `0005.2` and so on, in files called `0005_1_…`. Any other begins a generation, `0006`.
"""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from todo_api import generation
from todo_api.database import Database
from todo_api.errors import CannotStart, ReadOnly, Unavailable


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
    config = _config()
    if generation.serves(newest(), stored(database)):
        return False
    with database.migrating() as connection:
        if generation.serves(newest(), _revision(connection)):
            # Another node has done it while this one waited for its turn.
            return False
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, to)
        except CommandError:
            raise CannotStart(
                "The database was made by a newer todo_api than this one, or by another program:"
                " upgrade todo_api, or give it another DATABASE_URL."
            ) from None
    return True


def downgrade(database: Database, to: str) -> None:
    """Take the schema back to the revision `to`; `base` is an empty database."""
    config = _config()
    with database.migrating() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, to)


def hold(database: Database) -> None:
    """Let nothing be done from now on to a schema on which this program cannot work."""
    database.guard.program = newest()


def stored(database: Database) -> str | None:
    """Return the revision that the database's schema has, None for an empty one."""
    with database.reading() as session:
        return _revision(session.connection())


@cache
def newest() -> str:
    """Return the revision that this program is for."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "todo_api:migrations")
    return config
