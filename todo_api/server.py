"""The production server: granian, set up so that what is in flight gets finished."""

import signal
import socket
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from todo_api.app import create_app
from todo_api.errors import CannotStart
from todo_api.settings import Settings

SECONDS_TO_FINISH = 30
"""How long a worker may take to finish what is in flight before it is killed."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; a worker that dies is started again."""
    Granian(
        "todo_api.server:worker_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        blocking_threads=settings.threads,
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_FINISH,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_logging(settings.log_level),
    ).serve()


def worker_app() -> Flask:
    """Return the application in a worker process.

    Until granian sets a worker's signals, after this, a forked one has its parent's handlers, by
    which a SIGTERM would be lost; nothing is in flight yet, so it may just end.
    """
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_DFL)
    return create_app()


def must_be_free(host: str, port: int) -> None:
    """Raise CannotStart when something listens there; granian would share the port with it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CannotStart(f"Cannot listen on HOST {host}, PORT {port}: {error.strerror}.") from None


def _logging(level: str) -> dict[str, Any]:
    return {
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"todo_api": {"level": level.upper()}},
    }
