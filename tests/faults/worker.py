"""One worker is killed under traffic: what it was working on breaks, and nothing else."""

import os
import signal
import time

from faults.rig import Outcome
from faults.traffic import Writers, lost

ON = ("sqlite", "postgresql")
SHORT_ON = ("sqlite",)
FULL = {"kills": 10, "pause": 6}
SHORT = {"kills": 1, "pause": 0.3}

CLIENTS = 8
BACK_IN = 10
"""Seconds within which another worker has taken the place."""


def drill(rig, *, kills, pause):
    """Kill with `pause` seconds between; granian takes two deaths within 5.5 for a crash loop."""
    seconds = []
    with rig.serving() as server:
        account = rig.account(server)
        with Writers(server.port, account, clients=CLIENTS) as writers:
            writers.wait_for(20)
            for number in range(kills):
                before = server.workers
                os.kill(before[number % 2], signal.SIGKILL)
                seconds.append(_back(server, before[number % 2], len(before)))
                time.sleep(pause)
            writers.enough()
        missing = lost(server.port, writers)
    beyond = max(0, writers.unanswered - kills * CLIENTS)
    return Outcome(
        f"kill -9 of one of two workers, {kills} times, during writes of {CLIENTS} clients",
        {
            **writers.figures(),
            "slowest answer": f"{writers.slowest:.1f} s",
            "another worker in at most": f"{max(seconds):.1f} s",
        },
        lost=missing,
        broken=len(writers.unexpected) + beyond + sum(each >= BACK_IN for each in seconds),
    )


def _back(server, dead, count):
    """Return the seconds until there are as many workers as before."""
    begun = time.monotonic()
    while time.monotonic() < begun + BACK_IN:
        workers = server.workers
        if dead not in workers and len(workers) == count:
            break
        time.sleep(0.01)
    return time.monotonic() - begun
