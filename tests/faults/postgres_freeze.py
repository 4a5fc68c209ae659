"""All processes of PostgreSQL are frozen: 503 in time, no harm to what needs no database."""

import threading
import time

from faults.rig import Outcome
from faults.traffic import Client, Follower, Writers, lost, seconds_until_well

ON = ("postgresql",)
FULL = {"freezes": 10, "seconds": 10}
SHORT = {"freezes": 1, "seconds": 3.5}

CLIENTS = 4
IN_TIME = 5
AT_ONCE = 1
"""Seconds for an answer without a database; it takes milliseconds where nothing else runs."""

KNOWN_AFTER = 4
"""Seconds after which the server knows, so that it refuses at once."""


class Asker(threading.Thread):
    """Asks for `path` again and again until it is `over`; notes when it did, and each answer."""

    def __init__(self, port, path, token=None):
        super().__init__()
        self.path = path
        self.over = threading.Event()
        self.answers = []
        self._ask = Client(port, token)

    def run(self):
        with self._ask as ask:
            while not self.over.is_set():
                self.answers.append((time.monotonic(), ask("GET", self.path)))
                time.sleep(0.02)


def frozen(rig, server, account, seconds):
    """Freeze for some seconds; return the answers from the database, late ones, and the others."""
    readers = [Asker(server.port, account.tasks, account.token) for _ in range(CLIENTS)]
    others = [Asker(server.port, path) for path in ("/echo/x", "/health")]
    rig.postgres.freeze()
    begun = time.monotonic()
    for asker in readers + others:
        asker.start()
    time.sleep(seconds)
    for asker in readers + others:
        asker.over.set()
    for asker in readers + others:
        asker.join()
    rig.postgres.thaw()
    read = [each for asker in readers for each in asker.answers]
    late = [answer for at, answer in read if at > begun + KNOWN_AFTER + answer.seconds]
    return [answer for _, answer in read], late, [a for asker in others for _, a in asker.answers]


def slowest(answers):
    return max((answer.seconds for answer in answers), default=0)


def drill(rig, *, freezes, seconds):
    read, late, other, backs = [], [], [], []
    with rig.serving() as server:
        account = rig.account(server)
        with Follower(server.port, account) as follower:
            with Writers(server.port, account, clients=CLIENTS) as writers:
                for _ in range(freezes):
                    writers.wait_for(len(writers.acknowledged) + 20)
                    found = frozen(rig, server, account, seconds)
                    read += found[0]
                    late += found[1]
                    other += found[2]
                    backs.append(seconds_until_well(server.port, account))
                writers.enough()
            untold = follower.missing(writers.acknowledged)
        missing = lost(server.port, writers)
    refused = [answer for answer in read if answer.status != 200]
    wrong = [each for each in refused if each.status != 503 or "Retry-After" not in each.headers]
    wrong += [each for each in read if each.seconds > IN_TIME]
    wrong += [each for each in late if each.seconds > AT_ONCE]
    wrong += [each for each in other if each.status != 200 or each.seconds > AT_ONCE]
    figures = {
        **writers.figures(),
        "503 to reads": f"{len(refused):,}",
        "in at most": f"{slowest(read):.2f} s",
        "once it is known": f"{1000 * slowest(late):.0f} ms",
        "/echo and /health": f"{1000 * slowest(other):.0f} ms",
        "back": f"{max(backs):.2f} s after at most",
        "not told to an event stream": str(untold),
    }
    tardy = sum(back > IN_TIME for back in backs)
    return Outcome(
        f"PostgreSQL frozen for {seconds} s, {freezes} times, during reads and writes",
        figures,
        lost=missing,
        broken=len(writers.unexpected) + len(wrong) + tardy + untold,
    )
