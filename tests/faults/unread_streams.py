"""Streams, exports and lists that nobody reads: bounded memory, room again, and a quick end."""

import time
from contextlib import ExitStack

from faults.askers import LOGIN
from faults.attacks import Attacker, send_request
from faults.rig import PASSWORD, Outcome
from faults.traffic import Account, Client

ON = ("sqlite", "postgresql")
FULL = {"accounts": 4, "exports": 8, "memory": 300, "good": 1.0}
SHORT_ON = ("sqlite",)
SHORT = {"accounts": 1, "exports": 2, "memory": 300, "good": 5.0}
"""`memory` is in megabytes by how much all processes may grow, `good` in seconds what a good
request may take."""
WAITS = True

STREAMS = 100
ROOM_AFTER = 45
"""Seconds after a logout in which its streams are cut: the time for one piece, and a heartbeat."""


def drill(rig, *, accounts, exports, memory, good):
    broken, worst = 0, 0.0
    with rig.serving(WORKERS=1, EVENT_STREAMS=STREAMS) as server, ExitStack() as unread:
        people = [rig.account(server, f"alice{number}") for number in range(accounts)]
        for account in people:
            Attacker(account, 0).fill(server.port)
        other = rig.account(server, "bob")
        with Client(server.port) as ask:
            credentials = {"username": people[0].username, "password": PASSWORD}
            again = Account(people[0].username, ask("POST", LOGIN, credentials).json()["token"])
        before = server.memory()
        for account in people:
            paths = [f"{account.path}/events"] * (STREAMS // 4)
            paths += [f"{account.path}/export", f"{account.tasks}?limit=200"] * exports
            for path in paths:
                connection = send_request(
                    server.port, "GET", path, account.token, receive_buffer=4_096
                )
                unread.enter_context(connection)
                if path.endswith("/events"):
                    # A 503 says that its client has left enough unread.
                    broken += connection.recv(12) not in (b"HTTP/1.1 200", b"HTTP/1.1 503")
        broken += has_room(server.port, again)
        grown = 0
        with Client(server.port, other.token) as ask:
            for _ in range(20):
                for request in (("GET", "/ready"), ("POST", other.tasks, {"name": "milk"})):
                    answer = ask(*request)
                    broken += answer.status not in (200, 201)
                    worst = max(worst, answer.seconds)
                grown = max(grown, server.memory() - before)
                time.sleep(0.25)
        for account in people:
            with Client(server.port, account.token) as ask:
                broken += ask("POST", "/api/v1/accounts/logout").status != 200
        begun = time.monotonic()
        while not has_room(server.port, again) and time.monotonic() < begun + ROOM_AFTER:
            time.sleep(0.5)
        room = time.monotonic() - begun
        stopped = server.stop()
    return Outcome(
        f"{accounts} accounts leave {STREAMS // 4} event streams, and {2 * exports} exports and"
        " lists of 2 MB or more, unread, and log out",
        {
            "memory": f"{grown:+.0f} MB",
            "worst good request": f"{1000 * worst:.0f} ms",
            "room for another stream after": f"{room:.0f} s",
            "stopped after": f"{stopped:.1f} s",
        },
        broken=broken + (grown > memory) + (worst > good) + (room > ROOM_AFTER) + (stopped > 10),
    )


def has_room(port, account):
    """Return whether another event stream is opened."""
    with send_request(port, "GET", f"{account.path}/events", account.token) as connection:
        return connection.recv(12) == b"HTTP/1.1 200"
