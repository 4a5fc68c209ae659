"""Commands for the server itself."""

import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

import click
from flask import Flask

from todo_api import addresses, migrations, urls
from todo_api import ephemeral as ephemeral_server
from todo_api.app import create_app, open_database
from todo_api.cli.setup import in_one_line, opened
from todo_api.database import Database
from todo_api.errors import CannotStart
from todo_api.server import processes
from todo_api.services import sample
from todo_api.settings import Settings

_MILLISECONDS_TO_GREET = 1_000


@click.command()
@click.option("--with-sample", is_flag=True, help="Load the sample into an empty database first.")
@click.option("--ephemeral", is_flag=True, help="For tests: empty, private, and gone at its end.")
def serve(with_sample: bool, ephemeral: bool) -> None:
    """Migrate the database and serve until stopped."""
    if ephemeral:
        with in_one_line():
            ephemeral_server.run(with_sample=with_sample)
        return
    with opened() as (settings, database):
        make = traced() if settings.opentelemetry == "on" else create_app
        addresses.address_of(settings.host, settings.port)
        with database.reading() as session:
            if database.is_read_only(session):
                raise CannotStart("The database at DATABASE_URL is read-only.")
        if with_sample:
            _load_sample(settings, database)
    base = addresses.url_of(settings.host, settings.port)
    _greet(
        f"The page      {base}/",
        f"The API       {base}/api/v1",
        f"The database  {database}",
        f"Try           curl '{base}/itemprice?itemname=apples'",
    )
    processes.run(settings, make)


@click.command()
def init() -> None:
    """Create the database's tables, or bring them up to date."""
    with in_one_line():
        database = open_database(Settings.from_environment())
        changed = migrations.upgrade(database)
        database.close()
    click.echo("The database is migrated." if changed else "The database was up to date.")


@click.command("load-sample")
def load_sample() -> None:
    """Load four prices and four listed accounts into an empty database."""
    with opened(new=False) as (settings, database):
        loaded = _load_sample(settings, database)
    click.echo("The sample is loaded." if loaded else "The database is not empty: nothing loaded.")


@click.command()
def routes() -> None:
    """List the routes."""
    for name, route in urls.listing().items():
        verb, path = route.split(" ", 1)
        click.echo(f"{verb:7} {path:45} {name}")


def traced() -> Callable[[], Flask]:
    """Return what makes an application that is traced, if what that needs is there."""
    try:
        made: Callable[[], Flask] = import_module("todo_api.telemetry").create_app
    except ModuleNotFoundError as error:
        raise CannotStart(f"OPENTELEMETRY needs todo-api[opentelemetry]: {error}.") from None
    return made


def _greet(*lines: str) -> None:
    """Write lines for people to standard output, if it takes them soon.

    The server works as well without an output, or with one that is full or that nobody reads.
    """
    if sys.stdout is None:
        return
    output, poll = sys.stdout.fileno(), select.poll()
    poll.register(output, select.POLLOUT)
    if poll.poll(_MILLISECONDS_TO_GREET):
        # A text stream would keep what it could not write, and fail with it at the end.
        with suppress(OSError):
            os.write(output, "".join(f"{line}\n" for line in lines).encode())


def _load_sample(settings: Settings, database: Database) -> bool:
    with database.transaction() as session:
        return sample.load(session, settings.currency)
