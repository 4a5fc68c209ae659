"""Metrics: what was asked, how long it took, and what is taken, over all worker processes."""

import os
import time
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import Engine, event

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""The upper bounds of the buckets of a histogram of requests."""

DATABASE_SECONDS = (0.0001, 0.00025, 0.0005, *SECONDS)
"""The same for statements, many of which take less."""

STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
"""Statements that are told apart; each other one is OTHER, a commit COMMIT."""

NO_ROUTE = "(none)"
"""The route of a request that found none; a label for each path would be one for each typo."""

_values: Any = values
_Collector: Any = MultiProcessCollector
_forget: Any = mark_process_dead


class Metrics:
    """What one process has seen, or all that share `folder`, which is PROMETHEUS_MULTIPROC_DIR."""

    def __init__(self, folder: str = "") -> None:
        # The library looks for the folder when it is imported, which is before `serve` makes it.
        _values.ValueClass = _values.get_value_class()
        self._folder = folder
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "todo_api_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "todo_api_request_seconds",
            "Seconds from the head of a request to the head of its answer.",
            ["method", "route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._database_seconds = Histogram(
            "todo_api_database_seconds",
            "Seconds that the database took for a statement or a commit.",
            ["statement"],
            buckets=DATABASE_SECONDS,
            registry=self._registry,
        )
        self._password_checks = Counter(
            "todo_api_password_checks",
            "Passwords that were right, wrong, or refused since too many had been wrong.",
            ["outcome"],
            registry=self._registry,
        )
        self._connections = self._gauge(
            "todo_api_database_connections", "Connections of the pool that are in use."
        )
        self._most_connections = self._gauge(
            "todo_api_database_connections_limit", "Connections that the pool may have."
        )
        self._dropped_lines = Counter(
            "todo_api_log_lines_dropped",
            "Lines of the log that could not be written, and were dropped.",
            registry=self._registry,
        )
        self._streams = self._gauge("todo_api_event_streams", "Event streams that are open.")

    def _gauge(self, name: str, of: str) -> Gauge:
        """Return a gauge that counts what the living processes have together."""
        return Gauge(name, of, registry=self._registry, multiprocess_mode="livesum")

    def watch(self, engine: Engine) -> None:
        """Time the statements of `engine`, and count the connections of its pool."""
        pool: Any = engine.pool
        # On SQLite nobody says so but who has written; on PostgreSQL who has only read does, too.
        self._told = (*STATEMENTS, "COMMIT") if engine.dialect.name == "sqlite" else STATEMENTS
        self._most_connections.set(pool.size())
        # SQLAlchemy has no typed way to say what an event is called with.
        listen: Any = event.listen
        listen(engine, "checkout", lambda *_: self._connections.inc())
        listen(engine, "checkin", self._given_back)
        listen(engine, "detach", lambda *_: self._connections.dec())
        listen(engine, "before_cursor_execute", self._executes)
        listen(engine, "after_cursor_execute", self._executed)
        listen(engine, "commit", self._commits)

    def _executes(self, connection: Any, *_: Any) -> None:
        connection.info[self, "statement"] = time.perf_counter()

    def _executed(self, connection: Any, _: Any, statement: str, *_more: Any) -> None:
        word = statement[:6].upper()
        took = time.perf_counter() - connection.info[self, "statement"]
        self._database_seconds.labels(word if word in self._told else "OTHER").observe(took)

    def _commits(self, connection: Any) -> None:
        connection.info[self, "commit"] = time.perf_counter()

    def _given_back(self, _: Any, record: Any) -> None:
        self._connections.dec()
        # There is no event for the end of a commit; right behind it the connection is given back.
        begun = record.info.pop((self, "commit"), None)
        if begun is not None:
            self._database_seconds.labels("COMMIT").observe(time.perf_counter() - begun)

    def checked(self, outcome: str) -> None:
        """Count a password that was `right`, `wrong` or `refused`."""
        self._password_checks.labels(outcome).inc()

    def opened_stream(self) -> None:
        """Count an event stream until it is closed."""
        self._streams.inc()

    def closed_stream(self) -> None:
        """Count one event stream less."""
        self._streams.dec()

    def dropped_lines(self, number: int) -> None:
        """Count lines of the log that were dropped."""
        self._dropped_lines.inc(number)

    def saw(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request that was answered with `status` after `seconds`."""
        route = route or NO_ROUTE
        method = method if route != NO_ROUTE else "(any)"
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Return all that was counted, in Prometheus' text format 0.0.4."""
        registry = self._registry
        if self._folder:
            _forget_the_dead(Path(self._folder))
            registry = CollectorRegistry()
            _Collector(registry)
        return generate_latest(registry)


def _forget_the_dead(folder: Path) -> None:
    """Drop what processes that were killed had taken; what they have counted stays."""
    for pid in {int(each.stem.rpartition("_")[2]) for each in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            _forget(pid, str(folder))
        except PermissionError:
            continue
