"""Commands for accounts."""

import sys
from typing import Any

import click

from todo_api.cli.setup import opened
from todo_api.schemas.account import Registration
from todo_api.services import accounts, passwords, tokens


@click.command("add-admin")
@click.argument("username")
@click.option("--email", help="Of a new account; an account that there is keeps its own.")
def add_admin(username: str, email: str | None) -> None:
    """Make USERNAME an admin, and an account if there is none of that name."""
    with opened(new=False) as (_, database):
        with database.reading() as session:
            known = accounts.find(session, username)
        fields = {} if known else _new_account(username, email)
        with database.transaction() as session:
            account_id = known.id if known else accounts.register(session, fields).id
            accounts.change(session, accounts.take(session, account_id), {"is_admin": True})
    click.echo(f"{username} is an admin in {database}.")


@click.command("set-password")
@click.argument("username")
def set_password(username: str) -> None:
    """Give USERNAME a new password and log the account out everywhere."""
    with opened(new=False) as (_, database):
        with database.reading() as session:
            account = accounts.named(session, username)
        password_hash = _password_hash()
        with database.transaction() as session:
            account = accounts.take(session, account.id)
            accounts.change(session, account, {"password_hash": password_hash})
            tokens.revoke_all(session, account)
    click.echo(f"{username} has a new password, and no token any more.")


@click.command("remove-admin")
@click.argument("username")
def remove_admin(username: str) -> None:
    """Make USERNAME an ordinary account again."""
    with opened(new=False) as (_, database):
        with database.reading() as session:
            account_id = accounts.named(session, username).id
        with database.transaction() as session:
            accounts.change(session, accounts.take(session, account_id), {"is_admin": False})
    click.echo(f"{username} is no admin in {database}.")


@click.command("list-accounts")
def list_accounts() -> None:
    """List all accounts: username, e-mail, date of registration, and who is an admin."""
    with opened(new=False) as (_, database), database.reading(long=True) as session:
        for account in accounts.everybody(session):
            joined = account.date_joined.date().isoformat()
            admin = "admin" if account.is_admin else ""
            click.echo(f"{account.username}\t{account.email}\t{joined}\t{admin}".rstrip())


@click.command("delete-account")
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_account(username: str, yes: bool) -> None:
    """Delete the account USERNAME with its tasks and tokens, for good."""
    with opened(new=False) as (_, database):
        with database.reading() as session:
            account = accounts.named(session, username)
        if not yes:
            click.confirm(f"Delete {account.username} with all tasks?", abort=True)
        with database.transaction(long=True) as session:
            accounts.delete(session, accounts.take(session, account.id))
    click.echo(f"{account.username} is deleted.")


def _password_hash() -> str:
    """Ask for a password, or read it from standard input if nobody sits there; return its hash."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        # Editors of Windows put a byte order mark in front of a file.
        password = sys.stdin.readline().removeprefix("\N{BYTE ORDER MARK}").rstrip("\r\n")
    values = Registration(only=["password"]).read({"password": password})
    return passwords.hashed(values["password"])


def _new_account(username: str, email: str | None) -> dict[str, Any]:
    """Return the fields of a new account; ask for what was not given, or raise Invalid."""
    sent = {"username": username, "email": email or click.prompt("E-mail")}
    fields = Registration(exclude=["password"]).read(sent)
    return {**fields, "password_hash": _password_hash()}
