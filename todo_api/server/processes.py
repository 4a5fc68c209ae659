"""The production server: granian, set up so that what is in flight gets finished."""

import logging
import signal
import threading
from collections.abc import Callable
from functools import partial
from os import register_at_fork
from tempfile import TemporaryDirectory
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from todo_api import memory, sandbox, urls
from todo_api.addresses import address_of
from todo_api.app import create_app, open_database
from todo_api.resources import refusal
from todo_api.resources.envelope import Envelope
from todo_api.resources.log_line import LogLine
from todo_api.resources.log_writer import LogWriter
from todo_api.server.farewell import saying_farewell
from todo_api.server.front import Front
from todo_api.settings import Settings, share_metrics

log = logging.getLogger(__name__)

SECONDS_TO_FINISH = 30
"""How long a worker may take to finish what is in flight before it is killed."""

LARGEST_HEAD = 96 * 1024
"""Bytes of a head that a process reads from a connection; the application allows 64 KiB."""

CONNECTIONS = 4096
"""How many connections one process has open; more wait until one of these is closed."""


def run(
    settings: Settings,
    make: Callable[[], Flask] = create_app,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT; a worker that dies is started again.

    `make` returns the application of a worker, in its process; `ready` is called once all of them
    are started.
    """
    threading.excepthook = _log_end
    memory.settle()
    register_at_fork(after_in_child=_end_at_a_signal)
    with TemporaryDirectory(prefix="todo-api-metrics-") as folder:
        if settings.metrics_token:
            share_metrics(folder)
        _server(settings, ready).serve(target_loader=partial(worker, make), wrap_loader=False)
    open_database(settings).settle()


def _server(settings: Settings, ready: Callable[[], None]) -> "Server":
    server = Server(
        "todo_api.server.processes:worker",
        interface=Interfaces.ASGI,
        address=address_of(settings.host, settings.port),
        port=settings.port,
        workers=settings.workers,
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_FINISH,
        websockets=False,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=settings.idle_timeout * 1000, max_buffer_size=LARGEST_HEAD
        ),
        backpressure=CONNECTIONS,
        log_level=LogLevels.error,
        log_dictconfig=_logging(settings),
    )
    server.ready = ready
    server.ending = Envelope(refusal.stopping, settings)
    return server


class Server(MPServer):
    """Granian, which leads new connections away from its workers before these end."""

    ready: Callable[[], None]
    ending: WSGIApplication

    def startup(self, *arguments: Any) -> None:
        """Start the workers, and say so."""
        start: Any = super().startup
        start(*arguments)
        self.ready()

    def shutdown(self, exit_code: int = 0) -> None:
        """Let the workers finish what is in flight, and end them."""
        finish: Any = super().shutdown
        with saying_farewell(self.ending, self.bind_addr, self.bind_port, self.workers):
            finish(exit_code)


def worker(make: Callable[[], Flask]) -> Front:
    """Return what granian calls in one worker process."""
    threading.excepthook = _log_end
    app: Any = make()
    return Front(app, app.extensions["todo_api"], (*urls.ROUTES, *sandbox.ROUTES))


def _log_end(ended: threading.ExceptHookArgs) -> None:
    """Log the error at which a thread has ended."""
    if ended.exc_type is not SystemExit and ended.exc_value:
        name = ended.thread.name if ended.thread else "unknown"
        log.error("The thread %r has ended", name, exc_info=ended.exc_value)


def _end_at_a_signal() -> None:
    """Let a worker just end at a signal until granian sets its own handlers.

    A forked one begins with its parent's, by which a SIGTERM would be lost.
    """
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_DFL)


def _logging(settings: Settings) -> dict[str, Any]:
    access = "INFO" if settings.access_log == "on" else "ERROR"
    return {
        "formatters": {"line": {"()": LogLine}},
        "handlers": {
            "stderr": {"()": LogWriter, "stream": "ext://sys.stderr", "formatter": "line"},
            "stdout": {"()": LogWriter, "stream": "ext://sys.stdout"},
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "todo_api": {"level": settings.log_level.upper()},
            "todo_api.access": {"level": access, "handlers": ["stdout"], "propagate": False},
            "_granian": {"level": "ERROR"},
        },
    }
