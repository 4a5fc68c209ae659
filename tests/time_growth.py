"""Whether the time that something takes grows in proportion to the text that it is given.

It is measured in a process of its own, which is killed when it does not end: a regular expression
with exponential backtracking holds the interpreter's lock, so that no thread could stop it.
"""

import gc
import os
import subprocess
import sys
import time

SIZES = (1_000, 10_000, 60_000)
"""Characters of the texts; the largest has six times as many as the one before."""

MOST_TIMES = 12
"""How many times as long the largest text may take: 6 is linear, 36 quadratic."""

MEASURABLE = 0.002
"""Seconds of the processor for the largest text; less cannot be told apart from noise."""

KILLED_AFTER = 120
_SLOWEST = 8
_ATTEMPTS = 6
_CERTAIN = 1
"""Seconds from which on one measurement is enough."""


def text_of(triple, size):
    """Return a beginning, then as many units as there is room for, and an end."""
    beginning, unit, end = triple
    return beginning + unit * max(1, size // len(unit)) + end


def complaints(run, triples):
    """Yield a sentence for each text for which `run` takes more than linear time.

    All texts are tried at the smallest size. Those that took longest there are tried at the others.
    """
    gc.disable()
    small, middle, large = SIZES
    taken = {triple: _seconds(run, triple, small) for triple in triples}
    for triple in sorted(taken, key=taken.get, reverse=True)[:_SLOWEST]:
        cost, larger = float("inf"), float("inf")
        for _ in range(_ATTEMPTS):
            cost = min(cost, *(_seconds(run, triple, middle) for _ in range(3)))
            larger = min(larger, _seconds(run, triple, large))
            if larger < max(MEASURABLE, MOST_TIMES * cost) or larger > _CERTAIN:
                break
        if larger > max(MEASURABLE, MOST_TIMES * cost):
            yield (
                f"{_shown(triple)}: {large:,} characters take {larger / cost:.0f} times"
                f" as long as {middle:,} ({cost * 1000:.2f} and {larger * 1000:.2f} ms)."
            )
            return


def _seconds(run, triple, size):
    """Return the processor time that `run` takes. It writes down beforehand which text that is."""
    text = text_of(triple, size)
    sys.stdout.write(f"{_shown(triple)}, {size:,} characters\n")
    sys.stdout.flush()
    begun = time.thread_time()
    run(text)
    return time.thread_time() - begun


def _shown(triple):
    beginning, unit, end = (ascii(part) for part in triple)
    return f"{beginning} + n * {unit} + {end}"


def report(run, triples):
    """Write the first complaint where `measured` finds it."""
    for each in complaints(run, triples):
        sys.stderr.write(each + "\n")


def measured(arguments, sent="", *, killed_after=KILLED_AFTER):
    """Return the complaint of a program that calls `report`, empty if it has none.

    The program reads `sent` as its input. Coverage, which distorts times, is not measured.
    """
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            input=sent,
            capture_output=True,
            text=True,
            timeout=killed_after,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as killed:
        lines = (killed.stdout or b"").decode().splitlines()
        return f"{lines[-1] if lines else 'The start'}: not done after {killed_after} s."
    if done.returncode != 0:
        return f"The measurement ended with {done.returncode}: {done.stderr}"
    return done.stderr
