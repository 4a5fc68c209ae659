"""Change the code in one small way after another and see whether the tests notice (mutmut).

What is changed, and which tests look, says [tool.mutmut] in pyproject.toml. What was found already
lies in `mutants/` and is not looked for again, but for a sample, which is run in any case.

Usage: python mutate.py [SAMPLE [SEED [PROCESSES]]], SAMPLE mutants at random instead of all
"""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

MUTMUT = Path(sys.executable).with_name("mutmut")
KILLED = ("killed", "timeout", "segfault")


def main(sample="", seed="1", processes="2"):
    children = ("--max-children", processes)
    chosen = []
    if sample:
        # The mutants are made on the way to running one.
        run("run", *children, "todo_api.services.passwords.x_hashed__mutmut_1")
        chosen = random.Random(int(seed)).sample(sorted(statuses()), int(sample))
    run("run", *children, *chosen)
    found = {name: status for name, status in statuses().items() if name in chosen or not sample}
    for name, status in sorted(found.items()):
        if status not in KILLED:
            sys.stdout.write(f"{status}: {name}\n")
    counts = Counter(found.values())
    told = ", ".join(f"{status} {count}" for status, count in sorted(counts.items()))
    score = sum(counts[status] for status in KILLED) / len(found)
    sys.stdout.write(f"{len(found)} of {len(statuses())} mutants: {told}; score {score:.1%}\n")


def run(*arguments):
    subprocess.run([MUTMUT, *arguments], check=True)


def statuses():
    """Return what is known of each mutant, by its name."""
    told = subprocess.run([MUTMUT, "results", "--all", "true"], capture_output=True, check=True)
    lines = told.stdout.decode().split("\n")
    return dict(line.strip().split(": ", 1) for line in lines if ": " in line)


if __name__ == "__main__":
    main(*sys.argv[1:])
