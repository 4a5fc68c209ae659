"""A server's processes: started, asked for what they take, and ended again, by their ids."""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

STARTS_IN = 60
"""Seconds after which a server that does not answer has failed to start."""
ENDS_IN = 20
RESTS_IN = 10
_LOOK = 0.1
_TICK = os.sysconf("SC_CLK_TCK")


class NoStart(Exception):
    """A server did not start; what it said stands in the message."""


@dataclass
class Server:
    """A server that listens on a port of 127.0.0.1, with all the processes that it has started."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    cold_start: float = 0.0

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    def pids(self) -> list[int]:
        """Return the ids of all its processes, the first one's first."""
        return _family(self.process.pid)

    def cpu(self) -> float:
        """Return the seconds of processor time that its processes have had."""
        return sum(_cpu(pid) for pid in self.pids())

    def memory(self, workers: int) -> float:
        """Return the megabytes of one of its `workers`, of what they share its part (PSS).

        A process that only looks after them is not counted.
        """
        ends = [pid for pid in self.pids() if _family(pid) == [pid]]
        largest = sorted(map(_pss, ends))[-workers:]
        return sum(largest) / len(largest) / 1024

    def rest(self, seconds: float = RESTS_IN) -> None:
        """Wait until it does nothing any more, `seconds` at most.

        A generator that ends leaves requests in line, whose work nobody else is to be charged for.
        """
        until, before = time.monotonic() + seconds, -1.0
        while (spent := self.cpu()) > before and time.monotonic() < until:
            before = spent
            time.sleep(_LOOK)

    def stop(self) -> None:
        """Ask it to end, and kill what has not ended in time."""
        pids = self.pids()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=ENDS_IN)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        deadline = time.monotonic() + ENDS_IN
        while any(_cpu(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.01)


def start(
    command: list[str | Path], environment: dict[str, str], port: int, log: Path, folder: Path
) -> Server:
    """Start a server in a process group of its own, and return it when it answers."""
    begun = time.monotonic()
    with log.open("ab") as output:
        process = _popen(command, environment, output, folder)
    server = Server(process, port, log)
    while time.monotonic() < begun + STARTS_IN:
        if process.poll() is not None:
            break
        if _answers(port):
            server.cold_start = time.monotonic() - begun
            return server
        time.sleep(0.005)
    server.stop()
    raise NoStart(log.read_text(errors="replace")[-2_000:])


def _popen(
    command: list[str | Path], environment: dict[str, str], output: IO[bytes], folder: Path
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        start_new_session=True,
    )


def _answers(port: int) -> bool:
    """Return whether a request gets an answer, whichever that is."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as wire:
        wire.sendall(b"GET /echo/up HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return wire.recv(12).startswith(b"HTTP/1.")
    return False


def _family(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    return [pid, *(each for child in children for each in _family(child))]


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    # A zombie has no processor time to come, and waits for somebody else.
    return 0 if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / _TICK


def _pss(pid: int) -> int:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
        return int(fields[fields.index("Pss:") + 1])
    return 0
