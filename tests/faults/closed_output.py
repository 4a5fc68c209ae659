"""Standard output breaks while tasks are created: each is answered, and lost lines are counted."""

import os
import re
import sys
from contextlib import suppress

from faults.rig import Outcome
from faults.traffic import Client, Writers

ON = ("sqlite",)

METRICS_TOKEN = "of-the-scraper-alone"
STOPS_IN = 10
"""Seconds after which a server that waits for the reader of its log would not have ended."""

START_CLOSED = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "todo_api", "serve"]
READER_GOES, UNREAD, DISK_FULL, CLOSED = KINDS = (
    "its reader goes away",
    "nobody reads it",
    "its disk is full",
    "closed at the start",
)

FULL = {"writes": 20_000, "kinds": KINDS}
SHORT = {"writes": 100, "kinds": (READER_GOES,)}
"""The suite has the other kinds in test_log_outage."""


def drill(rig, *, writes, kinds):
    figures, lost, broken = {}, 0, 0
    for kind in kinds:
        server = rig.server(METRICS_TOKEN=METRICS_TOKEN)
        reader, server.stdout = os.pipe()
        if kind == DISK_FULL:
            os.close(server.stdout)
            server.stdout = os.open("/dev/full", os.O_WRONLY)
        if kind == CLOSED:
            server.command = START_CLOSED
        try:
            server.start()
            os.close(server.stdout)
            account = rig.account(server, f"alice{KINDS.index(kind)}")
            with Writers(server.port, account, clients=8, writes=writes) as writers:
                writers.wait_for(writes // 10)
                if kind == READER_GOES:
                    os.close(reader)
            with Client(server.port, account.token) as ask:
                stored = ask("GET", f"{account.tasks}?limit=1&total=true").json()["total"]
            lost += abs(writes - stored)
            broken += len(writers.unexpected) + writers.unanswered
            dropped = dropped_lines(server)
        finally:
            stopped = server.stop()
            with suppress(OSError):
                os.close(reader)
        broken += stopped > STOPS_IN
        figures[kind] = (
            f"slowest write {1000 * writers.slowest:.0f} ms, {dropped:,} lines dropped,"
            f" stopped after {stopped:.1f} s"
        )
    return Outcome(f"8 clients create {writes:,} tasks each time", figures, lost, broken)


def dropped_lines(server):
    with Client(server.port, METRICS_TOKEN) as ask:
        text = ask("GET", "/metrics").body.decode()
    found = re.search(r"^todo_api_log_lines_dropped_total (\S+)", text, re.MULTILINE)
    return round(float(found[1]))
