"""Put what `make bench` has measured into the README, and all of it into docs/performance.rst.

Usage: publish.py FOLDER, which has table.txt, figures.json and picture.svg.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import verdict
from rounds import Figure
from rows import BY_NAME as ROWS
from servers import BY_NAME as SERVERS
from table import Measured, short

ROOT = Path(__file__).parent.parent.parent
PAGE = """Performance
===========

All that ``make bench`` told in the run whose figures are in the README. Its columns are the median
of all rounds, and "x", the ratio to the server that comes first in its block.

"""
BEGIN = ".. Here begins what scripts/publish-bench writes."
END = ".. Here it ends."
SHORT = {
    "ours": "todo_api",
    "nothing-kept": "nothing kept",
    "fastapi": "FastAPI",
    "drf": "DRF",
    "litestar": "Litestar",
    "express": "Express",
    "flask": "Flask",
    "pocketbase": "PocketBase",
    "floor": "floor",
}
"""The heads of the columns."""
PEERS = set(SHORT) - {"ours", "nothing-kept"}


def table(cells: list[list[str]]) -> Iterator[str]:
    """Yield the lines of a simple table of reStructuredText, whose first row is its head."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = " ".join("=" * width for width in widths)
    lines = [
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    yield from (rule, lines[0], rule, *lines[1:], rule)


def throughput(figures: list[Figure]) -> Iterator[str]:
    """Yield a table for each case where this server has peers: requests a second, as ratios."""
    measured = Measured.of(figures)
    cases: dict[tuple[str, str], list[Figure]] = {}
    for each in figures:
        if each.to in PEERS and "throughput" in each.values:
            cases.setdefault((each.case, each.to), []).append(each)
    for (case, to), here in cases.items():
        servers = [name for name in SHORT if any(each.server == name for each in here)]
        cells = [["", "requests/s", *(SHORT[name] for name in servers)]]
        for row in dict.fromkeys(each.row for each in here):
            keys = [(case, row, name, "throughput") for name in servers]
            ratios = [measured.ratio(key, (case, row, to, "throughput")) for key in keys]
            if ours := measured.ratio(keys[0], keys[0]):
                told = [
                    f"{each.middle_ratio:.2f}" if each and each.ratios else "" for each in ratios
                ]
                cells.append([ROWS[row].title, short(ours.middle), *told])
        yield from (f"{case}; {SERVERS[to].title} = 1:", "", *table(cells), "")


def asked(figures: list[Figure]) -> Iterator[str]:
    """Yield the lines of a table of what is asked and what was measured."""
    cells = [["", "aim", "median (least to most)", ""]]
    for line in verdict.verdict(Measured.of(figures)):
        if line.measured:
            holds = "reached" if line.holds else "not reached"
            cells.append([line.title, line.asked, line.measured, holds])
    return table(cells)


def main() -> None:
    """Read the folder, and write the README, the page and the picture beside it."""
    folder = Path(sys.argv[1])
    figures = [Figure(**each) for each in json.loads((folder / "figures.json").read_text())]
    shutil.copy(folder / "picture.svg", ROOT / "docs" / "performance.svg")
    told = (folder / "table.txt").read_text().splitlines()
    page = "".join(f"    {line}".rstrip() + "\n" for line in told)
    (ROOT / "docs" / "performance.rst").write_text(f"{PAGE}::\n\n{page}")
    readme = ROOT / "README.rst"
    before, rest = readme.read_text().split(BEGIN)
    picture = [".. image:: docs/performance.svg", "   :alt: Requests a second beside FastAPI's", ""]
    all_of_it = "All that was told is in `docs/performance.rst <docs/performance.rst>`_."
    lines = [*throughput(figures), *picture, *asked(figures), "", all_of_it]
    written = "\n".join(["", *lines, "", ""])
    readme.write_text(f"{before}{BEGIN}\n{written}{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
