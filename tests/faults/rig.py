"""What a drill has: a folder, a database of its own, servers to break, and somebody to log in."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psycopg
from conftest import ROOT, environment
from postgres import Postgres, free_port

from faults.traffic import Account, Client, Unanswered

PASSWORD = "correct-horse-battery"

STARTS_IN = 30
"""Seconds after which a server that does not answer has failed to start."""


class CannotRun(Exception):
    """This machine does not allow the drill; the reason stands in the table."""


@dataclass(frozen=True)
class Outcome:
    """What a drill has found.

    `lost` counts acknowledged writes that are gone or doubled, `broken` counts each other promise
    that was not kept: a 500, an answer cut off, one that came too late.
    """

    done: str
    figures: dict[str, str]
    lost: int = 0
    broken: int = 0


@dataclass
class Server:
    """`todo-api serve`, which may be killed and started again on the same port."""

    log: Path
    settings: dict
    command: list = field(default_factory=lambda: [sys.executable, "-m", "todo_api", "serve"])
    port: int = field(default_factory=free_port)
    process: subprocess.Popen = None
    stdout: int | None = None
    """The file descriptor of its standard output; without one that is in the log, too."""

    def start(self, *, within=STARTS_IN):
        """Start it in a process group of its own, and return the seconds until it answers."""
        begun = time.monotonic()
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                self.command,
                env=environment(**{"PORT": self.port, **self.settings}),
                stdout=output if self.stdout is None else self.stdout,
                stderr=output,
                cwd=ROOT,
                start_new_session=True,
            )
        with Client(self.port, timeout=5) as ask:
            while time.monotonic() < begun + within:
                if self.process.poll() is not None:
                    raise RuntimeError(self.text())
                with suppress(Unanswered):
                    ask("GET", "/health")
                    return time.monotonic() - begun
                time.sleep(0.01)
        raise RuntimeError(self.text())

    @property
    def workers(self):
        """The ids of the worker processes."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children]

    def memory(self):
        """Return how many megabytes the processes hold that no other program has."""
        size = 0
        for pid in (self.process.pid, *self.workers):
            fields = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
            size += int(fields[fields.index("Pss:") + 1])
        return size / 1024

    def kill(self):
        """Kill the parent and its workers, and return when nothing is left of them."""
        workers = self.workers
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        while any(_runs(worker) for worker in workers):
            time.sleep(0.001)

    def stop(self):
        """Ask it to end, and return the seconds until it has."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return time.monotonic() - begun

    def text(self):
        """Return all that it has said."""
        return self.log.read_text()


def _runs(pid):
    """Return whether the process is there; a dead one may wait long for its new parent's notice."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


class Rig:
    """What one drill on one kind of database works with; `close` leaves nothing behind."""

    def __init__(self, on):
        self.on = on
        self.folder = Path(tempfile.mkdtemp(prefix="todo-api-drill-"))
        self._numbers = 0

    @cached_property
    def postgres(self):
        """A PostgreSQL of this rig's own."""
        cluster = Postgres()
        cluster.start()
        return cluster

    @cached_property
    def url(self):
        """The DATABASE_URL of this rig's own database, empty at first."""
        if self.on == "sqlite":
            return f"sqlite:///{self.folder}/todo.db"
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE todo")
        return self.postgres.url("todo")

    def server(self, **settings):
        """Return a server on the rig's database, unless `settings` name another; not started."""
        self._numbers += 1
        log = self.folder / f"log{self._numbers}"
        return Server(log, {"DATABASE_URL": self.url, **settings})

    @contextmanager
    def serving(self, **settings):
        """Hand out a server that answers, and end it afterwards."""
        server = self.server(**settings)
        try:
            server.start()
            yield server
        finally:
            if server.process:
                server.stop()

    def account(self, server, username="alice"):
        """Register somebody and log in, over HTTP."""
        sent = {"username": username, "password": PASSWORD}
        with Client(server.port) as ask:
            answer = ask("POST", "/api/v1/accounts", sent | {"email": f"{username}@example.com"})
            assert answer.status == 201, answer
            answer = ask("POST", "/api/v1/accounts/login", sent)
            assert answer.status == 200, answer
        return Account(username, answer.json()["token"])

    def close(self):
        """End the database and remove the folder."""
        if "postgres" in self.__dict__:
            self.postgres.stop()
        shutil.rmtree(self.folder)
