"""Run drills one after another at full size: python tests/faults [NAME …]; without names, all.

Exits with 1 if anything was lost or broken.
"""

import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import zip_longest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from faults import modules
from faults.rig import CannotRun, Outcome, Rig

COLUMNS = {"drill": 16, "on": 10, "what is done": 36, "figures": 40, "lost": 5, "broken": 6, "s": 5}


def show(*cells):
    """Print a row of the table."""
    columns = [
        [part.ljust(width) for part in textwrap.wrap(str(cell), width)]
        for cell, width in zip(cells, COLUMNS.values(), strict=True)
    ]
    for line in zip_longest(*columns):
        parts = [part or " " * width for part, width in zip(line, COLUMNS.values(), strict=True)]
        sys.stdout.write("  ".join(parts).rstrip() + "\n")
    sys.stdout.flush()


def run(module, on):
    """Run a drill on a kind of database, and return its outcome and the seconds that it took."""
    rig, begun = Rig(on), time.monotonic()
    try:
        outcome = module.drill(rig, **module.FULL)
    except CannotRun as reason:
        outcome = Outcome(f"This machine cannot run it: {reason}", {})
    except Exception as error:  # noqa: BLE001 - The other drills are to run all the same.
        outcome = Outcome(f"It failed: {error!r}", {}, broken=1)
    finally:
        rig.close()
    return outcome, time.monotonic() - begun


def outcomes(module):
    """Run a drill on each of its databases, and yield that with what `run` returns.

    What counts only what is lost, and takes long, runs on all of them at once.
    """
    at_once = len(module.ON) if getattr(module, "TOGETHER", False) else 1
    with ThreadPoolExecutor(at_once) as pool:
        yield from zip(module.ON, pool.map(partial(run, module), module.ON), strict=True)


def main(names):
    """Run the drills and return the exit code."""
    drills, harm = modules(), 0
    if unknown := set(names) - set(drills):
        sys.exit(f"There is no drill {', '.join(sorted(unknown))}; there are {', '.join(drills)}.")
    show(*COLUMNS)
    show(*("-" * width for width in COLUMNS.values()))
    for name in names or drills:
        for on, (outcome, seconds) in outcomes(drills[name]):
            figures = "; ".join(f"{what} {figure}" for what, figure in outcome.figures.items())
            show(name, on, outcome.done, figures, outcome.lost, outcome.broken, round(seconds))
            harm += outcome.lost + outcome.broken
    return int(harm > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
