"""Nodes start at once on a database that is to be migrated: one does it, the others wait for it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from conftest import ROOT, environment

from faults.migration_kill import Copies, contents, fill, migrate
from faults.rig import Outcome
from faults.traffic import Client

ON = ("sqlite", "postgresql")
TOGETHER = True
FULL = {"races": 20, "nodes": 2, "tasks": 20_000}
SHORT = {"races": 1, "nodes": 2, "tasks": 1000}

MIGRATES_IN = 180
"""Seconds in which 40,000 tasks are migrated at least, beside another node that waits."""

MIGRATED = "The database is migrated.\n"
UP_TO_DATE = "The database was up to date.\n"


def raced(url, nodes):
    """Start `todo-api init` so many times at once; return what each has said."""
    command = [sys.executable, "-m", "todo_api", "init"]
    started = [
        subprocess.Popen(
            command,
            env=environment(DATABASE_URL=url),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(nodes)
    ]
    return sorted(each.communicate(timeout=MIGRATES_IN)[0] for each in started)


def drill(rig, *, races, nodes, tasks):
    copies, broken = Copies(rig), 0
    migrate(copies.make("old"), to="0001")
    fill(copies.url("old"), tasks)
    migrate(copies.make("whole", of="old"))
    wanted = contents(copies.url("whole"))
    for _ in range(races):
        url = copies.make("raced", of="old")
        broken += raced(url, nodes) != [MIGRATED] + [UP_TO_DATE] * (nodes - 1)
        broken += contents(url) != wanted
    url = copies.make("served", of="old")
    servers = [rig.server(DATABASE_URL=url) for _ in range(nodes)]
    try:
        with ThreadPoolExecutor() as pool:
            started = list(pool.map(lambda server: server.start(within=MIGRATES_IN), servers))
        for server in servers:
            with Client(server.port) as ask:
                broken += ask("GET", "/ready").status != 200
    finally:
        for server in servers:
            server.stop()
    lost = 2 * tasks - len(contents(url)["task"][-1])
    return Outcome(
        f"{nodes} nodes migrate at once, {races} times, and {nodes} servers start at once",
        {"rows of tasks": f"{2 * tasks:,}", "a server starts": f"in {max(started):.1f} s at most"},
        lost=lost,
        broken=broken,
    )
