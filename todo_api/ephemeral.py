"""An ephemeral server: empty, private, and gone without a trace when whoever started it is.

It is for the tests of other programs, whatever they are written in. All that they need to know is
one line of JSON.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import Flask

from todo_api import addresses, migrations, sandbox
from todo_api.app import open_database
from todo_api.server import processes
from todo_api.services import accounts, passwords, sample, tokens
from todo_api.settings import Settings

ADMIN = "admin"
PREFIX = "todo-api-ephemeral-"

LOOK_EVERY = 0.2
"""Seconds between two looks at whether the parent process is still there."""

_MEMORY = Path("/dev/shm")  # noqa: S108 - A folder of one's own is made in it.
_ENOUGH = 256 * 2**20
"""Bytes that have to be free in memory for a database to be kept there."""


def run(*, with_sample: bool) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent process ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    parent = os.getppid()
    host = Settings.from_environment().host
    with (
        _port_of_its_own(host) as port,
        TemporaryDirectory(prefix=PREFIX, dir=_memory(), ignore_cleanup_errors=True) as folder,
    ):
        settings = Settings.of_its_own(f"sqlite:///{folder}/todo.db", port)
        url, control = addresses.url_of(host, port), secrets.token_urlsafe()
        told = {"url": url, "control": control, "admin": _made(settings, with_sample)}
        processes.run(
            settings,
            partial(_in_worker, settings, control, os.getpid(), folder),
            ready=partial(_tell, told, parent),
        )


def _made(settings: Settings, with_sample: bool) -> dict[str, str]:
    """Make the database, and an admin in it; return how that one logs in."""
    password = secrets.token_urlsafe()
    fields = {
        "username": ADMIN,
        "email": f"{ADMIN}@example.com",
        "is_admin": True,
        "password_hash": passwords.hashed(password),
    }
    with closing(open_database(settings)) as database:
        migrations.upgrade(database)
        with database.transaction() as session:
            if with_sample:
                sample.load(session, settings.currency)
            account = accounts.register(session, fields)
            token = tokens.issue(session, account, expires=tokens.in_days(tokens.LONGEST_DAYS))
    return {"username": ADMIN, "password": password, "token": token.secret}


def _in_worker(settings: Settings, control: str, parent: int, folder: str) -> Flask:
    """Return the application of the one worker process."""
    os.setpgid(0, 0)  # Ctrl-C in a terminal is for the first process, which ends this one in order.
    _end_after(parent, partial(shutil.rmtree, folder, ignore_errors=True))
    return sandbox.create(settings, control)


def _tell(told: dict[str, Any], parent: int) -> None:
    """Say what there is, as soon as it is; end if it is never, or if nobody listens."""
    _end_after(parent)
    try:
        _wait_for(urlsplit(told["url"]))
        os.write(sys.stdout.fileno(), f"{json.dumps(told)}\n".encode())
    except OSError:
        os.kill(os.getpid(), signal.SIGTERM)


def _wait_for(url: SplitResult, timeout: float = 30) -> None:
    """Wait until somebody listens at the URL; raise TimeoutError when nobody does."""
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection((url.hostname or "", url.port or 0)):
            return
        time.sleep(0.005)
    raise TimeoutError


def _end_after(parent: int, clean: Callable[[], object] = lambda: None) -> None:
    """End this process once its parent, by its number, has ended: nobody would end it then."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY)
        try:
            clean()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


@contextmanager
def _port_of_its_own(host: str) -> Iterator[int]:
    """Hold a free port, which nobody else is given meanwhile and the worker may listen on."""
    address = addresses.address_of(host, 0)
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((address, 0))
        yield holder.getsockname()[1]


def _memory() -> Path | None:
    """Return a folder in memory, if there is one with room, where no commit waits for a disk."""
    with suppress(OSError):
        if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH:
            return _MEMORY
    return None
