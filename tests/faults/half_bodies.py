"""Many bodies that never come whole: what has none goes on, those beyond the bound are refused."""

import time

from faults.crowd import cut, idling
from faults.rig import Outcome
from faults.traffic import Client
from todo_api.turns import SLOW_BODIES

ON = ("sqlite",)
FULL = {"beyond": 600, "good": 0.25}
SHORT = {"beyond": 20, "good": 5}

WORKERS = 2
HALF = (
    b"POST /api/v1/accounts/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{"
)


def drill(rig, *, beyond, good):
    bound = WORKERS * SLOW_BODIES
    figures, broken = {}, 0
    with rig.serving(WORKERS=WORKERS) as server:
        # Connections are dealt out unevenly: the first number leaves no process at its own bound,
        # and of those that come at once some find the line for the places full.
        for count in (SLOW_BODIES // 2, bound + beyond):
            with idling(server.port, HALF, count) as idle:
                time.sleep(1)
                worst = 0.0
                with Client(server.port) as ask:
                    for path in 10 * ("/echo/hi", "/health", "/itemprice?itemname=apples"):
                        answer = ask("GET", path)
                        broken += answer.status != 200
                        worst = max(worst, answer.seconds)
                    if count < bound:
                        broken += ask("POST", "/users", {"data": "hi"}).status != 201
                broken += worst > good
                still = len(cut(idle))
                broken += not min(count, bound) // 4 < still <= bound
            figures[f"of {count:,}"] = f"{still} wait, worst good request {1000 * worst:.0f} ms"
            time.sleep(1)
        with Client(server.port) as ask:
            broken += ask("POST", "/users", {"data": "hi"}).status != 201
    return Outcome(f"bodies that end after a byte; {bound} may wait", figures, broken=broken)
