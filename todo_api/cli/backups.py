"""Commands that make a backup, and that bring one back."""

from pathlib import Path

import click

from todo_api import backup
from todo_api.app import open_database
from todo_api.cli.setup import in_one_line, must_exist, opened
from todo_api.settings import Settings

NEW_FILE = click.Path(dir_okay=False, path_type=Path)
KNOWN_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=NEW_FILE)
def make(file: Path) -> None:
    """Write all that is stored to a new FILE, while the server goes on.

    It holds every write that was acknowledged before the command began, and passwords' hashes.
    """
    with in_one_line():
        settings = Settings.from_environment()
        must_exist(settings)
        database = open_database(settings)
        try:
            rows = backup.make(database, file)
        finally:
            database.close()
    click.echo(f"{rows:,} rows are in {file}.")


@click.command("restore")
@click.argument("file", type=KNOWN_FILE)
def bring_back(file: Path) -> None:
    """Bring a backup FILE back into an empty database, of either kind.

    Every account begins a new era, so that no client takes what it knows for what is stored.
    """
    with opened() as (_, database):
        rows = backup.bring_back(file, database)
    click.echo(f"{rows:,} rows are back.")


@click.command("renew-eras")
def renew_eras() -> None:
    """Tell clients of a database whose file was copied back that it is another state.

    Run it after a snapshot of the disk was brought back, before the server starts. A `restore` does
    it by itself.
    """
    with opened(new=False) as (_, database):
        eras = backup.renew_eras(database)
    click.echo(f"{eras:,} eras are new.")
