"""Draw what `make bench` has measured: throughput as a ratio to the reference, for each row.

Usage: picture.py FOLDER, which has figures.json and gets picture.svg.
"""

import json
import sys
from pathlib import Path
from statistics import median

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Picture
from rounds import Figure
from rows import BY_NAME as ROWS
from servers import BY_NAME as SERVERS
from table import Ratio, ratios

LEFT = 0.8
"""How much of a row's height its bars take."""


def draw(figures: list[Figure], reference: str) -> Picture:
    """Return one chart for each case, with a bar for each server and row that has a ratio."""
    known = {key: ratio for key, ratio in ratios(figures, reference).items() if ratio.ratios}
    known = {key: ratio for key, ratio in known.items() if key[3] == "throughput"}
    cases = list(dict.fromkeys(key[0] for key in known))
    heights = [2 + len(dict.fromkeys(key[1] for key in known if key[0] == case)) for case in cases]
    picture = Picture(figsize=(10, 0.8 * sum(heights) + 1), layout="constrained")
    if cases:
        charts = picture.subplots(len(cases), 1, squeeze=False, height_ratios=heights)
        for case, chart in zip(cases, charts[:, 0], strict=True):
            _chart(chart, {key[1:3]: each for key, each in known.items() if key[0] == case})
            chart.set_title(case, loc="left", fontsize=10)
            chart.set_xlabel(f"requests a second, {SERVERS[reference].title} = 1")
    return picture


def _chart(chart: object, known: dict[tuple[str, str], Ratio]) -> None:
    names = list(dict.fromkeys(row for row, _ in known))
    servers = list(dict.fromkeys(server for _, server in known))
    thick = LEFT / len(servers)
    for number, server in enumerate(servers):
        here = [(names.index(row), each) for (row, who), each in known.items() if who == server]
        places = np.array([place for place, _ in here]) + (number + 0.5) * thick - LEFT / 2
        middles = np.array([median(each.ratios) for _, each in here])
        least = middles - [min(each.ratios) for _, each in here]
        most = [max(each.ratios) for _, each in here] - middles
        title = SERVERS[server].title
        chart.barh(places, middles, thick, xerr=[least, most], label=title, color=f"C{number}")
    chart.set_yticks(range(len(names)), [ROWS[name].title for name in names])
    chart.invert_yaxis()
    chart.axvline(1, color="black", linewidth=0.5)
    chart.legend(fontsize=8)


def main() -> None:
    """Read the figures and write the picture."""
    folder = Path(sys.argv[1])
    kept = json.loads((folder / "figures.json").read_text())
    figures = [Figure(**each) for each in kept["figures"]]
    # Else the ids and the date in the file are others each time.
    mpl.rcParams["svg.hashsalt"] = "bench"
    draw(figures, kept["to"]).savefig(folder / "picture.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
