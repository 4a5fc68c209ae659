"""Many bodies that never come whole: every other request goes on, and they are given up in time."""

import time

from faults.crowd import idling, left_open
from faults.rig import Outcome
from faults.traffic import Client

ON = ("sqlite",)
FULL = {"counts": (200, 2_000), "good": 0.25, "seconds": 25}
SHORT = {"counts": (50,), "good": 5, "seconds": 25}
WAITS = True

WORKERS = 2
HALF = (
    b"POST /api/v1/accounts/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{"
)


def drill(rig, *, counts, good, seconds):
    figures, broken = {}, 0
    with rig.serving(WORKERS=WORKERS) as server:
        for count in counts:
            with idling(server.port, HALF, count) as idle:
                time.sleep(1)
                worst = 0.0
                with Client(server.port) as ask:
                    for path in 10 * ("/echo/hi", "/health", "/itemprice?itemname=apples"):
                        answer = ask("GET", path)
                        broken += answer.status != 200
                        worst = max(worst, answer.seconds)
                    broken += ask("POST", "/users", {"data": "hi"}).status != 201
                broken += worst > good
                still = len(left_open(idle, seconds))
                broken += still
            figures[f"of {count:,}"] = (
                f"worst good request {1000 * worst:.0f} ms, {still} open after {seconds} s"
            )
        with Client(server.port) as ask:
            broken += ask("POST", "/users", {"data": "hi"}).status != 201
    return Outcome("bodies that end after a byte", figures, broken=broken)
