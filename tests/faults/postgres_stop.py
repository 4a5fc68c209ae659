"""PostgreSQL is stopped hard and started again: 503 meanwhile, and it goes on by itself."""

import time
from contextlib import ExitStack

from faults.askers import Asker, every_read, wrong
from faults.rig import PASSWORD, Outcome
from faults.traffic import Follower, Writers, lost, seconds_until_well

ON = ("postgresql",)
FULL = {"stops": 20, "seconds": 1.0}
SHORT = {"stops": 1, "seconds": 0.2}

CLIENTS = 4
ASKERS = 2
BACK_IN = 5


def drill(rig, *, stops, seconds):
    backs, writes = [], []
    with rig.serving() as server:
        account = rig.account(server)
        asks = every_read(server.port, account, PASSWORD)
        askers = [
            Asker(server.port, asks, account.token, first=number * len(asks) // ASKERS)
            for number in range(ASKERS)
        ]
        with Follower(server.port, account) as follower:
            with ExitStack() as asking:
                writers = Writers(server.port, account, clients=CLIENTS)
                for each in (writers, *askers):
                    asking.enter_context(each)
                for _ in range(stops):
                    writers.wait_for(len(writers.acknowledged) + 20)
                    rig.postgres.crash()
                    time.sleep(seconds)
                    rig.postgres.start_again()
                    begun = time.monotonic()
                    backs.append(seconds_until_well(server.port, account))
                    writes.append(writers.seconds_until_one(begun))
                writers.enough()
            untold = follower.missing(writers.acknowledged)
        missing = lost(server.port, writers)
    answers = [each for asker in askers for each in asker.answers]
    mistakes = wrong(answers)
    figures = {
        **writers.figures(),
        f"other requests, of {len(asks)} kinds": f"{len(answers):,}",
        "503 to them": f"{sum(answer.status == 503 for *_, answer in answers):,}",
        "reads succeed": f"{max(backs):.2f} s after the start at most",
        "writes": f"{max(writes):.2f} s",
        "not told to an event stream": str(untold),
    }
    if mistakes:
        figures["wrong"] = f"{len(mistakes):,}, such as {mistakes[0]}"
    late = sum(back > BACK_IN for back in backs + writes)
    return Outcome(
        f"PostgreSQL stopped at once and started again, {stops} times, during writes and requests"
        " of each other kind",
        figures,
        lost=missing,
        broken=len(writers.unexpected) + len(mistakes) + late + untold,
    )
