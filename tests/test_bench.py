"""The benchmark runs, counts right answers only, and says what it has found."""

import importlib
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest
from conftest import ROOT
from faults.rig import Server
from faults.traffic import Client
from support import PASSWORD

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
    table, _, _verdict = outcome.stdout.partition("\n\nasked and measured")
    for block in table.split("\n\n")[1:]:
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
    nothing_kept = "todo_api, nothing kept"
    assert {title: set(servers) for title, servers in run.blocks.items()} == {
        "list of 50 tasks": {*everybody, nothing_kept},
        "list of 50, not modified": {"todo_api", nothing_kept},
        "create a task": everybody,
        "tick a task, with If-Match where there is an ETag": everybody,
        "memory and cold start": {*everybody, nothing_kept},
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


@pytest.fixture
def modules(monkeypatch):
    """Import a module of the benchmark as it imports itself."""
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module


def test_the_whole_plan_measures_all_that_is_asked(modules):
    plan, servers, verdict, growth = map(modules, ("plan", "servers", "verdict", "growth"))
    cases = plan.full(servers.ALL)
    measured = {
        (where, row, server.name)
        for case in cases
        for where in (case.title, case.circumstances)
        for server in case.servers
        for row in (*(row.name for row in case.runs(server)), "start")
    }
    wanted = [
        (asked.where, row, server)
        for asked in verdict.ASKED.values()
        for row, server, _ in (asked.own, asked.other)
    ]
    wanted += [key[:3] for sizes in growth.GROWING.values() for key in sizes.values()]
    wanted += [(where, row, server) for where, (row, server, _), _ in verdict.LIMITS.values()]
    assert [each for each in wanted if each not in measured] == []
    assert len({case.title for case in cases}) == len(cases)


def commits(database):
    """Count the commits in SQLite's log (sqlite.org, "WAL-mode File Format", 4)."""
    log = Path(f"{database}-wal").read_bytes()
    size, salt = int.from_bytes(log[8:12]), log[16:24]
    heads = (log[at : at + 24] for at in range(32, len(log), 24 + size))
    return sum(head[8:16] == salt and any(head[4:8]) for head in heads)


@pytest.mark.parametrize(("name", "shares"), [("ours", True), ("one-commit", False)])
def test_one_of_the_two_has_a_commit_for_each_request(modules, tmp_path, name, shares):
    database = tmp_path / "todo.db"
    command = modules("servers").BY_NAME[name].command("", 0, 1)
    settings = {"DATABASE_URL": f"sqlite:///{database}", "WORKERS": 1}
    server = Server(tmp_path / "log", settings, command)
    server.start()
    try:
        with Client(server.port) as ask:
            whose = {"username": "alice", "password": PASSWORD}
            registering = {**whose, "email": "alice@example.com"}
            assert ask("POST", "/api/v1/accounts", registering).status == 201
            token = ask("POST", "/api/v1/accounts/login", whose).json()["token"]

        def create(count):
            with Client(server.port, token) as ask:
                path = "/api/v1/accounts/alice/tasks"
                return [ask("POST", path, {"name": "milk"}).status for _ in range(count)]

        create(1)
        before = commits(database)
        with ThreadPoolExecutor(8) as pool:
            assert {*chain(*pool.map(create, [5] * 8))} == {201}
        made = commits(database) - before
    finally:
        server.stop()
    assert made < 40 if shares else made == 40


FIGURES = {
    # Requests a second in three rounds: list, and create.
    "fastapi": ((100, 200, 100), (10, 10, 10)),
    "ours": ((1_200, 2_600, 1_300), (49, 60, 48)),
    "express": ((100, 100, 3_000), (98, 60, 96)),
    "floor": ((1_000, 1_000, 1_000), (1_000, 1_000, 1_000)),
}


def test_the_verdict_tells_medians_of_the_ratios_of_each_round(modules):
    rounds, verdict = map(modules, ("rounds", "verdict"))
    figures = [
        rounds.Figure(
            f"{verdict.ONE}, 10 prices", "fastapi", row, server, number, {"throughput": value}
        )
        for server, works in FIGURES.items()
        for row, values in zip(("list", "create"), works, strict=True)
        for number, value in enumerate(values)
    ]
    figures += [
        rounds.Figure(f"{verdict.TWO}, 10 prices", "fastapi", "beside", "ours", 0, {"loss": 9.9}),
        rounds.Figure(f"{verdict.ONE}, 10 prices", "fastapi", "beside", "ours", 0, {"loss": 10.06}),
    ]
    told = [" ".join(line.split()) for line in verdict.lines(figures)]
    lost = [line for line in told if line.startswith("reads lost to 10 logins a second, kept, ")]
    assert [line.split(", ", 2)[2] for line in lost] == [
        "1 worker, % <= 10 10.1 (10.1 to 10.1) NOT REACHED",
        "2 workers, % <= 10 9.9 (9.9 to 9.9) reached",
    ]
    assert "list of 50, kept, to FastAPI >= 12 13.00 (12.00 to 13.00) reached" in told
    assert "creates, 1 worker, to FastAPI >= 5 4.90 (4.80 to 6.00) NOT REACHED" in told
    (ahead,) = (line for line in told if line.startswith("Express"))
    assert ahead.startswith("Express, better-sqlite3: create a task · ")
    assert ahead.endswith(": 2.00 (1.00 to 2.00) times as many")


def test_logins_that_fail_do_not_count(modules):
    data, load, logins, visit = map(modules, ("data", "load", "logins", "visit"))
    nobody_there = visit.Visit("http://127.0.0.1:1", data.Size(1))
    with pytest.raises(visit.Wrong), logins.beside(nobody_there, load.Ask("/login", "POST")):
        time.sleep(0.3)


BUSY = """
import sys, time
while time.process_time() < float(sys.argv[1]):
    pass
print("done", flush=True)
time.sleep(60)
"""


def test_what_a_server_was_left_with_is_waited_for_and_not_for_ever(modules, tmp_path):
    processes = modules("processes")
    for work, patience in ((0.6, 30), (60, 0.5)):
        command = [sys.executable, "-c", BUSY, str(work)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            server = processes.Server(process, 0, tmp_path / "log")
            while server.cpu() < 0.2:
                time.sleep(0.01)
            server.rest(patience)
            process.kill()
            assert (process.stdout.read() == b"done\n") == (work < 1)


FSYNC = """
import os, time
in_memory = os.memfd_create("file")
for flush in (os.fsync, os.fdatasync):
    begun = time.monotonic()
    flush(in_memory)
    assert time.monotonic() - begun >= 0.002, flush
"""


def test_an_fsync_is_slow_where_it_is_to_be(modules, tmp_path):
    slow_disk = modules("slow_disk")
    if shutil.which("cc"):
        preloaded = {**os.environ, "LD_PRELOAD": str(slow_disk.shim(tmp_path))}
        subprocess.run([sys.executable, "-c", FSYNC], env=preloaded, check=True)
    else:
        with pytest.raises(FileNotFoundError):
            slow_disk.shim(tmp_path)
