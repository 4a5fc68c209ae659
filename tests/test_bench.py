"""The benchmark runs, counts right answers only, and says what it has found."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass

from conftest import ROOT

BENCH = ROOT / "scripts" / "bench"


@dataclass(frozen=True)
class Run:
    """How a run ended: its exit code, and the blocks of its table by their titles."""

    code: int
    blocks: dict[str, dict[str, str]]


def bench(into, *arguments, program=BENCH):
    outcome = subprocess.run(
        [sys.executable, program, *arguments, "--into", into],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert outcome.stdout == (into / "table.txt").read_text(), outcome.stderr
    blocks = {}
    for block in outcome.stdout.split("\n\n")[1:]:
        title, _head, *lines = block.splitlines()
        cells = (re.split(r" {2,}", line.strip()) for line in lines)
        blocks[title.partition(" · ")[0]] = {server: told for server, *told in cells}
    return Run(outcome.returncode, blocks)


SMALL = ("--to", "floor", "--rounds", "1", "--seconds", "1", "--prices", "100")


def test_a_run_tells_each_figure_beside_the_reference_s(tmp_path):
    rows = ("list", "304", "create", "tick")
    run = bench(tmp_path, *rows, "--peers", "flask,pocketbase,floor", "--connections", "4", *SMALL)
    assert run.code == 0, run.blocks
    everybody = {"todo_api", "Flask, sqlite3", "PocketBase", "floor: WSGI, sqlite3"}
    assert {title: set(servers) for title, servers in run.blocks.items()} == {
        "list of 50 tasks": everybody,
        "list of 50, not modified": {"todo_api"},
        "create a task": everybody,
        "tick a task, with If-Match where there is an ETag": everybody,
        "memory and cold start": everybody,
    }
    for title, servers in run.blocks.items():
        for server, cells in servers.items():
            numbers = [float(cell.split()[0].replace(",", "")) for cell in cells]
            # autocannon, where there is no wrk, tells whole milliseconds.
            assert numbers[0] > 0, (title, server)
            assert all(number >= 0 for number in numbers), (title, server)
    floor = run.blocks["list of 50 tasks"]["floor: WSGI, sqlite3"]
    assert "1.00 (1.00 to 1.00)" in floor[0], floor


MISTAKES = {
    "list of 50 tasks": ('"note": row[2]', '"note": None'),
    "sum": ('"total_sum": first + second', '"total_sum": 42'),
    "tick a task, with If-Match where there is an ETag": ("SELECT price * quantity", "SELECT 2"),
}


def test_an_answer_that_is_wrong_does_not_count(tmp_path):
    broken = tmp_path / "bench"
    (broken / "peers").mkdir(parents=True)
    for file in BENCH.iterdir():
        if file.name != "peers":
            (broken / file.name).symlink_to(file)
    text = (BENCH / "peers" / "floor.py").read_text()
    for right, wrong in MISTAKES.values():
        assert right in text
        text = text.replace(right, wrong)
    (broken / "peers" / "floor.py").write_text(text)
    rows = ("list", "sum", "echo", "tick")
    run = bench(tmp_path, *rows, "--peers", "floor", *SMALL, program=broken)
    assert run.code == 1
    told = {title: servers["floor: WSGI, sqlite3"][0] for title, servers in run.blocks.items()}
    assert {title for title in told if told[title].startswith("wrong: ")} == set(MISTAKES), told
