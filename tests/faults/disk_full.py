"""The disk of the database is full, and has room again: nobody is lied to meanwhile."""

import os
import time
from contextlib import contextmanager

import psycopg

from faults.disks import mounted
from faults.rig import Outcome
from faults.traffic import Reader, Writers, lost

ON = ("sqlite", "postgresql")
FULL = {"times": 5, "refusals": 200}
SHORT = {"times": 1, "refusals": 8}

CLIENTS = 8
NORMAL_IN = 5
"""Seconds after which writing goes on, once there is room."""

NOTE = os.urandom(4_500).hex()
"""Such a task cannot fit into what is free within the files."""


@contextmanager
def database(rig):
    """Hand out a small disk, and the URL of a database on it."""
    with mounted(rig.folder) as disk:
        if rig.on == "sqlite":
            yield disk, f"sqlite:///{disk.path}/todo.db"
            return
        space = disk.path / "space"
        space.mkdir()
        for folder in (rig.folder, disk.path, space):
            rig.postgres.own(folder)
        with psycopg.connect(rig.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
            connection.execute("CREATE DATABASE small TABLESPACE small")
        yield disk, rig.postgres.url("small")
        with psycopg.connect(rig.postgres.url("postgres"), autocommit=True) as connection:
            # Else it keeps files open on the disk.
            connection.execute("DROP DATABASE small WITH (FORCE)")
            connection.execute("DROP TABLESPACE small")


def drill(rig, *, times, refusals):
    seconds = []
    with database(rig) as (disk, url), rig.serving(DATABASE_URL=url) as server:
        account = rig.account(server)
        with Writers(server.port, account, clients=CLIENTS, note=NOTE) as writers:
            with Reader(server.port, account) as reader:
                for _ in range(times):
                    writers.wait_for(len(writers.acknowledged) + 2 * CLIENTS)
                    ballast = disk.fill()
                    writers.wait_for_refusals(refusals)
                    ballast.unlink()
                    begun = time.monotonic()
                    writers.wait_for(len(writers.acknowledged) + CLIENTS)
                    seconds.append(time.monotonic() - begun)
            writers.enough()
        missing = lost(server.port, writers)
    return Outcome(
        f"the database's disk filled to the last byte and freed, {times} times",
        {
            **writers.figures(),
            "reads meanwhile": f"{reader.answered:,}, failed {reader.failed}",
            "writing again in": f"{max(seconds):.1f} s",
        },
        lost=missing,
        broken=len(writers.unexpected) + reader.failed + (max(seconds) > NORMAL_IN),
    )
