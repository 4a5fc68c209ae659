"""All processes of PostgreSQL are frozen: 503 in time, no harm to what needs no database."""

import statistics
import time
from contextlib import ExitStack

from faults.askers import Ask, Asker, every_read, slowest, wrong
from faults.rig import PASSWORD, Outcome
from faults.traffic import Follower, Writers, lost, seconds_until_well

ON = ("postgresql",)
FULL = {"freezes": 10, "seconds": 10}
SHORT = {"freezes": 1, "seconds": 3.5}

CLIENTS = 4
IN_TIME = 5
AT_ONCE = 1
"""Seconds for what waits for no database, which takes milliseconds: the machine itself may halt."""

UNAFFECTED = 0.1
"""Seconds for 99 % of the answers without a database."""

KNOWN_AFTER = 4
"""Seconds after which the server knows, so that it refuses at once."""

OTHERS = [Ask("/echo/x"), Ask("/health")]


def frozen(rig, server, account, asks, seconds):
    """Freeze for some seconds; return the answers from the database, late ones, and the others."""
    step = len(asks) // CLIENTS
    readers = [
        Asker(server.port, asks, account.token, first=number * step) for number in range(CLIENTS)
    ]
    others = [Asker(server.port, [each]) for each in OTHERS]
    rig.postgres.freeze()
    begun = time.monotonic()
    with ExitStack() as asking:
        for asker in readers + others:
            asking.enter_context(asker)
        time.sleep(seconds)
    rig.postgres.thaw()
    read = [each for asker in readers for each in asker.answers]
    late = [each for each in read if each[0] > begun + KNOWN_AFTER + each[2].seconds]
    return read, late, [each for asker in others for each in asker.answers]


def drill(rig, *, freezes, seconds):
    read, late, other, backs, writes = [], [], [], [], []
    with rig.serving() as server:
        account = rig.account(server)
        asks = every_read(server.port, account, PASSWORD)
        with Follower(server.port, account) as follower:
            with Writers(server.port, account, clients=CLIENTS) as writers:
                for _ in range(freezes):
                    writers.wait_for(len(writers.acknowledged) + 20)
                    found = frozen(rig, server, account, asks, seconds)
                    begun = time.monotonic()
                    read += found[0]
                    late += found[1]
                    other += found[2]
                    backs.append(seconds_until_well(server.port, account))
                    writes.append(writers.seconds_until_one(begun))
                writers.enough()
            untold = follower.missing(writers.acknowledged)
        missing = lost(server.port, writers)
    slow = [
        *(each for each in read if each[2].seconds > IN_TIME),
        *(each for each in late + other if each[2].seconds > AT_ONCE),
    ]
    *_, most = statistics.quantiles([answer.seconds for *_, answer in other], n=100)
    mistakes = wrong(read + other)
    figures = {
        **writers.figures(),
        f"503 to requests of {len(asks)} other kinds": str(
            sum(answer.status == 503 for *_, answer in read)
        ),
        "in at most": f"{slowest(read):.2f} s, writes {writers.slowest:.2f} s",
        "once it is known": f"{1000 * slowest(late):.0f} ms",
        "/echo and /health": f"99 % in {1000 * most:.0f} ms, all in {1000 * slowest(other):.0f} ms",
        "back": f"{max(backs):.2f} s after at most, writes {max(writes):.2f} s",
        "not told to an event stream": str(untold),
    }
    if mistakes:
        figures["wrong"] = f"{len(mistakes):,}, such as {mistakes[0]}"
    tardy = sum(back > IN_TIME for back in [*backs, *writes, writers.slowest])
    tardy += most > UNAFFECTED
    return Outcome(
        f"PostgreSQL frozen for {seconds} s, {freezes} times, during writes and requests of each"
        " other kind",
        figures,
        lost=missing,
        broken=len(writers.unexpected) + len(mistakes) + len(slow) + tardy + untold,
    )
