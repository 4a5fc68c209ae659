"""The data in the tables of this server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from data import BEGIN, CURRENCY, PASSWORD, QUANTITY, Size, cents, digest, item_name, tasks, token
from sqlalchemy import insert, text

from todo_api import migrations
from todo_api.database import Database
from todo_api.models import Account, ItemPrice, Task, Token, Username
from todo_api.services import passwords
from todo_api.values import names

SCALE = 10_000
"""Amounts are stored in ten-thousandths."""


def fill(url: str, size: Size) -> None:
    """Make the tables in the empty database at `url`, and store the data."""
    database = Database(url)
    migrations.upgrade(database)
    with database.transaction() as session:
        for owner, (who, count) in enumerate(size.accounts.items(), start=1):
            session.execute(insert(Account), [_account(owner, who, count)])
            session.execute(insert(Username), [{"key": who, "account_id": owner}])
            session.execute(insert(Token), [_token(owner)])
            if count:
                session.execute(insert(Task), list(_tasks(owner, count)))
        session.execute(insert(ItemPrice), list(_prices(size.prices)))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    database.close()


def _account(owner: int, who: str, count: int) -> dict[str, object]:
    return {
        "id": owner,
        "username": who,
        "username_key": who,
        "email": f"{who}@example.com",
        "password_hash": passwords.hashed(PASSWORD),
        "date_joined": BEGIN,
        "revision": count + 1,
    }


def _token(owner: int) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "account_id": owner,
        "id": owner,
        "digest": digest(token(owner)),
        "name": "login",
        "scope": "write",
        "origin": "login",
        "created_date": now,
        "expires_date": now + timedelta(days=30),
    }


def _tasks(owner: int, count: int) -> Iterator[dict[str, object]]:
    """Yield the rows; the account itself was revision 1."""
    for number, task in tasks(count):
        yield {
            "account_id": owner,
            "id": number + 2,
            "name": task.name,
            "name_key": names.key(task.name),
            "note": task.note,
            "note_key": task.note and names.key(task.note),
            "creation_date": task.created,
            "due_at": task.due,
            "completed_date": task.completed,
            "item": task.item,
            "item_key": task.item,
            "quantity": QUANTITY * SCALE,
            "paid_price": None if task.paid is None else round(task.paid / QUANTITY * SCALE),
            "paid_currency": None if task.paid is None else CURRENCY,
            "revision": number + 2,
        }


def _prices(count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        yield {
            "name_key": item_name(number),
            "name": item_name(number),
            "price": cents(number) * SCALE // 100,
            "currency": CURRENCY,
            "unit": None,
            "updated_date": BEGIN,
            "revision": 1,
        }
