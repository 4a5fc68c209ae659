"""Witness: tells whether anybody has written into a SQLite file since one looked last."""

import sqlite3
import threading

from sqlalchemy.exc import SQLAlchemyError

from todo_api.asking import Asker, Askers

Seen = tuple[int, int]
"""Which connection looked, and what its data_version was."""


class Witness:
    """A connection that never writes, to which SQLite tells of the commits of all others.

    That is its data_version, see https://sqlite.org/pragma.html, which only one and the same
    connection can compare. It takes a fifth of the time of a question about a row.
    """

    def __init__(self, askers: Askers) -> None:
        self.askers = askers
        self.own: Asker | None = None
        self._number = 0
        self._looking = threading.Lock()

    def seen(self) -> Seen | None:
        """Return what is as it was before only if nobody has committed anything since.

        None if that is not known now, since another thread is looking or SQLite cannot say.
        """
        if not self._looking.acquire(blocking=False):
            return None
        try:
            return self._look()
        except (sqlite3.Error, SQLAlchemyError):
            self.close()
            return None
        finally:
            self._looking.release()

    def close(self) -> None:
        """Close the connection; there will be another one if need be."""
        if self.own:
            self.own.driver_connection.close()
            self.own = None

    def _look(self) -> Seen:
        if self.own is None:
            self.own = self.askers.take()
            self._number += 1
        (version,) = self.own.driver_connection.execute("PRAGMA data_version").fetchone()
        return self._number, version
