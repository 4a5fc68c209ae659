"""The schema that the peers share, and the data in it."""

from collections.abc import Iterator

from data import CURRENCY, QUANTITY, Size, cents, digest, item_name, tasks, token
from sqlalchemy import (
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    insert,
    text,
)

SCHEMA = MetaData()
ACCOUNT = Table(
    "account",
    SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
)
TOKEN = Table(
    "token",
    SCHEMA,
    Column("digest", String(64), primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
)
TASK = Table(
    "task",
    SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("note", Text),
    Column("creation_date", DateTime(timezone=True), nullable=False),
    Column("due_date", DateTime(timezone=True)),
    Column("completed_date", DateTime(timezone=True)),
    Column("item", String(255)),
    Column("quantity", Double, nullable=False),
    Column("paid_amount", Double),
    Column("paid_currency", String(3)),
    Column("revision", Integer, nullable=False),
    Index("ix_task_account", "account_id", "id"),
)
PRICE = Table(
    "item_price",
    SCHEMA,
    Column("name", String(255), primary_key=True),
    Column("price", Double, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("unit", String(32)),
)


def fill(url: str, size: Size) -> None:
    """Make the tables in the empty database at `url`, and store the data."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        SCHEMA.create_all(connection)
        people = list(enumerate(size.accounts, start=1))
        connection.execute(insert(ACCOUNT), [{"id": i, "username": who} for i, who in people])
        proofs = [{"digest": digest(token(i)).hex(), "account_id": i} for i, _ in people]
        connection.execute(insert(TOKEN), proofs)
        for owner, who in people:
            if rows := list(_tasks(owner, size.accounts[who])):
                connection.execute(insert(TASK), rows)
        connection.execute(insert(PRICE), list(_prices(size.prices)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if url.startswith("sqlite"):
            connection.execute(text("PRAGMA journal_mode = WAL"))
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _tasks(owner: int, count: int) -> Iterator[dict[str, object]]:
    for _, task in tasks(count):
        yield {
            "account_id": owner,
            "name": task.name,
            "note": task.note,
            "creation_date": task.created,
            "due_date": task.due,
            "completed_date": task.completed,
            "item": task.item,
            "quantity": QUANTITY,
            "paid_amount": task.paid,
            "paid_currency": CURRENCY if task.paid is not None else None,
            "revision": 1,
        }


def _prices(count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        price = cents(number) / 100
        yield {"name": item_name(number), "price": price, "currency": CURRENCY, "unit": None}
