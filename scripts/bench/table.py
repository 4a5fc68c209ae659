"""The table: each figure beside the reference's of the same round, as a median with its range."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

import rows
from rounds import Figure
from servers import BY_NAME

MEASURES = {
    "throughput": "req/s",
    "p50": "p50 ms",
    "p99": "p99 ms",
    "CPU": "CPU µs",
    "memory": "MB/worker",
    "cold start": "start s",
}
"""What is measured, and the head of its column."""

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Ratio:
    """A server's median, and its ratios to the reference in each round, if there are any."""

    middle: float
    ratios: list[float]

    def text(self) -> str:
        """Return the ratios' median and range."""
        if not self.ratios:
            return "-"
        low, high = min(self.ratios), max(self.ratios)
        return f"{median(self.ratios):.2f} ({low:.2f} to {high:.2f})"


def ratios(figures: Iterable[Figure], reference: str) -> dict[Key, Ratio]:
    """Return them by case, row, server and measure, for what was right in each round."""
    values: dict[Key, dict[int, float]] = {}
    wrong = set()
    for each in figures:
        if each.why:
            wrong.add((each.case, each.row, each.server))
        for measure, value in each.values.items():
            key = (each.case, each.row, each.server, measure)
            values.setdefault(key, {})[each.round] = value
    found = {}
    for key, own in values.items():
        case, row, _, measure = key
        if key[:3] not in wrong:
            right = (case, row, reference) not in wrong
            known = values.get((case, row, reference, measure), {}) if right else {}
            compared = [own[each] / known[each] for each in own if known.get(each)]
            found[key] = Ratio(median(own.values()), compared)
    return found


def lines(figures: list[Figure], reference: str) -> Iterator[str]:
    """Yield the lines of the table."""
    found = ratios(figures, reference)
    yield f"x is the ratio to {BY_NAME[reference].title}: the median of all rounds (least to most)"
    seen: dict[tuple[str, str], None] = dict.fromkeys((each.case, each.row) for each in figures)
    for case, row in seen:
        title = rows.BY_NAME[row].title if row in rows.BY_NAME else "memory and cold start"
        yield ""
        yield f"{title} · {case}"
        yield from _block(case, row, figures, found)


def _block(case: str, row: str, figures: list[Figure], found: dict[Key, Ratio]) -> Iterator[str]:
    """Yield the lines of one row of work: its head, and one line for each server."""
    here = [each for each in figures if (each.case, each.row) == (case, row)]
    measures = [name for name in MEASURES if any(name in each.values for each in here)]
    heads = "".join(f"{MEASURES[name]:>10} {'x':<22}" for name in measures)
    yield f"  {'':26}{heads}".rstrip()
    for server in dict.fromkeys(each.server for each in here):
        reasons = [each.why for each in here if each.server == server and each.why]
        cells = [found.get((case, row, server, name)) for name in measures]
        told = "".join(f"{_short(cell.middle):>10} {cell.text():<22}" for cell in cells if cell)
        reason = " ".join(reasons[0].split()) if reasons else ""
        yield f"  {BY_NAME[server].title:26}{reason or told}".rstrip()


def _short(value: float) -> str:
    """Return a number with three digits that say something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - Three digits.
