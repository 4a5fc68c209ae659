"""Many connections that send nothing, or half a head: good requests go on, and those are cut."""

import time

from faults.crowd import cut, idling
from faults.rig import Outcome
from faults.traffic import Client

ON = ("sqlite",)
FULL = {"count": 1_000, "idle_timeout": 20, "within": 30, "memory": 240, "good": 0.25}
SHORT = {"count": 200, "idle_timeout": 1, "within": 20, "memory": 240, "good": 5}
"""`memory` is in megabytes what all threads of two processes take once each has been used,
`good` in seconds what a good request may take."""

KINDS = {
    "silent": b"",
    "half a head": b"GET /echo/hi HTTP/1.1\r\nHost: a\r\nX-",
    "kept alive": b"GET /echo/hi HTTP/1.1\r\nHost: a\r\n\r\n",
}


def drill(rig, *, count, idle_timeout, within, memory, good):
    figures, broken, worst = {}, 0, 0.0
    with rig.serving(IDLE_TIMEOUT=idle_timeout) as server:
        before = server.memory()
        for kind, sent in KINDS.items():
            begun = time.monotonic()
            with idling(server.port, sent, count) as opened:
                idle = answered(opened) if sent.endswith(b"\r\n\r\n") else opened
                while idle and time.monotonic() < begun + within:
                    with Client(server.port) as ask:
                        for path in ("/echo/hi", "/itemprice?itemname=apples"):
                            answer = ask("GET", path)
                            worst = max(worst, answer.seconds)
                            broken += answer.status != 200
                    idle = cut(idle)
                    time.sleep(0.1)
                broken += len(idle)
                figures[f"{kind}: all cut after"] = f"{time.monotonic() - begun:.0f} s"
        grown = server.memory() - before
    figures["worst good request"] = f"{1000 * worst:.0f} ms"
    figures["memory"] = f"{grown:+.0f} MB in all processes"
    return Outcome(
        f"{count:,} connections of each kind, IDLE_TIMEOUT={idle_timeout}",
        figures,
        broken=broken + (grown > memory) + (worst > good),
    )


def answered(idle):
    """Read the answers of those that have asked once, and return them to wait for their end."""
    for each in idle:
        each.setblocking(True)
        each.recv(65_536)
        each.setblocking(False)
    return idle
