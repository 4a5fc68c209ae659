"""Imports that stall in the middle take no memory and hold nobody up, and are given up in time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

from faults.attacks import MIB, send_request
from faults.crowd import left_open
from faults.rig import Outcome
from faults.traffic import Client

ON = ("sqlite", "postgresql")
FULL = {"accounts": 6, "uploads": 4, "mebibytes": 40, "memory": 100, "good": 1.0}
SHORT_ON = ("sqlite",)
SHORT = {"accounts": 1, "uploads": 2, "mebibytes": 2, "memory": 100, "good": 5.0}
"""`memory` is in megabytes by how much all processes may grow, `good` in seconds what a good
request may take."""
WAITS = True

GIVEN_UP_AFTER = 30
"""Seconds within which the server gives up what has stalled; it waits for 20."""

A_FILE = {"tasks": [{"name": "bread", "note": "x" * 9_000}] * 20}


def drill(rig, *, accounts, uploads, mebibytes, memory, good):
    broken, worst = 0, 0.0
    with rig.serving() as server, ExitStack() as stack:
        people = [rig.account(server, f"alice{number}") for number in range(accounts)]
        other = rig.account(server, "bob")
        before = server.memory()

        def stall(account):
            headers = ("Content-Type: text/csv", f"Content-Length: {(mebibytes + 1) * MIB}")
            path = f"{account.path}/import"
            connection = send_request(server.port, "POST", path, account.token, *headers)
            with suppress(OSError):  # One beyond what an account may have under way is refused.
                for _ in range(mebibytes):
                    connection.sendall(b"name\n" * (MIB // 5))
            return stack.enter_context(connection)

        with ThreadPoolExecutor(4) as threads:
            stalled = list(threads.map(stall, people * uploads))
        grown = server.memory() - before
        with Client(server.port, other.token) as ask:
            for _ in range(10):
                for request in (
                    ("GET", "/ready"),
                    ("POST", other.tasks, {"name": "milk"}),
                    ("POST", f"{other.path}/import", A_FILE),
                ):
                    answer = ask(*request)
                    broken += answer.status not in (200, 201)
                    worst = max(worst, answer.seconds)
        for connection in stalled:
            connection.setblocking(False)
        still = len(left_open(stalled, GIVEN_UP_AFTER))
    return Outcome(
        f"{accounts} accounts begin {uploads} imports each, which stop after {mebibytes} MiB;"
        " another one creates and imports",
        {
            "memory": f"{grown:+.0f} MB",
            "worst good request": f"{1000 * worst:.0f} ms",
            f"open after {GIVEN_UP_AFTER} s": str(still),
        },
        broken=broken + (grown > memory) + (worst > good) + still,
    )
