"""The command that imports tasks."""

from io import BufferedReader
from zoneinfo import ZoneInfo

import click

from todo_api.cli.setup import opened
from todo_api.resources.body import JSON
from todo_api.resources.task_upload import read_tasks
from todo_api.resources.upload import CALENDAR, CSV, Upload, media_of_name
from todo_api.schemas.query import TaskFileQuery
from todo_api.services import accounts, exchange

FORMATS = {"json": JSON, "csv": CSV, "ics": CALENDAR}


@click.command("import-tasks")
@click.argument("username")
@click.argument("file", type=click.File("rb"))
@click.option("--format", "named", help="[By the file's name.]", type=click.Choice([*FORMATS]))
@click.option("--delimiter", help="Of CSV: one character, or \\t [that of the header].")
@click.option("--decimal", help="The decimal mark of CSV [found].", type=click.Choice([".", ","]))
@click.option(
    "--date-order",
    help="Which is first in 1/5/2030 [found, or refused].",
    type=click.Choice(["dmy", "mdy"]),
)
def import_tasks(username: str, file: BufferedReader, named: str | None, **options: str) -> None:
    """Import tasks for USERNAME: an export in JSON, CSV or iCalendar, or another program's file.

    With - for FILE, it is read from standard input, and --format says what it is.

    Wrong tasks are named, and then nothing is imported. The command also names what it skips or
    changes of another program's file.
    """
    media = FORMATS[named] if named else media_of_name(getattr(file, "name", ""))
    if media is None:
        raise click.UsageError("Say by --format whether the file is json, csv or ics.")
    with opened(new=False) as (_, database):
        query = TaskFileQuery().read({name: value for name, value in options.items() if value})
        with database.reading() as session:
            account = accounts.named(session, username)
            account_id, zone = account.id, ZoneInfo(account.timezone)
        tasks = read_tasks(Upload(media, file.read()), zone, query)
        with database.transaction(long=True) as session:
            exchange.store(session, accounts.hold(session, account_id), tasks.rows)
    for kind in tasks.skipped.told:
        lines = ", ".join(map(str, kind["lines"]))
        click.echo(f"{kind['what']}, {kind['count']} times ({lines}): {kind['reason']}", err=True)
    click.echo(f"New tasks: {len(tasks.rows)}.")
