"""The table: each figure beside the reference's of the same round, as a median with its range."""

from collections.abc import Iterable, Iterator, Mapping
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
    "loss": "loss %",
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

    @property
    def middle_ratio(self) -> float:
        """The ratios' median."""
        return median(self.ratios)

    def text(self) -> str:
        """Return the ratios' median and range."""
        if not self.ratios:
            return "-"
        low, high = min(self.ratios), max(self.ratios)
        return f"{median(self.ratios):.2f} ({low:.2f} to {high:.2f})"


@dataclass(frozen=True)
class Measured:
    """What was measured in all rounds: by case, row, server and measure, what was right in each."""

    rounds: Mapping[Key, Mapping[int, float]]

    @classmethod
    def of(cls, figures: Iterable[Figure]) -> "Measured":
        """Return it without what was wrong in any round."""
        rounds: dict[Key, dict[int, float]] = {}
        wrong = set()
        for each in figures:
            if each.why:
                wrong.add((each.case, each.row, each.server))
            for measure, value in each.values.items():
                key = (each.case, each.row, each.server, measure)
                rounds.setdefault(key, {})[each.round] = value
        return cls({key: values for key, values in rounds.items() if key[:3] not in wrong})

    def ratio(self, own: Key, other: Key) -> Ratio | None:
        """Return how one thing is to the other in each round; None where it was not measured."""
        if own not in self.rounds:
            return None
        values, known = self.rounds[own], self.rounds.get(other, {})
        compared = [value / known[number] for number, value in values.items() if known.get(number)]
        return Ratio(median(values.values()), compared)


def lines(figures: list[Figure]) -> Iterator[str]:
    """Yield the lines of the table."""
    measured = Measured.of(figures)
    yield "x is the ratio to the first one named: the median of all rounds (least to most)"
    blocks: dict[tuple[str, str], list[Figure]] = {}
    for each in figures:
        blocks.setdefault((each.case, each.row), []).append(each)
    for (case, row), here in blocks.items():
        title = rows.BY_NAME[row].title if row in rows.BY_NAME else "memory and cold start"
        yield ""
        yield f"{title} · {case}"
        yield from _block(here, measured)


def _block(here: list[Figure], measured: Measured) -> Iterator[str]:
    """Yield the lines of one row of work: its head, and one line for each server."""
    case, row, to = here[0].case, here[0].row, here[0].to
    measures = [name for name in MEASURES if any(name in each.values for each in here)]
    heads = "".join(f"{MEASURES[name]:>10} {'x':<22}" for name in measures)
    yield f"  {'':26}{heads}".rstrip()
    known = dict.fromkeys(each.server for each in here)
    for server in sorted(known, key=lambda name: name != to):
        reasons = [each.why for each in here if each.server == server and each.why]
        ratios = (
            measured.ratio((case, row, server, name), (case, row, to, name)) for name in measures
        )
        told = "".join(
            f"{short(ratio.middle):>10} {ratio.text():<22}" if ratio else " " * 33
            for ratio in ratios
        )
        reason = " ".join(reasons[0].split()) if reasons else ""
        yield f"  {BY_NAME[server].title:26}{reason or told}".rstrip()


def short(value: float) -> str:
    """Return a number with three digits that say something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - Three digits.
