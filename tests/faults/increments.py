"""Many clients count in one task, each adding to what it has read: none of them is lost."""

import threading
from collections import Counter

from faults.rig import Outcome
from faults.traffic import Client

ON = ("sqlite", "postgresql")
FULL = {"increments": 10_000}
SHORT = {"increments": 100}

CLIENTS = 8


def drill(rig, *, increments):
    statuses, lock = Counter(), threading.Lock()
    with rig.serving() as server:
        account = rig.account(server)
        with Client(server.port, account.token) as ask:
            path = ask("POST", account.tasks, {"name": "count", "note": "0"}).headers["Location"]

        def count():
            with Client(server.port, account.token) as ask:
                for _ in range(increments // CLIENTS):
                    status = 412
                    while status == 412:
                        read = ask("GET", path)
                        more = {"note": str(int(read.json()["note"]) + 1)}
                        status = ask("PATCH", path, more, If_Match=read.headers["ETag"]).status
                        with lock:
                            statuses[status] += 1

        threads = [threading.Thread(target=count) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # The first connection was idle for longer than the server keeps one.
        with Client(server.port, account.token) as ask:
            counted = int(ask("GET", path).json()["note"])
    return Outcome(
        f"{CLIENTS} clients add 1 to what a task says, with If-Match, over two workers",
        {"counted": f"{counted:,}", "answered with 412": f"{statuses[412]:,}"},
        lost=abs(statuses[200] - counted),
        broken=statuses.total() - statuses[200] - statuses[412],
    )
