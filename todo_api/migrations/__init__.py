"""Migrations: how the schema came to be, step by step, with Alembic.

They run in one transaction on both databases: wholly, or not at all.
"""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from todo_api.database import Database
from todo_api.errors import CannotStart, ReadOnly, Unavailable


def upgrade(database: Database, to: str = "head") -> bool:
    """Bring the schema up to date and return whether it was not.

    Raises CannotStart when the database is out of reach or unusable, or its schema newer than this
    program. Of several nodes that start at once one migrates, and the others wait.
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
    if stored(database) == newest():
        return False
    with database.migrating() as connection:
        if _revision(connection) == newest():
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
