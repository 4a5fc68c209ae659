"""Measure what hot routes cost, in times of the floor: `python tests/speed.py`.

The floor is the least that Python can do for such an answer, as in `make bench`. Both answer here
with all that a server does but for the socket. Processor time is what is compared, in short turns,
so that other work on the machine hits both alike; of all turns the cheapest counts, which such work
has hit least.
"""

import importlib
import io
import json
import logging
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from databases import folder

from todo_api.app import create_app
from todo_api.resources.log_writer import LogWriter
from todo_api.settings import Settings

BENCH = Path(__file__).parent.parent / "scripts" / "bench"
TURNS = 18
SECONDS = 0.01
"""Of the processor that a turn of either takes, about."""

TASKS = "/api/v1/accounts/alice/tasks"
NEW = b'{"name":"Buy what is missing","note":"and ask for the price","item":"item-7","quantity":2}'


@dataclass(frozen=True)
class Route:
    """What both are asked; `kept` says whether an answer may be given again."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    kept: bool = False


ROUTES = {
    "list of 50, nothing kept": Route("GET", TASKS, "limit=50"),
    "list of 50, kept": Route("GET", TASKS, "limit=50", kept=True),
    "one task": Route("GET", f"{TASKS}/20"),
    "one price": Route("GET", "/itemprice", "itemname=item-77"),
    "sum": Route("GET", "/sum", "number1=13&number2=28"),
    "echo": Route("GET", "/echo/hello%20there"),
    "create": Route("POST", TASKS, body=NEW),
}


def environ(route, secret):
    """Return a request as granian hands it to an application."""
    sent = {"CONTENT_LENGTH": str(len(route.body)), "CONTENT_TYPE": "application/json"}
    return {
        "REQUEST_METHOD": route.method,
        "PATH_INFO": unquote(route.path),
        "QUERY_STRING": route.query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "5000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:5000",
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "test",
        "HTTP_AUTHORIZATION": f"Bearer {secret}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(route.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **(sent if route.body else {}),
    }


def answered(app, sent):
    """Return the status and the body that an application answers with."""
    told = []
    pieces = app(sent, lambda status, *_: told.append(status))
    body = b"".join(pieces)
    if hasattr(pieces, "close"):
        pieces.close()
    return told[0], body


def cost(app, requests):
    """Return the seconds of the processor that a request takes."""
    begun = time.process_time()
    for each in requests:
        answered(app, each)
    return (time.process_time() - begun) / len(requests)


def ratios(ours, kept, floor, secret):
    """Yield each route's name, with what it costs in times of the floor, and in microseconds."""
    for name, route in ROUTES.items():
        both = (kept if route.kept else ours, floor)
        counts, cheapest = [], [float("inf"), float("inf")]
        for app in both:
            status, body = answered(app, environ(route, secret))
            assert status[:2] == "20", (name, status, body)
            # The first ones fill what is kept for the next ones.
            price = min(cost(app, [environ(route, secret) for _ in range(20)]) for _ in range(3))
            counts.append(max(10, round(SECONDS / price)))
        for _ in range(TURNS):
            for which, app in enumerate(both):
                requests = [environ(route, secret) for _ in range(counts[which])]
                cheapest[which] = min(cheapest[which], cost(app, requests))
        yield name, cheapest[0] / cheapest[1], cheapest[0] * 1e6


def measured():
    """Yield what each route costs, see `ratios`, on databases of its own."""
    sys.path += [str(BENCH), str(BENCH / "peers")]
    data, own_tables, plain_tables = map(
        importlib.import_module, ("data", "own_tables", "plain_tables")
    )
    with folder() as where, Path(os.devnull).open("w") as nowhere:
        own, plain = (f"sqlite:///{where}/{name}.db" for name in ("own", "plain"))
        own_tables.fill(own, data.Size(prices=1_000))
        plain_tables.fill(plain, data.Size(prices=1_000))
        access = logging.getLogger("todo_api.access")
        access.addHandler(writer := LogWriter(nowhere))
        access.setLevel("INFO")
        access.propagate = False
        settings = Settings(database_url=own)
        nothing_kept = replace(settings, response_cache_mib=0)
        ours, kept = create_app(nothing_kept), create_app(settings)
        # It reads this when it is imported.
        os.environ["DATABASE_URL"] = plain
        floor = importlib.import_module("floor").app
        yield from ratios(ours, kept, floor, data.token(1))
        writer.flush()


def main():
    """Measure, and print it as lines for TIMES in test_speed.py, or as JSON."""
    found = {}
    for name, times, microseconds in measured():
        found[name] = times
        if sys.argv[1:] != ["--json"]:
            sys.stdout.write(f'    "{name}": {times:.3g},  # {microseconds:.0f} µs\n')
    if sys.argv[1:] == ["--json"]:
        sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
