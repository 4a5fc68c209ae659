"""PostgreSQL: connections that wait for no server that is silent, and are whole when handed out."""

import select
import threading
import time
from concurrent.futures import Future, wait
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from todo_api.pulse import NoAnswer, Pulse

_TICK = 0.1
_SECONDS_A_HOST = 2
"""The least that libpq and psycopg give a host to answer to a connection."""

# A dead peer is noticed by an idle listener, too, and no router forgets the connection.
_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that gives up, and closes, once there is no use in waiting any more."""

    pulse: Pulse
    is_fresh = True

    def wait(self, gen: PQGen[RV], *args: Any, **options: Any) -> RV:
        """Wait for the server; psycopg does all of its waiting here but for that to connect."""
        try:
            return super().wait(_bearing(self.pulse, gen), *args, **options)
        except NoAnswer:
            self.close()
            raise


def _bearing(pulse: Pulse, gen: PQGen[RV]) -> PQGen[RV]:
    """Run `gen`, which is told ten times a second when there is nothing to read or write."""
    since = time.monotonic()
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready:
                since = time.monotonic()
            else:
                pulse.bear(since)
            wanted = gen.send(ready)
    except StopIteration as end:
        result: RV = end.value
        return result


def speak(engine: Engine, lock_timeout: int) -> None:
    """Set up each connection of `engine`, all with one pulse.

    To connect takes at most `lock_timeout` seconds, however many hosts there are to try.
    """
    _, given = engine.dialect.create_connect_args(engine.url)
    several = "," in given.get("host", "")
    options = {
        **_ALIVE,
        **given,
        "options": f"-c timezone=UTC -c lock_timeout={lock_timeout}s"
        f" -c idle_in_transaction_session_timeout={10 * lock_timeout}s",
        "connect_timeout": _SECONDS_A_HOST if several else max(lock_timeout, _SECONDS_A_HOST),
    }

    def ask() -> None:
        asking = {**options, "connect_timeout": _SECONDS_A_HOST}
        with WatchedConnection.connect(**asking, autocommit=True) as connection:
            connection.pulse = pulse
            connection.execute("SELECT 1")

    # Of several hosts the first may be away for good.
    pulse = Pulse(ask, _SECONDS_A_HOST + several)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, _args: Any, _options: Any) -> WatchedConnection:
        return _connected(options, pulse, lock_timeout)

    @event.listens_for(engine, "checkout")
    def check(connection: WatchedConnection, _record: object, _fairy: object) -> None:
        if not connection.is_fresh and _has_ended(connection):
            raise DisconnectionError("The server has ended this connection.")
        connection.is_fresh = False


def _connected(options: dict[str, Any], pulse: Pulse, seconds: float) -> WatchedConnection:
    """Connect within `seconds`, name resolution and all hosts together, or raise NoAnswer."""
    begun = time.monotonic()
    pulse.bear(begun)
    future: Future[WatchedConnection] = Future()

    def connect() -> None:
        try:
            future.set_result(WatchedConnection.connect(**options))
        except BaseException as error:  # noqa: BLE001 - It is raised again by who waits for it.
            future.set_exception(error)

    threading.Thread(target=connect, name="connect", daemon=True).start()
    try:
        while not wait([future], _TICK).done:
            pulse.bear(begun, at_most=seconds)
    except NoAnswer:
        future.add_done_callback(_close)
        raise
    connection = future.result()
    connection.pulse = pulse
    return connection


def _close(future: Future[WatchedConnection]) -> None:
    """Close a connection that came too late."""
    if future.exception() is None:
        future.result().close()


def _has_ended(connection: WatchedConnection) -> bool:
    """Return whether there is something to read; on an idle connection that is its end.

    It costs two microseconds; to find out with a statement would be a round trip for each request.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
