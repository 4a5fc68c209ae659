"""The command that imports a price list."""

import sys
from collections.abc import Iterable
from io import BufferedReader
from typing import Any

import click

from todo_api.cli.setup import opened
from todo_api.schemas import price_file, price_rows
from todo_api.services import price_merge, prices
from todo_api.services.bad_rows import BadRow, refusal, together
from todo_api.services.price_merge import Entry


@click.command("import-prices")
@click.argument("file", type=click.File("rb"))
@click.option("--name", multiple=True, help="The name's column [name]; several are joined.")
@click.option("--price", help="The price's column [price].")
@click.option("--currency", help="The currency's column [currency, if there is one].")
@click.option("--unit", help="The unit's column [unit, if there is one].")
@click.option("--delimiter", help="One character, or \\t [that of the header].")
@click.option("--decimal", help="The decimal mark [found].", type=click.Choice([".", ","]))
@click.option("--round", "rounding", is_flag=True, help="Round to four decimals, half up.")
@click.option("--skip-bad", is_flag=True, help="Import the other rows if some are bad.")
def import_prices(
    file: BufferedReader,
    delimiter: str | None,
    decimal: str | None,
    rounding: bool,
    skip_bad: bool,
    **columns: Any,
) -> None:
    """Import a price list: CSV with a header, or SQLite with Pricelist(name, price).

    With - for FILE, CSV is read from standard input.

    A price of a name that there is already is replaced, currency and unit included. Bad rows are
    named, and then nothing is imported, unless --skip-bad says so.
    """
    with opened(new=False) as (settings, database):
        named = {field: column for field, column in columns.items() if column}
        chosen = price_file.Columns(**named, are_named=bool(named))
        texts = list(price_file.rows(file, chosen, delimiter, decimal))
        checked = price_rows.entries(iter(texts), settings.currency, rounding=rounding)
        good, bad = _sorted(checked, len(texts))
        for places, reasons in together(bad).items():
            click.echo(f"{places}: {' '.join(reasons)}", err=True)
        if bad and not skip_bad:
            raise click.ClickException(refusal(bad).message)
        with database.reading() as session:
            difference = price_merge.compare(session, prices.price_list(session), good)
        with database.transaction() as session:
            done = price_merge.merge(session, prices.take_list(session), difference)
    click.echo("New prices: {new}. Changed: {changed}. As they were: {unchanged}.".format(**done))


def _sorted(rows: Iterable[Entry | BadRow], length: int) -> tuple[list[Entry], list[BadRow]]:
    good, bad = [], []
    nobody = not sys.stderr.isatty()
    with click.progressbar(
        rows, length=length, label="Reading", file=sys.stderr, hidden=nobody
    ) as bar:
        for row in bar:
            if isinstance(row, BadRow):
                bad.append(row)
            else:
                good.append(row)
    return good, bad
