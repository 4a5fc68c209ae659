"""What the commands share: settings, a database that is ready, and troubles told in one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.engine import make_url

from todo_api import migrations, sqlite
from todo_api.app import open_database
from todo_api.database import Database
from todo_api.errors import CannotStart, Problem
from todo_api.settings import Settings

WRONG_SETUP = 2
"""Exit code when a setting or the database does not allow to go on."""


@contextmanager
def in_one_line() -> Iterator[None]:
    """Say what went wrong in one line, not in a traceback."""
    try:
        yield
    except CannotStart as error:
        click.echo(f"todo-api: {error}", err=True)
        sys.exit(WRONG_SETUP)
    except Problem as problem:
        errors = problem.errors or {}
        details = [f"{field}: {text}" for field, texts in errors.items() for text in texts]
        raise click.ClickException(" ".join([problem.message, *details])) from None


def must_exist(settings: Settings) -> None:
    """Raise CannotStart if a file is to be the database, and is not there."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        sqlite.must_exist(url)


@contextmanager
def opened(*, new: bool = True) -> Iterator[tuple[Settings, Database]]:
    """Hand out the settings and the database, migrated; it may be a `new` one.

    Otherwise it must be there: in another folder a command would make one, and seem to have done
    its work.
    """
    with in_one_line():
        settings = Settings.from_environment()
        if not new:
            must_exist(settings)
        database = open_database(settings)
        try:
            if not new and migrations.stored(database) is None:
                raise CannotStart(f"{database} has no tables. `todo-api init` creates them.")
            migrations.upgrade(database)
            migrations.hold(database)
            yield settings, database
        finally:
            database.close()
