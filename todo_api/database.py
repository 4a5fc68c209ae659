"""The database: engine, session, and the project's only commit.

Reading happens in `reading()`, writing in `transaction()`: to return from it is to commit, to raise
is to roll back.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from todo_api import postgresql, sqlite
from todo_api.failures import understood
from todo_api.generation import LOCK, Guard

CHANNEL = "todo_api"
"""On which PostgreSQL's LISTEN hears the topics of what was committed."""

_TOPICS = "topics"
_WRITING = {"writing": True}
_IMPATIENT = {**_WRITING, "patience": 0}
_MIGRATING = {**_WRITING, "patience": 600}


class Database:
    """One database, SQLite or PostgreSQL, that behaves the same either way.

    `lock_timeout`, in seconds, bounds each wait: for a lock, a connection, a free place in the pool
    of `pool_size` connections. A wait that runs out raises errors.Unavailable. So does one for a
    PostgreSQL that is silent, see `postgresql`, and a schema that the `guard` does not let pass.
    """

    def __init__(self, url: str, *, lock_timeout: int = 5, pool_size: int = 8) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0}
        # What an error tells goes to the log; what somebody stored does not belong there.
        options["hide_parameters"] = True
        options["pool_timeout"] = lock_timeout
        if self.is_sqlite:
            self.engine = create_engine(sqlite.file_url(self.url), **options)
            sqlite.speak(self.engine, lock_timeout)
        else:
            url_with_driver = self.url.set(drivername="postgresql+psycopg")
            self.engine = create_engine(url_with_driver, **options)
            postgresql.speak(self.engine, lock_timeout)
        self.guard = Guard(self.engine)

    def __str__(self) -> str:
        """Return where the database is, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that sees one state of the database and changes nothing."""
        with understood(self.engine, self.guard), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            connection.begin()
            self.guard.look_now_and_then(connection)
            # A session that is handed a connection costs 28 µs, one that asks for it itself 45.
            with Session(connection, join_transaction_mode="rollback_only") as session:
                yield session

    @contextmanager
    def transaction(self, *, patient: bool = True, dry: bool = False) -> Iterator[Session]:
        """Open a session that may write. On SQLite it waits here until it is the only writer.

        Unless it is `patient`: then it raises errors.Unavailable at once if there is another one.
        A `dry` one is rolled back at its end: nothing is kept, and nobody who listens is told.
        """
        with (
            understood(self.engine, self.guard),
            Session(self.engine, expire_on_commit=False) as session,
            _trying(session) if dry else _committing(session),
        ):
            options = _WRITING if patient else _IMPATIENT
            self.guard.hold(session.connection(execution_options=options))
            yield session
        if not (dry or self.is_sqlite):
            self._notify(session.info.get(_TOPICS, ()))

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Open a transaction that may change the schema, alone among all nodes.

        It waits up to ten minutes for another node that does so, for other locks as all do.
        Foreign keys are off on SQLite meanwhile, since rebuilding a table would otherwise delete
        what refers to it; they are checked before the commit.
        """
        writing = self.engine.execution_options(**_MIGRATING)
        with understood(self.engine, self.guard), writing.connect() as connection:
            sqlite.enforce_foreign_keys(connection, False)
            try:
                with _committing(connection):
                    connection.begin()
                    if not self.is_sqlite:
                        patience = f"SET LOCAL lock_timeout = '{_MIGRATING['patience']}s'"
                        connection.execute(text(patience))
                        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
                        connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
                    yield connection
                    sqlite.check_foreign_keys(connection)
            finally:
                sqlite.enforce_foreign_keys(connection, True)

    def _notify(self, topics: Iterable[int]) -> None:
        """Tell who listens, if anybody does; who cannot be told has to look now and then.

        Inside of the transaction itself NOTIFY would make all commits of the cluster queue, each
        behind the other's fsync.
        """
        notify = text("SELECT pg_notify(:channel, :topic)")
        with suppress(DBAPIError, PoolTimeout), self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            for topic in topics:
                connection.execute(notify, {"channel": CHANNEL, "topic": str(topic)})

    def is_read_only(self, session: Session) -> bool:
        """Return whether nothing can be written, as on a disk with an error, or a standby."""
        if self.is_sqlite:
            return sqlite.is_read_only(self.engine.url)
        return bool(session.scalar(text("SHOW transaction_read_only")) == "on")

    def settle(self) -> None:
        """Leave everything in order, once nobody uses it any more."""
        if self.is_sqlite:
            sqlite.settle(self.engine)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def announce(session: Session, topic: int) -> None:
    """Tell all who listen, once the transaction is committed, that it was about `topic`."""
    session.info.setdefault(_TOPICS, set()).add(topic)


def take_turns(session: Session, over: str) -> None:
    """Let no other transaction that takes turns over the same thing run until this one ends.

    SQLite has one writer at a time anyhow.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:over, 0))")
        session.execute(lock, {"over": over})


@contextmanager
def _committing(work: Session | Connection) -> Iterator[None]:
    try:
        yield
        work.commit()
    except BaseException:
        work.rollback()
        raise


@contextmanager
def _trying(session: Session) -> Iterator[None]:
    """Do all but commit, so that what would fail then fails here, too; its objects stay as read."""
    try:
        yield
        session.flush()
        session.expunge_all()
    finally:
        session.rollback()
