"""Ten times as many clients as there is room for: as many are served, the rest are told to wait."""

import statistics
import time
from dataclasses import dataclass

from faults.crowd import Crowd
from faults.rig import Outcome
from faults.traffic import Client
from todo_api.places import WAITING

ON = ("sqlite", "postgresql")
SHORT_ON = ("sqlite",)
FULL = {"rounds": 9, "times": 10, "seconds": 3, "settle": 4, "goodput": 0.8, "health": 0.1}
SHORT = {"rounds": 1, "times": 3, "seconds": 1, "settle": 3, "goodput": 0.1, "health": 5}

WORKERS, THREADS = 2, 4
ROOM = WORKERS * (THREADS + WAITING)


@dataclass
class Round:
    """What a server that has just been started gave, to few clients, to too many, and to few."""

    capacity: float
    goodput: float
    after: float
    refused: int
    waits: list[float]
    unexpected: list[str]


def drill(rig, *, rounds, times, seconds, settle, goodput, health):
    """Return the medians of some rounds: a machine may well lose a fifth of its speed in one."""
    seen = [one_round(rig, number, times * ROOM, seconds, settle) for number in range(rounds)]
    good = [each.goodput / each.capacity for each in seen]
    after = [each.after / each.capacity for each in seen]
    capacity = statistics.median(each.capacity for each in seen)
    waits = [wait for each in seen for wait in each.waits]
    unexpected = [text for each in seen for text in each.unexpected]
    late = sum(wait > health for wait in waits)
    median, worst = 1000 * statistics.median(waits), 1000 * max(waits)
    return Outcome(
        f"{times * ROOM} clients of lists of 50 tasks, {times} times the places and the line;"
        f" {rounds} rounds",
        {
            "served": f"{told(good)} of {capacity:,.0f}/s with a client for each place",
            "refused with Retry-After": f"{sum(each.refused for each in seen):,}",
            "/health meanwhile": f"median {median:.0f} ms, worst {worst:.0f} ms",
            f"{settle} s later": told(after),
            **({"unexpected": unexpected[0]} if unexpected else {}),
        },
        broken=len(unexpected)
        + late
        + sum(statistics.median(each) < goodput for each in (good, after)),
    )


def told(ratios):
    """Return the median of ratios, and from where to where they went."""
    return f"{statistics.median(ratios):.0%} ({min(ratios):.0%} to {max(ratios):.0%})"


def one_round(rig, number, clients, seconds, settle):
    """Start a server, since one that had many clients before has more threads than it needs."""
    with rig.serving(WORKERS=WORKERS, THREADS=THREADS) as server:
        account = rig.account(server, f"alice{number}")
        with Client(server.port, account.token) as ask:
            for task in range(50):
                assert ask("POST", account.tasks, {"name": f"task {task}"}).status == 201
        head = f"GET {account.tasks} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
        request = f"{head}{account.token}\r\n\r\n".encode()
        capacity, _ = served(server, request, WORKERS * THREADS, seconds)
        with Crowd(server.port, request, clients) as crowd:
            goodput, waits = watched(server, crowd, seconds)
        time.sleep(settle)
        after, _ = served(server, request, WORKERS * THREADS, seconds)
    return Round(capacity, goodput, after, crowd.statuses[503], waits, crowd.unexpected)


def served(server, request, clients, seconds):
    """Return how many requests a second so many clients have answered, and the waits of others."""
    with Crowd(server.port, request, clients) as crowd:
        return watched(server, crowd, seconds)


def watched(server, crowd, seconds):
    """Return what a crowd gets a second, and how long /health takes meanwhile."""
    waits = []
    time.sleep(min(1, seconds))
    begun, already = time.monotonic(), crowd.statuses[200]
    with Client(server.port) as ask:
        while time.monotonic() < begun + seconds:
            answer = ask("GET", "/health")
            assert answer.status == 200
            waits.append(answer.seconds)
            time.sleep(0.05)
    return (crowd.statuses[200] - already) / (time.monotonic() - begun), waits
