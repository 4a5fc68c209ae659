"""Draw what `make bench` has measured: throughput as a ratio to the reference, for each row.

Usage: picture.py FOLDER, which has figures.json and gets picture.svg.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import matplotlib as mpl
import matplotlib.lines
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import NullLocator
from rounds import Figure
from rows import BY_NAME as ROWS
from servers import BY_NAME as SERVERS
from servers import NOTHING_KEPT, OURS
from table import Measured, Ratio

MARKS = {OURS: ("o", 80, "#c22f1e"), NOTHING_KEPT: ("o", 80, "white")}
"""The mark, its size and colour, of this server; the peers' are small and of all colours."""
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
Ratios = dict[tuple[str, str], Ratio]
"""Ratios by row and server."""


def draw(figures: list[Figure]) -> Picture:
    """Return one chart for each case with a reference, and in it a line for each row."""
    measured = Measured.of(figures)
    charts: dict[str, Ratios] = {}
    titles = {}
    for each in figures:
        own = (each.case, each.row, each.server, "throughput")
        ratio = measured.ratio(own, (each.case, each.row, each.to, "throughput"))
        if ratio and ratio.ratios:
            charts.setdefault(each.case, {})[each.row, each.server] = ratio
            titles[each.case] = f"{each.case} ({SERVERS[each.to].title} = 1)"
    # Where but one server is measured, each ratio is 1.
    charts = {case: known for case, known in charts.items() if len({who for _, who in known}) > 1}
    heights = [2.5 + len({row for row, _ in known}) for known in charts.values()]
    picture = Picture(figsize=(10, 0.33 * sum(heights) + 0.8), layout="constrained")
    # Opaque, so that it can be read on a dark page, too.
    picture.set_facecolor("white")
    if charts:
        drawn = picture.subplots(len(charts), 1, squeeze=False, height_ratios=heights)[:, 0]
        for chart, (case, known) in zip(drawn, charts.items(), strict=True):
            _chart(chart, known)
            chart.set_title(titles[case], loc="left", fontsize=9)
        _scale(drawn)
        _legend(picture, charts)
    return picture


def _chart(chart: Axes, known: Ratios) -> None:
    names = list(dict.fromkeys(row for row, _ in known))
    for (row, server), ratio in known.items():
        place = names.index(row)
        mark, size, colour = _mark(server)
        front = 3 if server in MARKS else 2
        edge = MARKS[OURS][2] if server in MARKS else "none"
        chart.hlines(
            place, min(ratio.ratios), max(ratio.ratios), edge if server in MARKS else colour
        )
        style = {"marker": mark, "s": size, "color": colour, "edgecolors": edge, "zorder": front}
        chart.scatter(median(ratio.ratios), place, **style)
    chart.set_yticks(range(len(names)), [ROWS[name].title for name in names], fontsize=8)
    chart.set_ylim(len(names) - 0.4, -0.6)
    chart.grid(visible=True, color="#dddddd", linewidth=0.5)
    chart.set_axisbelow(True)
    chart.axvline(1, color="black", linewidth=0.8)


def _scale(charts: Iterable[Axes]) -> None:
    """Give all charts the same scale, so that each ratio stands at the same place."""
    for chart in charts:
        chart.set_xscale("log")
    least = min(chart.get_xlim()[0] for chart in charts)
    most = max(chart.get_xlim()[1] for chart in charts)
    for chart in charts:
        chart.set_xlim(least, most)
        chart.set_xticks([tick for tick in TICKS if least <= tick <= most])
        chart.xaxis.set_major_formatter("{x:g}")
        chart.xaxis.set_minor_locator(NullLocator())


def _mark(server: str) -> tuple[str, int, str]:
    peers = [name for name in SERVERS if name not in MARKS]
    number = peers.index(server) if server in peers else 0
    return MARKS.get(server, ("sD^vPX<>*"[number % 9], 28, f"C{number}"))


def _legend(picture: Picture, charts: dict[str, Ratios]) -> None:
    there = {server for known in charts.values() for _, server in known}
    handles = []
    for server in (name for name in SERVERS if name in there):
        mark, size, colour = _mark(server)
        edge = MARKS[OURS][2] if server in MARKS else "none"
        line = mpl.lines.Line2D([], [], linestyle="", label=SERVERS[server].title)
        line.set(marker=mark, markersize=size**0.5, color=colour, markeredgecolor=edge)
        handles.append(line)
    picture.supxlabel("requests a second, as a ratio: median, and least to most", fontsize=8)
    picture.legend(handles=handles, loc="outside upper left", ncols=4, fontsize=8, frameon=False)


def main() -> None:
    """Read the figures and write the picture."""
    folder = Path(sys.argv[1])
    figures = [Figure(**each) for each in json.loads((folder / "figures.json").read_text())]
    # Else the ids and the date in the file are others each time.
    mpl.rcParams["svg.hashsalt"] = "bench"
    draw(figures).savefig(folder / "picture.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
