"""The whole server is killed during writes, and started again: each write is there, once."""

from faults.rig import Outcome
from faults.traffic import Writers, lost

ON = ("sqlite", "postgresql")
TOGETHER = True
FULL = {"kills": 100, "writes": 20_000}
SHORT = {"kills": 1, "writes": 100}

CLIENTS = 8


def drill(rig, *, kills, writes):
    starts = []
    with rig.serving() as server:
        account = rig.account(server)
        with Writers(server.port, account, clients=CLIENTS, writes=writes) as writers:
            for number in range(1, kills + 1):
                writers.wait_for(number * writes // (kills + 1))
                server.kill()
                starts.append(server.start())
        missing = lost(server.port, writers)
    return Outcome(
        f"kill -9 of parent and workers, {kills} times, during writes of {CLIENTS} clients",
        {**writers.figures(), "back in at most": f"{max(starts):.1f} s"},
        lost=missing,
        broken=len(writers.unexpected),
    )
