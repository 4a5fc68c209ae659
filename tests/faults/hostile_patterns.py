"""Queries, paths and headers made to keep parsers busy: each gets its answer, and nobody waits."""

import threading

from faults.askers import Ask, Asker, slowest, wrong
from faults.attacks import send_request
from faults.rig import Outcome

ON = ("sqlite",)
FULL = {"rounds": 20, "longest": 1.0}
SHORT = {"rounds": 1, "longest": 5.0}
"""`longest` is in seconds what any answer may take."""

LONG = 7_900
"""Characters of a part of a head; it may have 8,192."""

QUERIES = [
    "sort=" * 40 + "&x",
    "&".join(["sort=a"] * 400) + "&x",
    *(
        unit * (LONG // len(unit)) + end
        for unit, end in (
            ("limit=", "%"),
            ("itemname=&", "x"),
            ("&", "="),
            ("=", "&"),
            ("%C3", "%"),
            ("a=1&", "\x7f"),
        )
    ),
]
PATHS = ["/" * LONG, "/a" * (LONG // 2), "/%2e%2e" * (LONG // 7), "/echo/" + "%41" * (LONG // 3)]
HEADERS = [
    f"{name}: {unit * (LONG // len(unit))}x"
    for name in ("Accept", "If-None-Match", "Prefer", "X-Forwarded-For", "Origin", "Authorization")
    for unit in ('"', 'W/"a",', "a;q=1,", ";a=", "1.2.3.4,", "\\", " ,")
]
REQUESTS = [
    *(
        (f"{path}?{query}", ())
        for path in ("/itemprice", "/api/v1/prices", "/users")
        for query in QUERIES
    ),
    *((path, ()) for path in PATHS),
    *(("/openapi.json", (header,)) for header in HEADERS),
]
GOOD = [Ask("/echo/hi"), Ask("/health"), Ask("/ready"), Ask("/itemprice?itemname=apples")]


def drill(rig, *, rounds, longest):
    """Send each of the requests on a connection of its own, four at a time."""
    broken = answered = 0
    with rig.serving() as server:

        def ask(number):
            nonlocal broken, answered
            for target, headers in REQUESTS[number::4] * rounds:
                with send_request(server.port, "GET", target, None, *headers) as connection:
                    connection.settimeout(longest)
                    try:
                        status = connection.recv(12)[9:]
                    except TimeoutError:
                        status = b"late"
                broken += not b"200" <= status < b"500"
                answered += 1

        with Asker(server.port, GOOD) as good:
            threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        worst = slowest(good.answers)
        stopped = server.stop()
    return Outcome(
        "queries, paths and headers that keep parsers busy, from four clients",
        {
            "hostile requests": f"{answered:,}",
            "worst good request": f"{1000 * worst:.0f} ms",
            "stopped after": f"{stopped:.1f} s",
        },
        broken=broken + len(wrong(good.answers)) + (worst > longest) + (stopped > 10),
    )
