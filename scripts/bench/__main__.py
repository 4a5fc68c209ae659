"""Measure this server beside its peers, on one machine, on the same data: `make bench`.

What is printed is kept in build/bench, with each single figure; picture.py draws it.
"""

import argparse
import json
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import growth
import load
import plan
import rows
import table
import verdict
from rounds import LEFT_OUT, Bench, Case
from servers import ALL, BY_NAME, NOTHING_KEPT, OURS, POSTGRESQL, REFERENCE, SQLITE
from store import Store


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(rows.BY_NAME))
    peers = [each.name for each in ALL if each.name not in (OURS, NOTHING_KEPT)]
    parser.add_argument("--peers", default=",".join(peers), help="by default %(default)s")
    parser.add_argument("--to", default=REFERENCE, help="whom ratios are to: %(default)s")
    parser.add_argument("--rounds", type=int, help="by default 3, with --quick 1")
    parser.add_argument("--seconds", type=int, default=2, help="for each figure: %(default)s")
    parser.add_argument("--quick", action="store_true", help="all rows once, in some minutes")
    parser.add_argument("--into", type=Path, default=Path("build/bench"), help="%(default)s")
    of_rows = parser.add_argument_group("where some rows are asked for")
    of_rows.add_argument("--on", default=SQLITE, help=f"{SQLITE}, or {SQLITE},{POSTGRESQL}")
    of_rows.add_argument("--workers", default="1", help="such as 1,2")
    of_rows.add_argument("--connections", default="16", help="such as 1,16,64")
    of_rows.add_argument("--prices", type=int, default=100_000, help="how many: %(default)s")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in rows.BY_NAME]
    unknown += [name for name in options.peers.split(",") if name and name not in BY_NAME]
    if unknown:
        parser.error(f"there is no {' and no '.join(unknown)}")
    return options


def cases_of(options: argparse.Namespace) -> list[Case]:
    """Return what is asked for; without rows, everything, or the heart of it."""
    servers = plan.contenders(options.peers)
    if options.rows:
        return plan.chosen(
            options.rows,
            servers,
            to=options.to,
            on=options.on.split(","),
            workers=[int(each) for each in options.workers.split(",")],
            connections=[int(each) for each in options.connections.split(",")],
            prices=options.prices,
        )
    cases = plan.quick(servers) if options.quick else plan.full(servers)
    return [replace(case, to=options.to) if case.to == REFERENCE else case for case in cases]


def say(line: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main() -> int:
    """Measure, print the table, keep it; return 1 if anything was wrong."""
    options = arguments()
    cases = cases_of(options)
    rounds = options.rounds or (1 if options.quick else 3)
    generator = load.prepare()
    options.into.mkdir(parents=True, exist_ok=True)
    say(f"load by {generator}, about {plan.minutes(cases, rounds, options.seconds):.0f} minutes")
    with tempfile.TemporaryDirectory(prefix="todo-api-bench-") as name:
        folder = Path(name)
        with closing(Store(folder)) as store:
            bench = Bench(generator, store, folder, options.seconds, say)
            figures = list(bench.figures(cases, rounds))
    told = (
        "\n".join([*table.lines(figures), *growth.lines(figures), *verdict.lines(figures)]) + "\n"
    )
    (options.into / "table.txt").write_text(told)
    kept = [asdict(figure) for figure in figures]
    (options.into / "figures.json").write_text(json.dumps(kept, indent=1) + "\n")
    sys.stdout.write(told)
    return int(any(each.why and not each.why.startswith(LEFT_OUT) for each in figures))


if __name__ == "__main__":
    sys.exit(main())
