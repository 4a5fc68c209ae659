"""PostgreSQL: connections that wait for no server that is silent, and are whole when handed out."""

import select
import threading
import time
from concurrent.futures import Future, wait
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DisconnectionError

from todo_api import watched
from todo_api.pulse import NoAnswer, Pulse
from todo_api.watched import WatchedConnection

ONE_STATE = "BEGIN ISOLATION LEVEL REPEATABLE READ"
"""Begins a transaction that reads and sees one state of the database."""

_TICK = 0.1
_PORT = "5432"
_SECONDS_A_HOST = 2
"""The least that libpq and psycopg give a host to answer to a connection."""

# A dead peer is noticed by an idle listener, too, and no router forgets the connection.
_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


class Servers:
    """The servers that DATABASE_URL names, of which one or the other may be away for good.

    Each has a pulse of its own: who waits for one that is silent has nothing of another's answers.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        hosts = options.get("host", "").split(",")
        ports = str(options.get("port", "")).split(",")
        if len(ports) < len(hosts):
            ports *= len(hosts)
        self._options = options
        self._pulses = {
            (host, port or _PORT): Pulse(partial(self._ask, host, port), _SECONDS_A_HOST)
            for host, port in zip(hosts, ports, strict=True)
        }

    def bear(self, since: float, *, at_most: float) -> None:
        """Go on with connecting, or raise NoAnswer once there is no use in it: as Pulse.bear."""
        silent = 0
        for pulse in self._pulses.values():
            try:
                pulse.bear(since, at_most=at_most)
            except NoAnswer:
                silent += 1
        if silent == len(self._pulses):
            raise NoAnswer("The server does not answer.")

    def connect(self) -> WatchedConnection:
        """Connect to the first that takes us; who is silent is not asked, if others are there."""
        options = self._options
        if len(self._pulses) > 1:
            awake = [place for place, pulse in self._pulses.items() if not pulse.away]
            hosts, ports = zip(*(awake or self._pulses), strict=True)
            options = {**options, "host": ",".join(hosts), "port": ",".join(ports)}
        # The driver would begin with a round trip of its own, and only at the first statement.
        connection = WatchedConnection.connect(**options, autocommit=True)
        connection.pulse = self._pulse_of(connection)
        return connection

    def _pulse_of(self, connection: WatchedConnection) -> Pulse:
        first, *others = self._pulses.values()
        place = (connection.info.host, str(connection.info.port))
        return self._pulses.get(place, first) if others else first

    def _ask(self, host: str, port: str) -> None:
        options = {**self._options, "host": host, "port": port}
        # A standby answers, too.
        options |= {"connect_timeout": _SECONDS_A_HOST, "target_session_attrs": "any"}
        with WatchedConnection.connect(**options, autocommit=True) as connection:
            connection.pulse = self._pulses[host, port or _PORT]
            connection.execute("SELECT 1")


def with_driver(url: URL) -> URL:
    """Return the URL of a database with the driver that this program speaks to it by."""
    return url.set(drivername="postgresql+psycopg")


def speak(engine: Engine, lock_timeout: int, statement_timeout: int) -> None:
    """Set up each connection of `engine`, and each transaction.

    A transaction is begun as the connection's option `begin` says, or not at all where that is
    empty: then each statement is one by itself. To connect takes at most `lock_timeout` seconds,
    however many hosts there are to try; a statement takes at most `statement_timeout` seconds.
    """
    _, given = engine.dialect.create_connect_args(engine.url)
    several = "," in given.get("host", "")
    servers = Servers(
        {
            **_ALIVE,
            **given,
            "options": f"-c timezone=UTC -c lock_timeout={lock_timeout}s"
            f" -c statement_timeout={statement_timeout}s"
            f" -c idle_in_transaction_session_timeout={10 * lock_timeout}s",
            "connect_timeout": _SECONDS_A_HOST if several else max(lock_timeout, _SECONDS_A_HOST),
        }
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, _args: Any, _options: Any) -> WatchedConnection:
        return _connected(servers, lock_timeout)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if how := connection.get_execution_options().get("begin", watched.AS_USUAL["begin"]):
            connection.exec_driver_sql(how)

    @event.listens_for(engine, "checkout")
    def check(connection: WatchedConnection, _record: object, _fairy: object) -> None:
        # To another server, if there is one, there may be a way.
        if connection.pulse.away or (not connection.is_fresh and _has_ended(connection)):
            raise DisconnectionError("The server has ended this connection.")
        connection.is_fresh = False


def _connected(servers: Servers, seconds: float) -> WatchedConnection:
    """Connect within `seconds`, name resolution and all hosts together, or raise NoAnswer."""
    begun = time.monotonic()
    servers.bear(begun, at_most=seconds)
    future: Future[WatchedConnection] = Future()

    def connect() -> None:
        try:
            future.set_result(servers.connect())
        except BaseException as error:  # noqa: BLE001 - It is raised again by who waits for it.
            future.set_exception(error)

    threading.Thread(target=connect, name="connect", daemon=True).start()
    try:
        while not wait([future], _TICK).done:
            servers.bear(begun, at_most=seconds)
    except NoAnswer:
        future.add_done_callback(_close)
        raise
    return future.result()


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
