"""What is measured: all of it in half an hour, its heart in minutes, or what is asked for."""

import rows
from data import Size
from rounds import Case
from rows import GROWTH, ROWS, Row
from servers import ALL, BY_NAME, OURS, POSTGRESQL, SQLITE, Contender

FULL_PRICES = 1_000_000
STARTS_IN = 3
"""Seconds that a start, a warm-up and an end take about, and a check of each row."""
CHECK = 0.3


def full(servers: tuple[Contender, ...]) -> list[Case]:
    """Return everything: all rows, then what changes with workers, clients, database and size."""
    size = Size(FULL_PRICES)
    some = _named("list price create mixed")
    few = _named("list price create")
    price = _named("price")
    own = (BY_NAME[OURS],)
    return [
        Case(ROWS, servers, SQLITE, 1, 16, size),
        Case(some, servers, SQLITE, 2, 16, size),
        Case(few, servers, SQLITE, 1, 1, size),
        Case(few, servers, SQLITE, 1, 64, size),
        Case(few, servers, POSTGRESQL, 1, 16, size),
        Case((*GROWTH, *price), own, SQLITE, 1, 16, Size(1_000, grown=True)),
        *(Case(price, own, SQLITE, 1, 16, Size(prices)) for prices in (10_000, 100_000)),
    ]


def quick(servers: tuple[Contender, ...]) -> list[Case]:
    """Return all rows under the plainest circumstances."""
    return [Case(ROWS, servers, SQLITE, 1, 16, Size(100_000))]


def chosen(
    names: list[str],
    servers: tuple[Contender, ...],
    *,
    on: list[str],
    workers: list[int],
    connections: list[int],
    prices: int,
) -> list[Case]:
    """Return these rows, under each of these circumstances."""
    wanted = _named(" ".join(names))
    size = Size(prices, grown=any(row in GROWTH for row in wanted))
    return [
        Case(wanted, servers, kind, number, count, size)
        for kind in on
        for number in workers
        for count in connections
    ]


def minutes(cases: list[Case], rounds: int, seconds: float) -> float:
    """Return how long the cases will take about, without making the data."""
    total = 0.0
    for case in cases:
        for server in case.servers:
            if runs := case.runs(server):
                total += STARTS_IN + len(runs) * (seconds + CHECK)
    return total * rounds / 60


def _named(names: str) -> tuple[Row, ...]:
    return tuple(rows.BY_NAME[name] for name in names.split())


def contenders(peers: str) -> tuple[Contender, ...]:
    """Return this server, and its peers in a list with commas; raise KeyError for another."""
    wanted = {OURS, *(BY_NAME[name].name for name in peers.split(",") if name)}
    return tuple(each for each in ALL if each.name in wanted)
