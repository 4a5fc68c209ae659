"""PostgreSQL is stopped hard and started again: 503 meanwhile, and it goes on by itself."""

import time

from faults.rig import Outcome
from faults.traffic import Follower, Writers, lost, seconds_until_well

ON = ("postgresql",)
FULL = {"stops": 20, "seconds": 1.0}
SHORT = {"stops": 1, "seconds": 0.2}

CLIENTS = 4
BACK_IN = 5


def drill(rig, *, stops, seconds):
    backs = []
    with rig.serving() as server:
        account = rig.account(server)
        with Follower(server.port, account) as follower:
            with Writers(server.port, account, clients=CLIENTS) as writers:
                for _ in range(stops):
                    writers.wait_for(len(writers.acknowledged) + 20)
                    rig.postgres.crash()
                    time.sleep(seconds)
                    rig.postgres.start_again()
                    backs.append(seconds_until_well(server.port, account))
                writers.enough()
            untold = follower.missing(writers.acknowledged)
        missing = lost(server.port, writers)
    figures = {
        **writers.figures(),
        "reads succeed": f"{max(backs):.2f} s after the start at most",
        "not told to an event stream": str(untold),
    }
    late = sum(back > BACK_IN for back in backs)
    return Outcome(
        f"PostgreSQL stopped at once and started again, {stops} times, during writes",
        figures,
        lost=missing,
        broken=len(writers.unexpected) + late + untold,
    )
