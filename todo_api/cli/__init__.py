"""The command `todo-api`. Each subcommand reads the same settings as the server."""

import click

from todo_api import __version__
from todo_api.cli import backups, people, price_lists, serving, task_files


@click.group()
@click.version_option(__version__)
def main() -> None:
    """todo_api: a to-do and shopping-list backend."""


for _command in (
    serving.serve,
    serving.init,
    people.add_admin,
    people.remove_admin,
    people.list_accounts,
    people.delete_account,
    people.set_password,
    price_lists.import_prices,
    task_files.import_tasks,
    backups.make,
    backups.bring_back,
    backups.renew_eras,
    serving.load_sample,
    serving.routes,
):
    main.add_command(_command)
