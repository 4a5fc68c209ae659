"""The load: wrk where it is installed, else autocannon from npm, and what it has measured.

Autocannon needs more of the machine than wrk does, and tells whole milliseconds only.
"""

import fcntl
import itertools
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import npm

HERE = Path(__file__).parent
AUTOCANNON = HERE / "autocannon"
SEEDS = itertools.count(1)


@dataclass(frozen=True)
class Ask:
    """One kind of request; `{1-9}` in its path or body stands for a random number."""

    path: str
    method: str = "GET"
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    weight: int = 1
    status: int = 200

    def line(self) -> str:
        """Return it as the generators read it."""
        headers = (f"{name}: {value}" for name, value in self.headers.items())
        return "\t".join(["ask", str(self.weight), self.method, self.path, self.body, *headers])


@dataclass(frozen=True)
class Work:
    """What is sent: some kinds of requests, or tasks (their path and ETag) that are ticked."""

    asks: list[Ask]
    tasks: list[tuple[str, str]] = field(default_factory=list)

    def text(self) -> str:
        """Return it as the generators read it."""
        tasks = (f"task\t{path}\t{tag}" for path, tag in self.tasks)
        return "\n".join([*(ask.line() for ask in self.asks), *tasks]) + "\n"


@dataclass(frozen=True)
class Sample:
    """What was measured: p50 and p99 in milliseconds; `wrong` are answers that do not count."""

    requests: int
    seconds: float
    p50: float
    p99: float
    wrong: int


def prepare() -> str:
    """Return the generator's name, and install it if there is none.

    As root wrk is installed by apt-get. Raises OSError or CalledProcessError where there is none.
    """
    with Path(__file__).open() as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        return _prepare()


def _prepare() -> str:
    if not shutil.which("wrk") and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-y", "--no-install-recommends", "wrk"]
        for command in (["apt-get", "update"], install):
            subprocess.run(command, check=False, capture_output=True, timeout=300)
    if shutil.which("wrk"):
        return "wrk"
    npm.install(AUTOCANNON)
    return "autocannon"


def measure(
    generator: str, url: str, work: Work, *, connections: int, seconds: float, folder: Path
) -> Sample:
    """Send the work for so long over so many connections, each with one request at a time."""
    described = folder / "work.tsv"
    described.write_text(work.text())
    seed = str(next(SEEDS))
    if generator == "wrk":
        command = ["wrk", "--threads", "1", "--connections", str(connections)]
        # wrk reads whole seconds only.
        command += ["--duration", f"{max(1, round(seconds))}s", "--timeout", "10s", "--latency"]
        command += ["--script", HERE / "load.lua", url, "--", described, seed]
    else:
        command = [
            npm.NODE,
            AUTOCANNON / "load.mjs",
            url,
            described,
            str(connections),
            str(seconds),
        ]
    outcome = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=seconds + 60
    )
    return Sample(**json.loads(outcome.stdout.strip().splitlines()[-1]))
