"""What the same work costs at each size, beside what it costs at the smallest."""

from collections.abc import Iterator

from plan import FULL_PRICES
from rounds import Figure
from servers import NOTHING_KEPT
from table import Key, Measured, Ratio, short

CASE = "sqlite, 1 worker, 16 connections, by size, {} prices"
SMALL = CASE.format("1,000")
LISTS = ("10", "1,000", "100,000")
PRICES = ("1,000", "10,000", "100,000", f"{FULL_PRICES:,}")


def _page(kind: str, tasks: str) -> Key:
    return SMALL, f"{kind}-{tasks.replace(',', '')}", NOTHING_KEPT, "throughput"


def _price(prices: str) -> Key:
    return CASE.format(prices), "spread", NOTHING_KEPT, "throughput"


GROWING = {
    "first page of": {f"{tasks} tasks": _page("first", tasks) for tasks in LISTS},
    "deep page of": {f"{tasks} tasks": _page("deep", tasks) for tasks in LISTS},
    "one price of": {f"{prices}": _price(prices) for prices in PRICES},
}


def ratios(measured: Measured) -> dict[str, dict[str, Ratio]]:
    """Return, for each work and size, the time of a request as a ratio to that at the smallest."""
    found: dict[str, dict[str, Ratio]] = {}
    for work, sizes in GROWING.items():
        smallest = next(iter(sizes.values()))
        for size, key in sizes.items():
            # Half the requests a second is twice the time of each.
            ratio = measured.ratio(smallest, key)
            own = measured.rounds.get(key)
            if ratio and ratio.ratios and own:
                middle = sorted(own.values())[len(own) // 2]
                found.setdefault(work, {})[size] = Ratio(middle, ratio.ratios)
    return found


def lines(figures: list[Figure]) -> Iterator[str]:
    """Yield what it costs at each size; nothing where that was not measured."""
    found = ratios(Measured.of(figures))
    if found:
        yield ""
        yield "growth: time of a request, x to the smallest (pages of 4 tasks; nothing kept)"
        yield f"  {'':26}{'req/s':>10} x"
    for work, sizes in found.items():
        for size, ratio in sizes.items():
            yield f"  {work + ' ' + size:26}{short(ratio.middle):>10} {ratio.text()}"
