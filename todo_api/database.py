"""The database: engine and session. Reading happens in `reading()`, writing in `transaction()`.

To return from that is to commit, to raise is to roll back.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from todo_api import generation, postgresql, sqlite
from todo_api.announcing import Announcer, topics_of
from todo_api.asking import Askers
from todo_api.commits import committing, trying
from todo_api.failures import understood
from todo_api.generation import Guard
from todo_api.place import Place, Pooled, nothing
from todo_api.running_reads import RunningReads
from todo_api.sessions import LightSession
from todo_api.spare import Spare
from todo_api.sqlite_writers import Batch, Writers
from todo_api.witness import Witness

_MIGRATING = 600
"""Seconds that a migration waits for another one."""

LONG = 60
"""Seconds that the database may take for a file of tasks or prices, or to delete an account."""


class Database:
    """One database, SQLite or PostgreSQL, that behaves the same either way.

    `lock_timeout`, in seconds, bounds each wait: for a lock, a connection, a free place in the pool
    of `pool_size` connections. A wait that runs out raises errors.Unavailable. So does one for a
    PostgreSQL that is silent, see `postgresql`, and a schema that the `guard` does not let pass.
    `statement_timeout`, in seconds, bounds what the database does for a read, or on PostgreSQL for
    a statement; beyond it is errors.TooSlow. Without one there is no limit.
    """

    def __init__(
        self,
        url: str,
        *,
        lock_timeout: int = 5,
        statement_timeout: int | None = None,
        pool_size: int = 8,
    ) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.writers: Writers | None = None
        self.witness: Witness | None = None
        self._statement_timeout = statement_timeout
        self._running = RunningReads()
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0}
        # What an error tells goes to the log; what somebody stored does not belong there.
        options["hide_parameters"] = True
        options["pool_timeout"] = lock_timeout
        # The connection used last is the one whose memory holds most of what is asked.
        options["pool_use_lifo"] = True
        if self.is_sqlite:
            options["connect_args"] = {"factory": sqlite.Driver}
            self.engine = create_engine(sqlite.file_url(self.url), **options)
            sqlite.speak(self.engine, lock_timeout)
            askers, scribes = Askers(self.engine), Askers(self.engine)
            self._take: Callable[[], Pooled] = askers.take
            self.witness = Witness(askers)
            self._kept: list[Askers | Spare | Witness] = [self.witness, askers, scribes]
            # One writes at a time, so it is always the same connection, which knows what it left.
            self.writers = Writers(self.engine, partial(self._taken, scribes.take), lock_timeout)
        else:
            self.engine = create_engine(postgresql.with_driver(self.url), **options)
            postgresql.speak(self.engine, lock_timeout, statement_timeout or 0)
            spare = Spare(self.engine)
            self._take, self._kept = spare.take, [spare]
        self.guard = Guard(self.engine)
        self._announcer = Announcer(self.engine)

    def __str__(self) -> str:
        """Return where the database is, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    def place(self) -> Place:
        """Take a connection, which `pooled.close` gives back.

        Raises what SQLAlchemy raises when there is none to connect to.
        """
        return self._taken(self._take)

    def _taken(self, take: Callable[[], Pooled]) -> Place:
        failure = self.engine.dialect.loaded_dbapi.Error
        try:
            taken = take()
        except failure as error:
            raise DBAPIError.instance(None, None, error, failure) from error
        return Place(self.engine, taken, taken.driver_connection)

    @contextmanager
    def reading(self, *, one_state: bool = True, long: bool = False) -> Iterator[Session]:
        """Open a session that sees one state of the database and changes nothing.

        Where that is for one question only, PostgreSQL need not hold on to `one_state`, which takes
        two round trips. A `long` one may take LONG seconds. Raises errors.TooSlow at its limit, and
        where `cancel` has ended it.
        """
        with understood(self.engine, self.guard):
            place = self.place()
            session = LightSession(place)
            try:
                with self._running.limit(place.driver, self._seconds(long), watched=self.is_sqlite):
                    if self.writers:
                        if long:
                            self.writers.checkpoints.make_room(
                                place.driver, 1000 * place.driver.patience
                            )
                        place.driver.start()
                    elif one_state:
                        place.put(postgresql.ONE_STATE, None, nothing)
                    if long:
                        self._lengthen(place)
                    if self.guard.is_due:
                        self.guard.look(place)
                    yield session
                    if one_state and not self.is_sqlite:
                        # At a ROLLBACK the driver forgets all statements that are prepared.
                        place.put("COMMIT", None, nothing)
            finally:
                session.close()
                place.pooled.close()

    def cancellable(self, key: object) -> AbstractContextManager[None]:
        """Let what this thread reads meanwhile be ended by `cancel`, from any thread."""
        return self._running.cancellable(key)

    def cancel(self, key: object) -> None:
        """End what is being read under `key`: errors.TooSlow is raised there."""
        self._running.cancel(key)

    @contextmanager
    def transaction(
        self, *, patient: bool = True, dry: bool = False, long: bool = False
    ) -> Iterator[Session]:
        """Open a session that may write. On SQLite it waits here until it is the only writer.

        Unless it is `patient`: then it raises errors.Unavailable at once if there is another one.
        A `dry` one is rolled back at its end: nothing is kept, and nobody who listens is told. A
        statement of a `long` one may take LONG seconds.
        """
        with (
            understood(self.engine, self.guard),
            self._writing(patient=patient) as place,
            closing(LightSession(place)) as session,
            trying(session) if dry else committing(session),
        ):
            if long:
                self._lengthen(place)
            yield session
        if not (dry or self.is_sqlite):
            self._announcer.tell(topics_of(session))

    def _seconds(self, long: bool) -> float:
        """Return how many seconds a read may take."""
        if self._statement_timeout is None:
            return math.inf
        return LONG if long else self._statement_timeout

    def _lengthen(self, place: Place) -> None:
        """Let a transaction's statements take long on PostgreSQL, which has a limit on each."""
        if self._statement_timeout and not self.is_sqlite:
            place.put(f"SET LOCAL statement_timeout = '{LONG}s'", None, nothing)

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Open a transaction that may change the schema, alone among all nodes.

        It waits up to ten minutes for another node that does so, for other locks as all do.
        Foreign keys are off on SQLite meanwhile, since rebuilding a table would otherwise delete
        what refers to it; they are checked before the commit.
        """
        with understood(self.engine, self.guard), self.engine.connect() as connection:
            sqlite.enforce_foreign_keys(connection, False)
            alone: AbstractContextManager[object] = nullcontext()
            if self.writers:
                alone = self.writers.write(_MIGRATING, on=Place.of(connection))
            try:
                with alone, committing(connection):
                    connection.begin()
                    if not self.is_sqlite:
                        generation.keep_others_out(connection, _MIGRATING)
                    yield connection
                    sqlite.check_foreign_keys(connection)
            finally:
                sqlite.enforce_foreign_keys(connection, True)

    @contextmanager
    def _writing(self, *, patient: bool) -> Iterator[Place]:
        """Begin what writes, on a schema that this program knows."""
        if self.writers:
            with self.writers.write(self.writers.seconds if patient else 0) as (place, is_new):
                place.driver.start()
                if is_new:
                    self.guard.hold(place)
                yield place
            return
        place = self.place()
        try:
            self.guard.hold(place)
            yield place
        finally:
            place.pooled.close()

    def batch(self) -> AbstractContextManager[Batch]:
        """Let this thread's transactions share a commit, on SQLite."""
        assert self.writers
        return self.writers.batch()

    def is_read_only(self, session: Session) -> bool:
        """Return whether nothing can be written, as on a disk with an error, or a standby."""
        if self.is_sqlite:
            return sqlite.is_read_only(self.engine.url)
        return bool(session.scalar(text("SHOW transaction_read_only")) == "on")

    def settle(self) -> None:
        """Leave everything in order, once nobody uses it any more."""
        for each in self._kept:
            each.close()
        if self.is_sqlite:
            sqlite.settle(self.engine)

    def close(self) -> None:
        """Give all connections back."""
        self._announcer.close()
        for each in self._kept:
            each.close()
        self.engine.dispose()
        if self.writers:
            self.writers.turnstile.close()
