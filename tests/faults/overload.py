"""Ten times as many clients as there is room for: as many are served, the rest are told to wait."""

import statistics
import time

from faults.crowd import Crowd
from faults.rig import Outcome
from faults.traffic import Client
from todo_api.places import WAITING

ON = ("sqlite", "postgresql")
SHORT_ON = ("sqlite",)
FULL = {"times": 10, "seconds": 15, "settle": 4, "goodput": 0.8, "health": 0.1}
SHORT = {"times": 3, "seconds": 1, "settle": 3, "goodput": 0.1, "health": 5}

WORKERS, THREADS = 2, 4


def drill(rig, *, times, seconds, settle, goodput, health):
    with rig.serving(WORKERS=WORKERS, THREADS=THREADS) as server:
        account = rig.account(server)
        with Client(server.port, account.token) as ask:
            for number in range(50):
                assert ask("POST", account.tasks, {"name": f"task {number}"}).status == 201
        head = f"GET {account.tasks} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
        request = f"{head}{account.token}\r\n\r\n".encode()
        room = WORKERS * (THREADS + WAITING)
        capacity, _ = served(server, request, WORKERS * THREADS, seconds)
        with Crowd(server.port, request, times * room) as crowd:
            good, waits = watched(server, crowd, seconds)
        time.sleep(settle)
        after, _ = served(server, request, WORKERS * THREADS, seconds)
    late = sum(wait > health for wait in waits)
    least = goodput * capacity
    median, worst = 1000 * statistics.median(waits), 1000 * max(waits)
    return Outcome(
        f"{times * room} clients of lists of 50 tasks, {times} times the places and the line",
        {
            "served": f"{good / capacity:.0%} of {capacity:,.0f}/s with a client for each place",
            "refused with Retry-After": f"{crowd.statuses[503]:,}",
            "/health meanwhile": f"median {median:.0f} ms, worst {worst:.0f} ms",
            f"{settle} s later": f"{after / capacity:.0%}",
            **({"unexpected": crowd.unexpected[0]} if crowd.unexpected else {}),
        },
        broken=len(crowd.unexpected) + late + (good < least) + (after < least),
    )


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
