"""Connections to PostgreSQL, which wait for no server that is silent."""

import time
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg.waiting import Ready, Wait

from todo_api.pulse import NoAnswer, Pulse
from todo_api.spin import Spin

AT_ONCE = {"begin": ""}
"""Options of a connection each of whose statements is a transaction by itself."""

AS_USUAL = {"begin": "BEGIN"}
"""Options of a connection whose transactions are as any other."""

_CURSORS = 100
"""How many statements have a cursor of their own: as many as the driver has prepared."""

_LONGEST_VALUE = 1_024
"""Characters or bytes of a value with which such a cursor executes its statement. A cursor holds
its values until it executes the next one."""


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that gives up, and closes, once there is no use in waiting any more."""

    pulse: Pulse
    is_fresh = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cursors = dict[str, psycopg.Cursor[Any]]()
        self._spin = Spin(self.fileno())

    @property
    def is_idle(self) -> bool:
        """Whether it is open, and nothing is begun on it."""
        return self.pgconn.transaction_status == TransactionStatus.IDLE

    def cursor_for(self, text: str) -> psycopg.Cursor[Any]:
        """Return a cursor that still knows what the driver has made of `text` when it was put last.

        That spares 10 µs. What it has found stays with it until then, so it is for single rows.
        """
        cursor = self._cursors.get(text)
        if cursor is None:
            if len(self._cursors) >= _CURSORS:
                self._cursors.clear()
            cursor = self._cursors[text] = self.cursor()
        return cursor

    def cursor_with(self, text: str, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
        """Return a cursor of its own for a statement with a long value."""
        for value in values.values():
            if isinstance(value, (str, bytes)) and len(value) > _LONGEST_VALUE:
                return self.cursor()
        return self.cursor_for(text)

    def commit(self) -> None:
        """Commit, for which the server waits for its disk, so that looking for that is in vain."""
        with self._spin.left_out():
            super().commit()

    def wait(self, gen: PQGen[RV], *args: Any, **options: Any) -> RV:
        """Wait for the server; psycopg does all of its waiting here but for that to connect."""
        try:
            return super().wait(_bearing(self.pulse, self._spin, gen), *args, **options)
        except NoAnswer:
            self.close()
            raise


def _bearing(pulse: Pulse, spin: Spin, gen: PQGen[RV]) -> PQGen[RV]:
    """Run `gen`, which is told ten times a second when there is nothing to read or write."""
    since = time.monotonic()
    try:
        wanted = next(gen)
        while True:
            ready: Ready | int
            if wanted == Wait.R and spin.is_readable():
                ready = Ready.R
            else:
                ready = yield wanted
            if ready:
                since = time.monotonic()
            else:
                pulse.bear(since)
            wanted = gen.send(ready)
    except StopIteration as end:
        result: RV = end.value
        return result
