"""Litestar with msgspec and SQLAlchemy Core, on uvicorn.

What only reads a file answers in the event loop, as Litestar advises for what is over at once; what
writes, or asks PostgreSQL, waits in a thread.
"""

import hashlib
import os
from datetime import UTC, datetime
from typing import Annotated

from litestar import Litestar, Request, get, patch, post
from litestar.exceptions import NotAuthorizedException, NotFoundException, PermissionDeniedException
from msgspec import Meta, Struct
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Double,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)

URL = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
engine = create_engine(URL, pool_size=20)
IN_THREAD = engine.dialect.name != "sqlite"
PATH = "/api/v1/accounts/{username:str}/tasks"

if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def be_durable(connection, _record):
        """Let a commit wait for the disk."""
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA busy_timeout = 30000")


tables = MetaData()
accounts = Table("account", tables, Column("id", Integer, primary_key=True), Column("username"))
tokens = Table("token", tables, Column("digest", String(64)), Column("account_id", Integer))
prices = Table(
    "item_price",
    tables,
    Column("name", String(255), primary_key=True),
    Column("price", Double),
    Column("currency", String(3)),
)
tasks = Table(
    "task",
    tables,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer),
    Column("name", String(255)),
    Column("note", String),
    Column("creation_date", DateTime(timezone=True)),
    Column("due_date", DateTime(timezone=True)),
    Column("completed_date", DateTime(timezone=True)),
    Column("item", String(255)),
    Column("quantity", Double),
    Column("paid_amount", Double),
    Column("paid_currency", String(3)),
    Column("revision", Integer),
)
WHO = (
    select(accounts.c.id, accounts.c.username)
    .join(tokens, tokens.c.account_id == accounts.c.id)
    .where(tokens.c.digest == bindparam("digest"))
)
PAGE = (
    select(tasks)
    .where(tasks.c.account_id == bindparam("owner"), tasks.c.id > bindparam("after"))
    .order_by(tasks.c.id)
    .limit(bindparam("count"))
)
ONE = select(tasks).where(tasks.c.account_id == bindparam("owner"), tasks.c.id == bindparam("key"))
PRICE = select(prices).where(prices.c.name == bindparam("item"))


class Amount(Struct):
    """A sum of money."""

    amount: float
    currency: str


class TaskOut(Struct):
    """A task as it goes out."""

    id: int
    name: str
    note: str | None
    creation_date: datetime
    due_date: datetime | None
    completed: bool
    completed_date: datetime | None
    item: str | None
    quantity: float
    paid: Amount | None
    revision: int


class TaskPage(Struct):
    """One page of tasks."""

    username: str
    tasks: list[TaskOut]
    next: str | None


class NewTask(Struct):
    """A task as it comes in."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    note: Annotated[str, Meta(max_length=10_000)] | None = None
    due_date: Annotated[datetime, Meta(tz=True)] | None = None
    item: Annotated[str, Meta(max_length=255)] | None = None
    quantity: Annotated[float, Meta(gt=0, le=10_000)] = 1


class TaskChange(Struct):
    """A task that is ticked, or no more."""

    completed: bool


class Price(Struct):
    """What an item costs."""

    name: str
    price: float


class Sum(Struct):
    """Two numbers and their sum."""

    number1: float
    number2: float
    total_sum: float


class Echo(Struct):
    """What was said."""

    echo: str


def in_utc(moment: datetime | None) -> datetime | None:
    """Say what SQLite does not."""
    return moment and moment.replace(tzinfo=UTC)


def wire(row: Row) -> TaskOut:
    """Return a task as it goes out."""
    return TaskOut(
        row.id,
        row.name,
        row.note,
        in_utc(row.creation_date),
        in_utc(row.due_date),
        row.completed_date is not None,
        in_utc(row.completed_date),
        row.item,
        row.quantity,
        None if row.paid_amount is None else Amount(row.paid_amount, row.paid_currency),
        row.revision,
    )


def owner_of(request: Request, connection: Connection, username: str) -> int:
    """Return the account that the token belongs to, which must be the one that is asked about."""
    secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
    digest = hashlib.sha256(secret.encode()).hexdigest()
    account = connection.execute(WHO, {"digest": digest}).one_or_none()
    if account is None:
        raise NotAuthorizedException
    if account.username != username:
        raise PermissionDeniedException
    return account.id


def one(connection: Connection, owner: int, task_id: int) -> Row:
    """Return one of the account's tasks."""
    row = connection.execute(ONE, {"owner": owner, "key": task_id}).one_or_none()
    if row is None:
        raise NotFoundException
    return row


@get(PATH, sync_to_thread=IN_THREAD)
def list_tasks(request: Request, username: str, limit: int = 50, after: int = 0) -> TaskPage:
    """List a page of tasks."""
    with engine.connect() as connection:
        owner = owner_of(request, connection, username)
        asked = {"owner": owner, "after": after, "count": limit + 1}
        rows = connection.execute(PAGE, asked).all()
    following = None
    if len(rows) > limit:
        following = f"{request.url.path}?limit={limit}&after={rows[limit - 1].id}"
    return TaskPage(username, [wire(row) for row in rows[:limit]], following)


@post(PATH, sync_to_thread=True)
def create_task(request: Request, username: str, data: NewTask) -> TaskOut:
    """Create a task."""
    with engine.begin() as connection:
        values = {
            "account_id": owner_of(request, connection, username),
            "name": data.name,
            "note": data.note,
            "due_date": data.due_date,
            "item": data.item,
            "quantity": data.quantity,
            "creation_date": datetime.now(UTC),
            "revision": 1,
        }
        return wire(connection.execute(insert(tasks).returning(tasks), values).one())


@get(PATH + "/{task_id:int}", sync_to_thread=IN_THREAD)
def show_task(request: Request, username: str, task_id: int) -> TaskOut:
    """Show a task."""
    with engine.connect() as connection:
        return wire(one(connection, owner_of(request, connection, username), task_id))


@patch(PATH + "/{task_id:int}", sync_to_thread=True)
def tick_task(request: Request, username: str, task_id: int, data: TaskChange) -> TaskOut:
    """Tick a task or take that back; what its item costs by then is what was paid."""
    with engine.begin() as connection:
        task = one(connection, owner_of(request, connection, username), task_id)
        price = connection.execute(PRICE, {"item": task.item}).one_or_none()
        price = price if data.completed else None
        values = {
            "completed_date": datetime.now(UTC) if data.completed else None,
            "paid_amount": price.price * task.quantity if price else None,
            "paid_currency": price.currency if price else None,
            "revision": task.revision + 1,
        }
        changed = update(tasks).where(tasks.c.id == task.id).values(values).returning(tasks)
        return wire(connection.execute(changed).one())


@get("/itemprice", sync_to_thread=IN_THREAD)
def item_price(itemname: str) -> Price:
    """Tell what an item costs."""
    with engine.connect() as connection:
        price = connection.execute(PRICE, {"item": itemname}).one_or_none()
    return Price(itemname, price.price if price else 0)


@get("/sum", sync_to_thread=False)
def total_sum(number1: float, number2: float) -> Sum:
    """Add two numbers."""
    return Sum(number1, number2, number1 + number2)


@get("/echo/{text:path}", sync_to_thread=False)
def echo(text: str) -> Echo:
    """Say it again."""
    text = text.removeprefix("/")
    return Echo(f"{text} {text}")


app = Litestar(
    [list_tasks, create_task, show_task, tick_task, item_price, total_sum, echo],
    openapi_config=None,
)
