"""The steps from one revision of the schema to another, which Alembic takes."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from todo_api.errors import CannotStart


def up(connection: Connection, to: str) -> None:
    """Take the schema on to the revision `to`; raise CannotStart if no way leads there."""
    try:
        command.upgrade(_config(connection), to)
    except CommandError:
        raise CannotStart(
            "The database was made by a newer todo_api than this one, or by another program:"
            " upgrade todo_api, or give it another DATABASE_URL."
        ) from None


def down(connection: Connection, to: str) -> None:
    """Take the schema back to the revision `to`; `base` is an empty database."""
    command.downgrade(_config(connection), to)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "todo_api:migrations")
    config.attributes["connection"] = connection
    return config
