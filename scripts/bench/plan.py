"""What is measured: all of it in half an hour, its heart in minutes, or what is asked for."""

import rows
from data import Size
from rounds import PAIRS, Case
from rows import GROWTH, OF_ANY_SIZE, ROWS, Row
from servers import (
    ALL,
    BY_NAME,
    NOTHING_KEPT,
    ONE_COMMIT,
    OURS,
    POSTGRESQL,
    SHARES_NO_COMMIT,
    SQLITE,
    Contender,
)

FULL_PRICES = 1_000_000
MORE_PRICES = (10_000, 100_000, FULL_PRICES)
SLOW = ("drf", "flask")
"""Peers that are measured in the first case only, since others are ahead of them anyway."""
STARTS_IN = 3
"""Seconds that a start, a warm-up and an end take about, and a check of each row."""
CHECK = 0.3


def full(servers: tuple[Contender, ...]) -> list[Case]:
    """Return everything: all rows, then what changes with workers, clients, database and size."""
    size = Size(FULL_PRICES)
    fast = tuple(each for each in servers if each.name not in SLOW)
    return [
        Case(ROWS, servers, SQLITE, 1, 16, size),
        Case(_named("list create mixed beside"), fast, SQLITE, 2, 16, size),
        Case(_named("list create"), fast, SQLITE, 1, 1, size),
        Case(_named("list create"), fast, SQLITE, 1, 64, size),
        Case(_named("list price create"), servers, POSTGRESQL, 1, 16, size),
        *slow_disk((1, 16), (1, 64), (2, 16)),
        *(_growth(each) for each in (Size(1_000, grown=True), *map(Size, MORE_PRICES))),
    ]


def _growth(size: Size) -> Case:
    """Return what is held against other sizes, of a server that works out each answer."""
    # The prices come first in each case, so that all of them are asked of a server as warm.
    what = (OF_ANY_SIZE, *(GROWTH if size.grown else ()))
    one = (BY_NAME[NOTHING_KEPT],)
    return Case(what, one, SQLITE, 1, 16, size, NOTHING_KEPT, sizes=True)


def slow_disk(*wanted: tuple[int, int]) -> list[Case]:
    """Return creates where the disk is slow, with a shared commit and with one for each.

    `wanted` are numbers of workers and of connections.
    """
    both = (BY_NAME[OURS], SHARES_NO_COMMIT)
    return [
        Case(_named("create"), both, SQLITE, number, clients, Size(1_000), ONE_COMMIT, slow=True)
        for number, clients in wanted
    ]


def quick(servers: tuple[Contender, ...]) -> list[Case]:
    """Return all rows under the plainest circumstances, and the slow disk."""
    return [Case(ROWS, servers, SQLITE, 1, 16, Size(100_000)), *slow_disk((1, 16))]


def chosen(
    names: list[str],
    servers: tuple[Contender, ...],
    *,
    to: str,
    on: list[str],
    workers: list[int],
    connections: list[int],
    prices: int,
) -> list[Case]:
    """Return these rows, under each of these circumstances."""
    wanted = _named(" ".join(names))
    size = Size(prices, grown=any(row in GROWTH for row in wanted))
    return [
        Case(wanted, servers, kind, number, count, size, to)
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
                total += sum((2 * PAIRS - 1) * seconds for row in runs if row.beside)
    return total * rounds / 60


def _named(names: str) -> tuple[Row, ...]:
    return tuple(rows.BY_NAME[name] for name in names.split())


def contenders(peers: str) -> tuple[Contender, ...]:
    """Return this server, and its peers in a list with commas; raise KeyError for another."""
    wanted = {OURS, NOTHING_KEPT, *(BY_NAME[name].name for name in peers.split(",") if name)}
    return tuple(each for each in ALL if each.name in wanted)
