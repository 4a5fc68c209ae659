"""The database becomes read-only under the server: it says so, and goes on to be read."""

from contextlib import contextmanager

import psycopg

from faults.disks import mounted
from faults.rig import Outcome
from faults.traffic import Client, Reader, Writers, lost

ON = ("sqlite", "postgresql")
FULL = {"refusals": 500}
SHORT = {"refusals": 8}

CLIENTS = 4
SENTENCE = "The database is read-only."


class OnDisk:
    """A SQLite file, on a disk in which the kernel finds an error."""

    def __init__(self, disk):
        self.disk = disk
        self.url = f"sqlite:///{disk.path}/todo.db"

    def close(self):
        self.disk.fail()


class InPostgres:
    """A database that is turned into what a standby is to its clients."""

    def __init__(self, rig):
        self.url, self.postgres = rig.url, rig.postgres

    def close(self):
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("ALTER DATABASE todo SET default_transaction_read_only = on")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'todo'"
            )


@contextmanager
def closable(rig):
    """Hand out a database that can be closed to writers."""
    if rig.on == "postgresql":
        yield InPostgres(rig)
        return
    with mounted(rig.folder) as disk:
        yield OnDisk(disk)


def drill(rig, *, refusals):
    with closable(rig) as database:
        with rig.serving(DATABASE_URL=database.url) as server:
            account = rig.account(server)
            with Writers(server.port, account, clients=CLIENTS) as writers:
                writers.wait_for(10 * CLIENTS)
                database.close()
                with Reader(server.port, account) as reader:
                    writers.wait_for_refusals(refusals)
                writers.give_up()
            with Client(server.port, account.token) as ask:
                told = ask("POST", account.tasks, {"name": "one more"})
                ready = ask("GET", "/ready")
                alive = ask("GET", "/health")
            missing = lost(server.port, writers)
        code, lines = _started(rig.server(DATABASE_URL=database.url))
    broken = {
        "a write is not refused with the sentence": told.json().get("message") != SENTENCE,
        "/ready says nothing": (ready.status, ready.json()["message"]) != (503, SENTENCE),
        "/health is not well": alive.status != 200,
        "a start is not refused in one line": code != 2 or len(lines) != 1,
    }
    return Outcome(
        "the database made read-only under the server",
        {
            **writers.figures(),
            "reads meanwhile": f"{reader.answered:,}, failed {reader.failed}",
            "a start says": " ".join(lines),
            **{what: "yes" for what, so in broken.items() if so},
        },
        lost=missing,
        broken=len(writers.unexpected) + reader.failed + sum(broken.values()),
    )


def _started(server):
    """Try to start the server; return its exit code and the lines that it says."""
    try:
        server.start()
    except RuntimeError:
        return server.process.returncode, server.text().splitlines()
    server.stop()
    return None, []
