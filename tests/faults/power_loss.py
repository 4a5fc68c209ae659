"""The power fails under the database: each write that was acknowledged is there afterwards.

A kill cannot show this, since the kernel goes on to write what a killed process has left to it. The
kernel takes some milliseconds to shut a file system down, and an fsync in these may succeed without
any effect; where the power really fails nobody hears of it, so what is in flight then is not held
against the server. What it is sent and acknowledges afterwards is.
"""

import sqlite3
import time
from contextlib import closing

from faults.disks import mounted
from faults.rig import Outcome
from faults.traffic import Writers, lost

ON = ("sqlite",)
FULL = {"cycles": 20, "writes": 4_000}
SHORT = {"cycles": 1, "writes": 60}

CLIENTS = 8
WITHOUT_POWER = 0.05
"""Seconds for which the server goes on, so that it could acknowledge what it cannot keep."""


def drill(rig, *, cycles, writes):
    unsound, in_flight = 0, set()
    with mounted(rig.folder) as disk:
        file = disk.path / "todo.db"
        with rig.serving(DATABASE_URL=f"sqlite:///{file}") as server:
            account = rig.account(server)
            with Writers(server.port, account, clients=CLIENTS, writes=writes) as writers:
                for number in range(1, cycles + 1):
                    writers.wait_for(number * writes // (cycles + 1))
                    begun = time.monotonic()
                    disk.lose_power()
                    ended = time.monotonic()
                    time.sleep(WITHOUT_POWER)
                    server.kill()
                    in_flight |= writers.in_flight(begun, ended)
                    disk.unmount()
                    disk.mount()
                    unsound += not _is_sound(file)
                    server.start()
            missing = lost(server.port, writers, but=in_flight)
    return Outcome(
        f"ext4 shut down under the database, {cycles} times, during writes of {CLIENTS} clients",
        {**writers.figures(), "acknowledged while it failed": str(len(in_flight))},
        lost=missing,
        broken=len(writers.unexpected) + unsound,
    )


def _is_sound(file):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
