"""What a machine lacks is said in one line, with its remedy."""

import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
from conftest import environment
from postgres import free_port

ROOT = Path(__file__).parent.parent


@pytest.fixture
def set_up(tmp_path):
    """Run the set-up for somebody who is not root, with a Python that does what `python` says."""
    programs = tmp_path / "bin"
    programs.mkdir()

    def program(name, text):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)

    def run(python):
        program("id", "echo 1000")
        for name in ("python3", *(f"python3.{minor}" for minor in range(11, 15))):
            program(name, python)
        command = [ROOT / "scripts" / "environment", tmp_path / "venv", "click"]
        environment = {"PATH": f"{programs}:/usr/bin:/bin"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def test_without_venv_its_package_is_named_and_nothing_half_made_stays(set_up, tmp_path):
    outcome = set_up('case "$2" in venv) mkdir "$3"; exit 1;; *) exit 0;; esac')
    assert outcome.returncode == 1
    last = outcome.stderr.strip().splitlines()[-1]
    assert "sudo apt-get install python3-venv" in last
    assert not (tmp_path / "venv").exists()


def test_without_a_python_that_is_new_enough_the_needed_one_is_named(set_up):
    outcome = set_up("exit 1")
    assert outcome.returncode == 1
    (line,) = outcome.stderr.strip().splitlines()
    assert "Python 3.11 or newer is missing" in line


def test_make_run_serves_what_it_says(tmp_path):
    settings = {"PORT": str(free_port()), "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db"}
    process = subprocess.Popen(
        ["make", "-C", ROOT, "run"],
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        told = iter(process.stdout.readline, "")
        command = next(line for line in told if line.startswith("Try ")).split(maxsplit=1)[1]
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = subprocess.run(
                ["bash", "-c", command], capture_output=True, text=True, check=False
            ).stdout
            if answer:
                break
        assert answer == '{"name":"apples","price":1.35}'
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(40)
        process.stdout.close()


def test_a_wheel_holds_every_file_of_the_package(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", tmp_path, tmp_path / "source"]
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in tracked:
        if not name.startswith("tests/"):
            (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "source" / name)
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in tracked if name.startswith("todo_api/")} <= packed


def test_make_alone_lists_the_targets():
    listed = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True)
    targets = [
        line.split()[0] for line in listed.stdout.splitlines() if not line.startswith("make")
    ]
    first = ["help", "run", "test", "coverage", "fuzz", "drill", "drill-cluster", "model", "mutate"]
    last = ["check", "format", "postman", "screenshots", "pins", "clean"]
    assert targets == [*first, "bench", *last]


@pytest.fixture
def script(tmp_path):
    """Run a script of the project where each program of the environment writes its arguments."""
    for folder in ("scripts", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    for program in ("python", "pytest", "coverage"):
        (tmp_path / ".venv" / "bin" / program).write_text('#!/bin/sh\necho "${0##*/} $*"\n')
        (tmp_path / ".venv" / "bin" / program).chmod(0o755)

    def run(name, *arguments):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
        command = [tmp_path / "scripts" / name, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return run


def test_the_suite_runs_on_two_processes_without_counting_coverage(script):
    assert script("test") == "python -m pytest -n 2 --dist worksteal\n"


def test_one_file_runs_in_one_process(script):
    assert script("test", "tests/test_echo.py") == "python -m pytest tests/test_echo.py\n"
    asked = ["make", "-C", ROOT, "-n", "-o", ".venv/.tests", "test", "T=tests/test_echo.py"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert "scripts/test tests/test_echo.py\n" in told


def test_coverage_is_counted_over_all_processes_and_has_a_floor(script):
    whole = "coverage run -m pytest -n 2 --dist worksteal"
    assert script("coverage").splitlines() == [whole, "coverage combine --quiet", "coverage report"]
    floor = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["report"]
    assert floor["fail_under"] == 98
