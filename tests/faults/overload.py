"""Ten times as many clients as there is room for: as many are served, the rest are told to wait."""

import json
import statistics
import time
from dataclasses import dataclass

from faults.askers import LOGIN
from faults.crowd import Crowd
from faults.rig import PASSWORD, Outcome
from faults.traffic import Client
from todo_api.server.fairness import WAITING

ON = ("sqlite", "postgresql")
SHORT_ON = ("sqlite",)
FULL = {"rounds": 9, "times": 10, "seconds": 3, "settle": 4, "goodput": 0.8, "health": 0.1}
SHORT = {"rounds": 1, "times": 3, "seconds": 1, "settle": 1, "goodput": 0.1, "health": 5}

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
    clients = times * ROOM
    seen = [one_round(rig, number, clients, seconds, settle) for number in range(rounds)]
    others = {kind: strained(rig, kind, clients, seconds) for kind in OTHERS}
    good = [each.goodput / each.capacity for each in seen]
    after = [each.after / each.capacity for each in seen]
    capacity = statistics.median(each.capacity for each in seen)
    waits = [wait for each in seen for wait in each.waits]
    unexpected = [text for each in (*seen, *others.values()) for text in each.unexpected]
    for each in others.values():
        waits += each.waits
    late = sum(wait > health for wait in waits)
    median, worst = 1000 * statistics.median(waits), 1000 * max(waits)
    return Outcome(
        f"{clients} clients of lists of 50 tasks, {times} times the places and the line;"
        f" {rounds} rounds; then so many that create tasks, and that log in",
        {
            "served": f"{told(good)} of {capacity:,.0f}/s with a client for each place",
            "refused with Retry-After": f"{sum(each.refused for each in seen):,}",
            "/health meanwhile": f"median {median:.0f} ms, worst {worst:.0f} ms",
            f"{settle} s later": told(after),
            **{
                kind: f"{each.served:,.0f}/s served, {each.refused:,} refused"
                for kind, each in others.items()
            },
            **({"unexpected": unexpected[0]} if unexpected else {}),
        },
        broken=len(unexpected)
        + late
        + sum(not each.served for each in others.values())
        + sum(statistics.median(each) < goodput for each in (good, after)),
    )


@dataclass
class Strain:
    """What a server gave to too many clients of another kind."""

    served: float
    refused: int
    waits: list[float]
    unexpected: list[str]


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
        request = written("GET", account.tasks, account)
        capacity, _ = served(server, request, WORKERS * THREADS, seconds)
        with Crowd(server.port, request, clients) as crowd:
            goodput, waits = watched(server, crowd, seconds)
        time.sleep(settle)
        after, _ = served(server, request, WORKERS * THREADS, seconds)
    return Round(capacity, goodput, after, crowd.statuses[503], waits, crowd.unexpected)


def strained(rig, kind, clients, seconds):
    """Start a server and let too many clients ask for something else than lists."""
    with rig.serving(WORKERS=WORKERS, THREADS=THREADS) as server:
        account = rig.account(server, kind)
        method, path, sent = OTHERS[kind](account)
        with Crowd(server.port, written(method, path, account, sent), clients) as crowd:
            rate, waits = watched(server, crowd, seconds)
    return Strain(rate, crowd.statuses[503], waits, crowd.unexpected)


OTHERS = {
    "creates": lambda account: ("POST", account.tasks, {"name": "one more"}),
    "logins": lambda account: ("POST", LOGIN, {"username": account.username, "password": PASSWORD}),
}


def written(method, path, account, sent=None):
    """Return a request as it goes over a connection."""
    body = b"" if sent is None else json.dumps(sent).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: a", f"Authorization: Bearer {account.token}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def served(server, request, clients, seconds):
    """Return how many requests a second so many clients have answered, and the waits of others."""
    with Crowd(server.port, request, clients) as crowd:
        return watched(server, crowd, seconds)


def watched(server, crowd, seconds):
    """Return what a crowd gets a second, and how long /health takes meanwhile."""

    def done():
        return crowd.statuses[200] + crowd.statuses[201]

    waits = []
    time.sleep(min(1, seconds))
    begun, already = time.monotonic(), done()
    with Client(server.port) as ask:
        while time.monotonic() < begun + seconds:
            answer = ask("GET", "/health")
            assert answer.status == 200
            waits.append(answer.seconds)
            time.sleep(0.05)
    return (done() - already) / (time.monotonic() - begun), waits
