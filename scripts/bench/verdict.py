"""What was asked of this server, beside what was measured; and who is ahead of it in which row."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import growth
import rows
from rounds import Figure
from servers import BY_NAME, NOTHING_KEPT, ONE_COMMIT, OURS, REFERENCE
from table import Key, Measured, Ratio

ONE = "sqlite, 1 worker, 16 connections"
TWO = "sqlite, 2 workers, 16 connections"
SLOW = "an fsync costs 2 ms"
POSTGRESQL = "postgresql, 1 worker, 16 connections"
LIMIT = "floor"
"""It is no peer, but what there is to reach."""
SPREAD = 0.2
"""How far what is to cost the same may be off."""
MEGABYTES = 100


@dataclass(frozen=True)
class Asked:
    """That one thing measured is `least` times another one, or at most `most` times.

    Each is a row, a server and a measure; the other one's circumstances are the same.
    """

    where: str
    own: tuple[str, str, str]
    other: tuple[str, str, str]
    least: float = 0
    most: float = 0

    @property
    def text(self) -> str:
        """What is asked."""
        return f">= {self.least:g}" if self.least else f"<= {self.most:g}"

    def holds(self, value: float) -> bool:
        """Return whether it is so."""
        return value >= self.least if self.least else value <= self.most


def _faster(where: str, row: str, least: float, server: str = OURS, to: str = REFERENCE) -> Asked:
    return Asked(where, (row, server, "throughput"), (row, to, "throughput"), least=least)


ASKED = {
    "list of 50, nothing kept, to FastAPI": _faster(ONE, "list", 6, NOTHING_KEPT),
    "list of 50, kept, to FastAPI": _faster(ONE, "list", 12),
    "one task, to FastAPI": _faster(ONE, "task", 6),
    "one price, to FastAPI": _faster(ONE, "price", 6),
    "sum, to FastAPI": _faster(ONE, "sum", 2.5),
    "echo, to FastAPI": _faster(ONE, "echo", 2.5),
    "creates, 1 worker, to FastAPI": _faster(ONE, "create", 5),
    "creates, 2 workers, to FastAPI": _faster(TWO, "create", 5),
    "creates, 1 worker, p99 to p50": Asked(
        ONE, ("create", OURS, "p99"), ("create", OURS, "p50"), most=5
    ),
    "creates, 2 workers, p99 to p50": Asked(
        TWO, ("create", OURS, "p99"), ("create", OURS, "p50"), most=5
    ),
    **{
        f"creates, fsync 2 ms, {count} {workers}, {clients} clients, to a commit each": _faster(
            f"sqlite, {count} {workers}, {clients} connections, {SLOW}", "create", 4, to=ONE_COMMIT
        )
        for count, workers, clients in ((1, "worker", 16), (1, "worker", 64), (2, "workers", 16))
    },
    "mixed load, to FastAPI": _faster(ONE, "mixed", 6),
    "mixed load, to Express": _faster(ONE, "mixed", 1, to="express"),
    "PostgreSQL: list of 50, to FastAPI": _faster(POSTGRESQL, "list", 5),
    "PostgreSQL: one price, to FastAPI": _faster(POSTGRESQL, "price", 5),
    "PostgreSQL: creates, to FastAPI": _faster(POSTGRESQL, "create", 4),
    "CPU of a 304, to a list not kept": Asked(
        ONE, ("304", OURS, "CPU"), ("list", NOTHING_KEPT, "CPU"), most=0.5
    ),
    "CPU of a 304, nothing kept, to a list not kept": Asked(
        ONE, ("304", NOTHING_KEPT, "CPU"), ("list", NOTHING_KEPT, "CPU"), most=0.5
    ),
}


LIMITS = {
    **{
        f"reads lost to 10 logins a second, {how}, {workers}, %": (where, row, 10)
        for how, row in (
            ("nothing kept", ("beside", NOTHING_KEPT, "loss")),
            ("kept", ("beside", OURS, "loss")),
        )
        for workers, where in (("1 worker", ONE), ("2 workers", TWO))
    },
    "MB a worker, after all rows": (ONE, ("start", OURS, "memory"), MEGABYTES),
}
"""What a figure may be at most: where, of which row, server and measure, and how much."""


@dataclass(frozen=True)
class Line:
    """One thing that is asked; nothing is `measured` where that was left out."""

    title: str
    asked: str
    measured: str
    holds: bool


def lines(figures: list[Figure]) -> Iterator[str]:
    """Yield what is asked and measured, then who is ahead of this server in which row."""
    measured = Measured.of(figures)
    told = list(verdict(measured))
    yield ""
    yield f"{'asked and measured':63}{'asked':>10}  measured"
    for line in told:
        if line.measured:
            holds = "reached" if line.holds else "NOT REACHED"
            yield f"  {line.title:61}{line.asked:>10}  {line.measured:<22} {holds}"
    if left := sum(not line.measured for line in told):
        yield f"  not measured, since this was not all: {left} more"
    yield ""
    yield "ahead of this server, in requests a second"
    yield from [f"  {each}" for each in ahead(measured)] or ["  nobody"]


def verdict(measured: Measured) -> Iterator[Line]:
    """Yield each thing that is asked."""
    for title, asked in ASKED.items():
        ratio = _found(measured, asked)
        holds = bool(ratio) and asked.holds(median(ratio.ratios))
        yield Line(title, asked.text, ratio.text() if ratio else "", holds)
    grown = growth.ratios(measured)
    for work in growth.GROWING:
        # The first one is the smallest, beside itself.
        others = list(grown.get(work, {}).values())[1:]
        middles = [median(each.ratios) for each in others]
        told = f"{min(middles):.2f} to {max(middles):.2f}" if middles else ""
        holds = all(abs(each - 1) <= SPREAD for each in middles)
        yield Line(f"time of {work} many, to few", f"1 ± {SPREAD:g}", told, holds)
    for title, (where, what, most) in LIMITS.items():
        yield _at_most(measured, title, where, what, most)


def _at_most(
    measured: Measured, title: str, where: str, what: tuple[str, str, str], most: float
) -> Line:
    """Return whether a figure is no more than that."""
    values = [
        value
        for (case, *key), rounds in measured.rounds.items()
        if _circumstances(case) == where and tuple(key) == what
        for value in rounds.values()
    ]
    if not values:
        return Line(title, f"<= {most:g}", "", False)
    told = f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})"
    return Line(title, f"<= {most:g}", told, median(values) <= most)


def _found(measured: Measured, asked: Asked) -> Ratio | None:
    for case in dict.fromkeys(key[0] for key in measured.rounds):
        if _circumstances(case) == asked.where:
            ratio = measured.ratio((case, *asked.own), (case, *asked.other))
            if ratio and ratio.ratios:
                return ratio
    return None


def _circumstances(case: str) -> str:
    """Return how a case was measured, without how much is stored."""
    return case.rpartition(", ")[0]


def ahead(measured: Measured) -> Iterator[str]:
    """Yield each peer that is faster than this server, where, and by how much."""
    for key, ratio in _beside_ours(measured):
        case, row, server, _ = key
        if median(ratio.ratios) > 1:
            what = "the limit, " if server == LIMIT else ""
            title = f"{what}{BY_NAME[server].title}: {rows.BY_NAME[row].title} · {case}"
            yield f"{title}: {ratio.text()} times as many"


def _beside_ours(measured: Measured) -> Iterator[tuple[Key, Ratio]]:
    for key in measured.rounds:
        case, row, server, measure = key
        if measure == "throughput" and server not in (OURS, NOTHING_KEPT, ONE_COMMIT):
            ratio = measured.ratio(key, (case, row, OURS, measure))
            if ratio and ratio.ratios:
                yield key, ratio
