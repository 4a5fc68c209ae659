"""Change the code in one small way after another and see whether the tests notice.

mutmut makes the changes (mutants) and records which test comes by which function; what is changed,
and which tests look, says [tool.mutmut] in pyproject.toml. The tests are run here, each time in a
process that has imported nothing of todo_api: what is made once, on import or with the OpenAPI
document, is made with the mutant in it. A test that takes 30 seconds fails; the mutant is asked
again with nothing beside it, and what takes as long again is an endless loop, noticed like others.

Usage: python mutate.py [SAMPLE [SEED [PROCESSES]]], SAMPLE mutants at random instead of all
       python mutate.py NAME [NAME ...], those
"""

import importlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from math import sqrt
from multiprocessing import connection, get_context
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MUTANTS = ROOT / "mutants"
FORK = get_context("fork")
TEST_SECONDS = 30
MUTANT_SECONDS = 900
MEMORY = 6 * 2**30

# To import these takes longer than to run a few tests; nothing of todo_api is among them.
WARM = ("alembic.command", "apispec", "flask_cors", "flask_restful", "httpx", "icalendar")
WARM += ("marshmallow", "playwright.sync_api", "psycopg", "sqlalchemy.orm")

# These print the functions that are called when all is imported, and when the document is made.
IMPORTED = """
from mutmut.state import state
from todo_api import cli, openapi
print("\\n".join(state()._stats))
"""
DOCUMENTED = IMPORTED.replace("print", "state()._stats.clear(); openapi.document(); print")


def main(*arguments):
    sample, seed, processes = (*arguments, *("", "1", "2")[len(arguments) :])[:3]
    names = made()
    chosen = names
    if "__mutmut_" in sample:
        chosen, processes = list(arguments), "2"
        if unknown := set(chosen) - set(names):
            raise SystemExit(f"There is no mutant {' or '.join(sorted(unknown))}.")
    elif sample:
        chosen = random.Random(int(seed)).sample(names, int(sample))
    for module in WARM:
        importlib.import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        found = asked(chosen, Path(folder), int(processes))
    tell(found, len(names))


def made():
    """Make the mutants, record which tests come by them, and return the names of all."""
    mutmut = Path(sys.executable).with_name("mutmut")
    one = "todo_api.services.passwords.x_hashed__mutmut_1"
    subprocess.run([mutmut, "run", one], check=True, stdout=sys.stderr)
    metas = [json.loads(meta.read_text()) for meta in MUTANTS.rglob("*.py.meta")]
    return sorted(name for meta in metas for name in meta["exit_code_by_key"])


def asked(names, folder, processes):
    """Return what came of each mutant, by its name."""
    tests = tests_by_function()
    everything = sorted({test for some in tests.values() for test in some})
    (unchanged,) = run({"": everything}, folder, 1).values()
    if unchanged != "survived":
        raise SystemExit((folder / "unchanged").read_text())
    wanted = {name: tests.get(name.rpartition("__mutmut_")[0], []) for name in names}
    found = run(wanted, folder, processes)
    slow = {name: wanted[name] for name, status in found.items() if status == "timeout"}
    return {**found, **run(slow, folder, 1)}


def tests_by_function():
    """Return the tests that come by each function, the fastest first, by its name in mutmut.

    What is made once belongs to whichever test came first, though any may notice: all are asked of
    what importing calls, and those of the OpenAPI document of what only that one calls.
    """
    stats = json.loads((MUTANTS / "mutmut-stats.json").read_text())
    seconds = stats["duration_by_test"]
    tests = {name: set(some) for name, some in stats["tests_by_mangled_function_name"].items()}
    of_document = {test for test in seconds if "test_openapi" in test}
    for name in called(DOCUMENTED):
        tests[name] = tests.get(name, set()) | of_document
    for name in called(IMPORTED):
        tests[name] = set(seconds)
    return {name: sorted(some, key=seconds.__getitem__) for name, some in tests.items()}


def called(code):
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MUTANT_UNDER_TEST": "stats"},
        cwd=MUTANTS,
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.split()


def run(wanted, folder, processes):
    """Run the tests of each mutant, so many at a time, and return what came of each."""
    waiting = [(name, tests) for name, tests in wanted.items() if tests]
    found = {name: "no tests" for name, tests in wanted.items() if not tests}
    running = {}
    while waiting or running:
        while waiting and len(running) < processes:
            name, tests = waiting.pop()
            output = folder / (name or "unchanged")
            process = FORK.Process(target=ask, args=(name, tests, output))
            process.start()
            running[process.sentinel] = (name, process, output, time.monotonic())
        ended = connection.wait(running, timeout=1)
        for sentinel, (name, process, output, began) in list(running.items()):
            if time.monotonic() - began > MUTANT_SECONDS:
                process.kill()
            elif sentinel not in ended:
                continue
            process.join()
            del running[sentinel]
            found[name] = status(process.exitcode, output.read_text(errors="replace"))
            seconds = time.monotonic() - began
            sys.stderr.write(f"{len(found)} {found[name]} {seconds:.1f} s: {name}\n")
    return found


def ask(name, tests, output):
    """Run the tests on the mutant and end this process with the exit code of pytest."""
    os.environ |= {"MUTANT_UNDER_TEST": name, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    sys.dont_write_bytecode = False  # To compile all of it takes longer than most tests.
    os.chdir(MUTANTS)
    sys.path[:] = [str(MUTANTS), *(path for path in sys.path if Path(path) != ROOT)]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with output.open("w") as told:
        os.dup2(told.fileno(), 1)
        os.dup2(told.fileno(), 2)
    options = ["-x", "-q", "--tb=short", "--assert=plain", "-p", "no:cacheprovider"]
    options += ["-p", "pytest_timeout", f"--timeout={TEST_SECONDS}", "--timeout-method=thread"]
    os._exit(pytest.main([*options, *tests]))


def status(exit_code, told):
    if exit_code == pytest.ExitCode.OK:
        return "survived"
    if exit_code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise SystemExit(told)
    return "timeout" if exit_code < 0 or "+ Timeout +" in told else "killed"


def tell(found, total):
    for name, came in sorted(found.items()):
        if came != "killed":
            sys.stdout.write(f"{came}: {name}\n")
    counts = Counter(found.values())
    told = ", ".join(f"{came} {count}" for came, count in sorted(counts.items()))
    noticed = counts["killed"] + counts["timeout"]
    low, high = likely(noticed, len(found))
    sys.stdout.write(
        f"{len(found)} of {total} mutants: {told}; score {noticed / len(found):.1%}"
        f" (95 % interval {low:.1%} to {high:.1%})\n"
    )


def likely(hits, asked, z=1.96):
    """Return between which shares the share of all lies, by the interval of Wilson."""
    share, spread = hits / asked, z * z / asked
    middle = share + spread / 2
    around = z * sqrt(share * (1 - share) / asked + spread / asked / 4)
    return (middle - around) / (1 + spread), (middle + around) / (1 + spread)


if __name__ == "__main__":
    main(*sys.argv[1:])
