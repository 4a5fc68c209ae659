"""FastAPI with SQLAlchemy's ORM and pydantic, as their tutorials put them together, on uvicorn."""

import hashlib
import os
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import DateTime, ForeignKey, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

URL = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
engine = create_engine(URL, pool_size=20)
make_session = sessionmaker(engine, expire_on_commit=False)
app = FastAPI()

if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def be_durable(connection, _record):
        """Let a commit wait for the disk."""
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA busy_timeout = 30000")


class Base(DeclarativeBase):
    """Every table."""


class Account(Base):
    """Somebody."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]


class Token(Base):
    """What proves who somebody is."""

    __tablename__ = "token"
    digest: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))


class Task(Base):
    """Something to do."""

    __tablename__ = "task"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    note: Mapped[str | None]
    creation_date: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    completed_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    item: Mapped[str | None]
    quantity: Mapped[float]
    paid_amount: Mapped[float | None]
    paid_currency: Mapped[str | None]
    revision: Mapped[int] = mapped_column(default=1)

    @property
    def completed(self):
        """Whether it is done."""
        return self.completed_date is not None

    @property
    def paid(self):
        """What it has cost."""
        if self.paid_amount is None:
            return None
        return {"amount": self.paid_amount, "currency": self.paid_currency}


class ItemPrice(Base):
    """What something costs."""

    __tablename__ = "item_price"
    name: Mapped[str] = mapped_column(primary_key=True)
    price: Mapped[float]
    currency: Mapped[str]


class NewTask(BaseModel):
    """A task as it comes in."""

    name: str = Field(min_length=1, max_length=255)
    note: str | None = Field(None, max_length=10_000)
    due_date: AwareDatetime | None = None
    item: str | None = Field(None, max_length=255)
    quantity: float = Field(1, gt=0, le=10_000)


class TaskChange(BaseModel):
    """A task that is ticked, or no more."""

    completed: bool


class Amount(BaseModel):
    """A sum of money."""

    amount: float
    currency: str


class TaskOut(BaseModel):
    """A task as it goes out."""

    model_config = ConfigDict(from_attributes=True)

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

    @field_validator("creation_date", "due_date", "completed_date")
    @classmethod
    def in_utc(cls, value: datetime | None) -> datetime | None:
        """Say what SQLite does not."""
        return value and value.replace(tzinfo=UTC)


class TaskPage(BaseModel):
    """One page of tasks."""

    username: str
    tasks: list[TaskOut]
    next: str | None


class PriceOut(BaseModel):
    """What an item costs."""

    name: str
    price: float


class SumOut(BaseModel):
    """Two numbers and their sum."""

    number1: float
    number2: float
    total_sum: float


class EchoOut(BaseModel):
    """What was said."""

    echo: str


def get_session():
    """Hand out the request's session."""
    with make_session() as session:
        yield session


Database = Annotated[Session, Depends(get_session)]


def get_account(
    username: str, session: Database, authorization: Annotated[str, Header()] = ""
) -> Account:
    """Return the account that the token belongs to, which must be the one that is asked about."""
    digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).hexdigest()
    query = select(Account).join(Token).where(Token.digest == digest)
    account = session.scalars(query).one_or_none()
    if account is None:
        raise HTTPException(401)
    if account.username != username:
        raise HTTPException(403)
    return account


Owner = Annotated[Account, Depends(get_account)]


def get_task(task_id: int, account: Owner, session: Database) -> Task:
    """Return one of the account's tasks."""
    query = select(Task).where(Task.account_id == account.id, Task.id == task_id)
    task = session.scalars(query).one_or_none()
    if task is None:
        raise HTTPException(404)
    return task


@app.get("/api/v1/accounts/{username}/tasks")
def list_tasks(account: Owner, session: Database, limit: int = 50, after: int = 0) -> TaskPage:
    """List a page of tasks."""
    query = (
        select(Task)
        .where(Task.account_id == account.id, Task.id > after)
        .order_by(Task.id)
        .limit(limit + 1)
    )
    tasks = session.scalars(query).all()
    following = None
    if len(tasks) > limit:
        path = app.url_path_for("list_tasks", username=account.username)
        following = f"{path}?limit={limit}&after={tasks[limit - 1].id}"
    page = [TaskOut.model_validate(task) for task in tasks[:limit]]
    return TaskPage(username=account.username, tasks=page, next=following)


@app.post("/api/v1/accounts/{username}/tasks", status_code=201, response_model=TaskOut)
def create_task(sent: NewTask, account: Owner, session: Database) -> Task:
    """Create a task."""
    task = Task(account_id=account.id, creation_date=datetime.now(UTC), **sent.model_dump())
    session.add(task)
    session.commit()
    session.refresh(task)
    return task


@app.get("/api/v1/accounts/{username}/tasks/{task_id}", response_model=TaskOut)
def show_task(task: Annotated[Task, Depends(get_task)]) -> Task:
    """Show a task."""
    return task


@app.patch("/api/v1/accounts/{username}/tasks/{task_id}", response_model=TaskOut)
def tick_task(
    sent: TaskChange, task: Annotated[Task, Depends(get_task)], session: Database
) -> Task:
    """Tick a task or take that back; what its item costs by then is what was paid."""
    price = session.get(ItemPrice, task.item) if sent.completed and task.item else None
    task.completed_date = datetime.now(UTC) if sent.completed else None
    task.paid_amount = price.price * task.quantity if price else None
    task.paid_currency = price.currency if price else None
    task.revision += 1
    session.commit()
    session.refresh(task)
    return task


@app.get("/itemprice")
def item_price(itemname: str, session: Database) -> PriceOut:
    """Tell what an item costs."""
    price = session.get(ItemPrice, itemname)
    return PriceOut(name=itemname, price=price.price if price else 0)


@app.get("/sum")
def total_sum(number1: float, number2: float) -> SumOut:
    """Add two numbers."""
    return SumOut(number1=number1, number2=number2, total_sum=number1 + number2)


@app.get("/echo/{text:path}")
def echo(text: str) -> EchoOut:
    """Say it again."""
    return EchoOut(echo=f"{text} {text}")
