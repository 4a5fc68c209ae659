"""The command `todo-api`. Each subcommand reads the same settings as the server."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from todo_api import __version__, migrations, server, urls
from todo_api.app import open_database
from todo_api.database import Database
from todo_api.errors import CannotStart, Problem
from todo_api.schemas import price_file, price_rows
from todo_api.schemas.account import Registration
from todo_api.services import accounts, passwords, price_merge, prices, sample, tokens
from todo_api.services.price_merge import BadRow, Entry
from todo_api.settings import Settings, shield_requests

WRONG_SETUP = 2
"""Exit code when a setting or the database does not allow to go on."""


@contextmanager
def _in_one_line() -> Iterator[None]:
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


@contextmanager
def _opened() -> Iterator[tuple[Settings, Database]]:
    """Hand out the settings and the database, migrated."""
    with _in_one_line():
        settings = Settings.from_environment()
        database = open_database(settings)
        try:
            migrations.upgrade(database)
            yield settings, database
        finally:
            database.close()


@click.group()
@click.version_option(__version__)
def main() -> None:
    """todo_api: a to-do and shopping-list backend."""


@main.command()
@click.option("--with-sample", is_flag=True, help="Load the sample into an empty database first.")
def serve(with_sample: bool) -> None:
    """Migrate the database and serve until stopped."""
    with _opened() as (settings, database):
        server.address_of(settings.host, settings.port)
        if with_sample:
            _load_sample(settings, database)
    base = server.url_of(settings.host, settings.port)
    click.echo(f"The page      {base}/")
    click.echo(f"The API       {base}/api/v1")
    click.echo(f"The database  {database}")
    click.echo(f"Try           curl '{base}/itemprice?itemname=apples'")
    sys.stdout.flush()
    shield_requests()
    server.run(settings)


@main.command()
def init() -> None:
    """Create the database's tables, or bring them up to date."""
    with _in_one_line():
        database = open_database(Settings.from_environment())
        changed = migrations.upgrade(database)
        database.close()
    click.echo("The database is migrated." if changed else "The database was up to date.")


@main.command("add-admin")
@click.argument("username")
@click.option("--email", help="Of a new account; an account that there is keeps its own.")
def add_admin(username: str, email: str | None) -> None:
    """Make USERNAME an admin, and an account if there is none of that name."""
    with _opened() as (_, database):
        with database.reading() as session:
            known = accounts.find(session, username)
        fields = {} if known else _new_account(username, email)
        with database.transaction() as session:
            account_id = known.id if known else accounts.register(session, fields).id
            accounts.change(session, accounts.take(session, account_id), {"is_admin": True})
    click.echo(f"{username} is an admin.")


@main.command("set-password")
@click.argument("username")
def set_password(username: str) -> None:
    """Give USERNAME a new password and log the account out everywhere."""
    with _opened() as (_, database):
        with database.reading() as session:
            account = accounts.named(session, username)
        password_hash = _password_hash()
        with database.transaction() as session:
            account = accounts.take(session, account.id)
            accounts.change(session, account, {"password_hash": password_hash})
            tokens.revoke_all(session, account)
    click.echo(f"{username} has a new password, and no token any more.")


@main.command("import-prices")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", multiple=True, help="The name's column [name]; several are joined.")
@click.option("--price", help="The price's column [price].")
@click.option("--currency", help="The currency's column [currency, if there is one].")
@click.option("--unit", help="The unit's column [unit, if there is one].")
@click.option("--delimiter", default=",", help="One character, or \\t.", show_default=True)
@click.option("--round", "rounding", is_flag=True, help="Round to four decimals, half up.")
@click.option("--skip-bad", is_flag=True, help="Import the other rows if some are bad.")
def import_prices(
    file: Path, delimiter: str, rounding: bool, skip_bad: bool, **columns: Any
) -> None:
    """Import a price list: CSV with a header, or SQLite with Pricelist(name, price).

    A price of a name that there is already is replaced, currency and unit included. Bad rows are
    named, and then nothing is imported, unless --skip-bad says so.
    """
    with _opened() as (settings, database):
        chosen = price_file.Columns(
            **{field: column for field, column in columns.items() if column}
        )
        texts = list(price_file.rows(file, chosen, delimiter))
        checked = price_rows.entries(iter(texts), settings.currency, rounding=rounding)
        good, bad = _sorted(checked, len(texts))
        for row in bad:
            click.echo(f"{row.place}: {' '.join(row.reasons)}", err=True)
        if bad and not skip_bad:
            raise click.ClickException(f"{len(bad)} bad rows; nothing was imported.")
        with database.reading() as session:
            difference = price_merge.compare(session, prices.price_list(session), good)
        with database.transaction() as session:
            done = price_merge.merge(session, prices.take_list(session), difference)
    click.echo("New prices: {new}. Changed: {changed}. As they were: {unchanged}.".format(**done))


@main.command("load-sample")
def load_sample() -> None:
    """Load four prices and four listed accounts into an empty database."""
    with _opened() as (settings, database):
        loaded = _load_sample(settings, database)
    click.echo("The sample is loaded." if loaded else "The database is not empty: nothing loaded.")


@main.command()
def routes() -> None:
    """List the routes."""
    for name, route in urls.listing().items():
        verb, path = route.split(" ", 1)
        click.echo(f"{verb:7} {path:45} {name}")


def _load_sample(settings: Settings, database: Database) -> bool:
    with database.transaction() as session:
        return sample.load(session, settings.currency)


def _password_hash() -> str:
    """Ask for a password, or read it from standard input if nobody sits there; return its hash."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    values = Registration(only=["password"]).read({"password": password})
    return passwords.hashed(values["password"])


def _new_account(username: str, email: str | None) -> dict[str, Any]:
    """Return the fields of a new account; ask for what was not given, or raise Invalid."""
    sent = {"username": username, "email": email or click.prompt("E-mail")}
    fields = Registration(exclude=["password"]).read(sent)
    return {**fields, "password_hash": _password_hash()}


def _sorted(rows: Iterable[Entry | BadRow], length: int) -> tuple[list[Entry], list[BadRow]]:
    good, bad = [], []
    with click.progressbar(rows, length=length, label="Reading", file=sys.stderr) as bar:
        for row in bar:
            if isinstance(row, BadRow):
                bad.append(row)
            else:
                good.append(row)
    return good, bad
