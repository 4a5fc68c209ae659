"""The rounds: each server is started in turn, on the same data, and measured row by row."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import SubprocessError

import load
import logins
import slow_disk
from data import Size
from postgres import free_port
from processes import NoStart, Server, start
from rows import Row
from servers import REFERENCE, Contender
from sqlalchemy import create_engine, text
from store import Store
from visit import Visit, Wrong

LEFT_OUT = "left out"
"""Begins to say why a server has no figures that cannot be had on this machine."""
SLOW_DISK = "slow disk"
PAIRS = 8
"""How often reads are measured without and with logins beside, which cost less than one measurement
differs from the next by chance."""


@dataclass(frozen=True)
class Case:
    """Under which circumstances some rows are measured, of which servers.

    `to` names the server whom ratios are to; `slow` says whether an fsync costs 2 ms more, `sizes`
    whether the case is held against those of other sizes.
    """

    rows: tuple[Row, ...]
    servers: tuple[Contender, ...]
    on: str
    workers: int
    connections: int
    size: Size
    to: str = REFERENCE
    slow: bool = False
    sizes: bool = False

    @property
    def circumstances(self) -> str:
        """How it is measured, but for how much is stored."""
        workers = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        clients = "1 connection" if self.connections == 1 else f"{self.connections} connections"
        slow = ", an fsync costs 2 ms" if self.slow else ""
        return f"{self.on}, {workers}, {clients}{slow}{', by size' if self.sizes else ''}"

    @property
    def title(self) -> str:
        """What stands above its part of the table."""
        return f"{self.circumstances}, {self.size.prices:,} prices"

    def runs(self, server: Contender) -> list[Row]:
        """Return the rows that the server has, none where it cannot run at all."""
        return [row for row in self.rows if server.is_in(row)] if self.on in server.on else []


@dataclass(frozen=True)
class Figure:
    """One measurement, or `why` there is none.

    `values` are numbers by the name of what was measured, see `table.MEASURES`; `to` names the
    server whom they are compared with.
    """

    case: str
    to: str
    row: str
    server: str
    round: int
    values: dict[str, float]
    why: str = ""


@dataclass(frozen=True)
class Visited:
    """A server that is measured in a case, in the round of that number."""

    case: Case
    contender: Contender
    number: int

    def figure(self, row: str, values: dict[str, float] | None = None, why: str = "") -> Figure:
        """Return what was measured, or why nothing was."""
        case = self.case
        return Figure(case.title, case.to, row, self.contender.name, self.number, values or {}, why)


@dataclass(frozen=True)
class Bench:
    """What measures."""

    generator: str
    store: Store
    folder: Path
    seconds: float
    say: Callable[[str], None]

    def figures(self, cases: list[Case], rounds: int) -> Iterator[Figure]:
        """Measure all cases in rounds A B A B, so that what changes on the machine hits each."""
        missing = self._missing(cases)
        for number in range(rounds):
            for case in cases:
                for server in filter(case.runs, case.servers):
                    what = f"{case.title}: {server.title}, round {number + 1} of {rounds}"
                    self.say(f"{time.strftime('%H:%M:%S')} {what}")
                    visited = Visited(case, server, number)
                    needed = (server.name, SLOW_DISK) if case.slow else (server.name,)
                    if reasons := [missing[name] for name in needed if name in missing]:
                        yield visited.figure("start", why=reasons[0])
                    else:
                        yield from self._start(visited)

    def _missing(self, cases: list[Case]) -> dict[str, str]:
        """Return why what cannot be had on this machine is left out: servers, and the slow disk."""
        wanted = {server.name: server.prepare for case in cases for server in case.servers}
        if any(case.slow for case in cases):
            wanted[SLOW_DISK] = partial(slow_disk.shim, self.folder)
        missing = {}
        for name, prepare in wanted.items():
            try:
                prepare()
            except (OSError, SubprocessError) as error:
                missing[name] = f"{LEFT_OUT}: {error}"
        return missing

    def _start(self, visited: Visited) -> Iterator[Figure]:
        case, contender = visited.case, visited.contender
        url = self.store.fresh(contender.schema, case.on, case.size)
        port = free_port()
        environment = contender.environment(url, port, case.workers)
        if case.slow:
            environment["LD_PRELOAD"] = str(slow_disk.shim(self.folder))
        try:
            server = start(
                contender.command(url, port, case.workers),
                environment,
                port,
                self.folder / f"{contender.name}.log",
                self.folder,
            )
        except (NoStart, OSError) as error:
            yield visited.figure("start", why=f"no start: {error}")
        else:
            try:
                yield from self._rows(visited, server, url)
            finally:
                server.stop()
        finally:
            self.store.drop(url)

    def _rows(self, visited: Visited, server: Server, url: str) -> Iterator[Figure]:
        case, contender = visited.case, visited.contender
        visit = Visit(server.url, case.size)
        # A short run is a look at whether all is well, and needs no warm server.
        warm = self.seconds <= 1
        for row in case.runs(contender):
            try:
                checked = contender.work.get(row.name, row.work)
                server.rest()
                work = checked(visit)
                if not warm:
                    self._measure(server, work, case.connections, 1)
                    warm = True
                    server.rest()
                    work = checked(visit)
                if row.beside:
                    values = self._beside(case, server, work, row.beside(visit).asks[0], visit)
                else:
                    values = self._one(case, row, server, work, url)
            except (Wrong, KeyError, ValueError, TypeError) as error:
                yield visited.figure(row.name, why=f"wrong: {error}")
            else:
                yield visited.figure(row.name, values)
        memory = server.memory(case.workers)
        yield visited.figure("start", {"cold start": server.cold_start, "memory": memory})

    def _beside(
        self, case: Case, server: Server, work: load.Work, login: load.Ask, visit: Visit
    ) -> dict[str, float]:
        """Measure in turn without and with logins beside; return what these cost."""
        alone, beside = [], []
        # Which of a pair comes first alternates, so that a machine that slows down favours neither.
        for number in range(2 * PAIRS):
            with_logins = number % 4 in (1, 2)
            with logins.beside(visit, login) if with_logins else nullcontext():
                sample = self._measure(server, work, case.connections, self.seconds)
            (beside if with_logins else alone).append(sample)
        for sample in (*alone, *beside):
            _must_be_right(sample)
        without, with_them = (
            sum(each.requests / each.seconds for each in samples) / len(samples)
            for samples in (alone, beside)
        )
        return {
            "throughput": with_them,
            "p50": max(each.p50 for each in beside),
            "p99": max(each.p99 for each in beside),
            "loss": (1 - with_them / without) * 100,
        }

    def _one(
        self, case: Case, row: Row, server: Server, work: load.Work, url: str
    ) -> dict[str, float]:
        stored = _tasks_stored(url) if row.creates else 0
        before = server.cpu()
        sample = self._measure(server, work, case.connections, self.seconds)
        spent = server.cpu() - before
        _must_be_right(sample)
        if row.creates and _tasks_stored(url) - stored < sample.requests:
            raise Wrong("not everything is stored that was acknowledged")
        return {
            "throughput": sample.requests / sample.seconds,
            "p50": sample.p50,
            "p99": sample.p99,
            "CPU": spent / sample.requests * 1e6,
        }

    def _measure(
        self, server: Server, work: load.Work, connections: int, seconds: float
    ) -> load.Sample:
        return load.measure(
            self.generator,
            server.url,
            work,
            connections=connections,
            seconds=seconds,
            folder=self.folder,
        )


def _must_be_right(sample: load.Sample) -> None:
    if sample.wrong or not sample.requests:
        raise Wrong(f"{sample.wrong} of {sample.requests} answers")


def _tasks_stored(url: str) -> int:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        count: int = connection.execute(text("SELECT count(*) FROM task")).scalar_one()
    engine.dispose()
    return count
