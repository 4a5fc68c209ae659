"""Another program holds SQLite's write lock: short, and all succeed; long, and writers are told."""

import sqlite3
import time
from contextlib import closing

from faults.rig import Outcome
from faults.traffic import Reader, Writers, lost

ON = ("sqlite",)
FULL = {"short": 3, "long": 60, "timeout": 5}
SHORT = {"short": 0.4, "long": 2.5, "timeout": 1}

CLIENTS = 4
READ_IN = 1
"""Seconds that a read may take while writers wait."""

NORMAL_IN = 2
"""Seconds within which writing goes on after the lock is gone."""


def drill(rig, *, short, long, timeout):
    with rig.serving(LOCK_TIMEOUT=timeout) as server:
        account = rig.account(server)
        file = rig.url.removeprefix("sqlite:///")
        with Writers(server.port, account, clients=CLIENTS) as writers:
            writers.wait_for(CLIENTS)
            _hold(file, short)
            writers.wait_for(len(writers.acknowledged) + CLIENTS)
            early = writers.statuses[503]
            with Reader(server.port, account) as reader:
                _hold(file, long)
            begun = time.monotonic()
            told = writers.statuses[503] - early
            writers.wait_for(len(writers.acknowledged) + 10 * CLIENTS)
            normal = time.monotonic() - begun
            writers.enough()
        missing = lost(server.port, writers)
    late = writers.slowest > timeout + 1
    return Outcome(
        f"write lock held for {short} s and {long} s by another program, LOCK_TIMEOUT {timeout}",
        {
            f"503 after {short} s": str(early),
            f"503 after {long} s": str(told),
            "slowest write": f"{writers.slowest:.1f} s",
            "reads meanwhile": f"{reader.answered}, the slowest {reader.slowest:.2f} s",
            "writing again in": f"{normal:.1f} s",
        },
        lost=missing,
        broken=len(writers.unexpected)
        + early
        + reader.failed
        + late
        + (reader.slowest > READ_IN)
        + (told < CLIENTS)
        + (normal > NORMAL_IN),
    )


def _hold(file, seconds):
    """Hold the write lock as another program would."""
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
