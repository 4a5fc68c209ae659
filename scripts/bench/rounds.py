"""The rounds: each server is started in turn, on the same data, and measured row by row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import SubprocessError

import load
from data import Size
from postgres import free_port
from processes import NoStart, Server, start
from rows import Row
from servers import Contender
from sqlalchemy import create_engine, text
from store import Store
from visit import Visit, Wrong

LEFT_OUT = "left out"
"""Begins to say why a server has no figures that cannot be had on this machine."""


@dataclass(frozen=True)
class Case:
    """Under which circumstances some rows are measured, of which servers."""

    rows: tuple[Row, ...]
    servers: tuple[Contender, ...]
    on: str
    workers: int
    connections: int
    size: Size

    @property
    def title(self) -> str:
        """What stands above its part of the table."""
        workers = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        clients = "1 connection" if self.connections == 1 else f"{self.connections} connections"
        return f"{self.on}, {workers}, {clients}, {self.size.prices:,} prices"

    def runs(self, server: Contender) -> list[Row]:
        """Return the rows that the server has, none where it cannot run at all."""
        return [row for row in self.rows if server.is_in(row)] if self.on in server.on else []


@dataclass(frozen=True)
class Figure:
    """One measurement, or `why` there is none.

    `values` are numbers by the name of what was measured, see `table.MEASURES`.
    """

    case: str
    row: str
    server: str
    round: int
    values: dict[str, float]
    why: str = ""


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
        missing = {}
        for server in dict.fromkeys(server for case in cases for server in case.servers):
            try:
                server.prepare()
            except (OSError, SubprocessError) as error:
                missing[server] = f"{LEFT_OUT}: {error}"
        for case in cases:
            for number in range(rounds):
                for server in filter(case.runs, case.servers):
                    if server in missing:
                        yield Figure(case.title, "start", server.name, number, {}, missing[server])
                    else:
                        self.say(f"{case.title}: {server.title}, round {number + 1} of {rounds}")
                        yield from self._start(case, server, number)

    def _start(self, case: Case, contender: Contender, number: int) -> Iterator[Figure]:
        url = self.store.fresh(contender.schema, case.on, case.size)
        port = free_port()
        try:
            server = start(
                contender.command(url, port, case.workers),
                contender.environment(url, port, case.workers),
                port,
                self.folder / f"{contender.name}.log",
                self.folder,
            )
        except (NoStart, OSError) as error:
            yield Figure(case.title, "start", contender.name, number, {}, f"no start: {error}")
        else:
            try:
                yield from self._rows(case, contender, number, server, url)
            finally:
                server.stop()
        finally:
            self.store.drop(url)

    def _rows(
        self, case: Case, contender: Contender, number: int, server: Server, url: str
    ) -> Iterator[Figure]:
        visit = Visit(server.url, case.size)
        # A short run is a look at whether all is well, and needs no warm server.
        warm = self.seconds <= 1
        for row in case.runs(contender):
            try:
                work = contender.work.get(row.name, row.work)(visit)
                if not warm:
                    self._measure(server, work, case.connections, 1)
                    warm = True
                values = self._one(case, row, server, work, url)
            except (Wrong, KeyError, ValueError, TypeError) as error:
                yield Figure(case.title, row.name, contender.name, number, {}, f"wrong: {error}")
            else:
                yield Figure(case.title, row.name, contender.name, number, values)
        values = {"cold start": server.cold_start, "memory": server.memory() / case.workers}
        yield Figure(case.title, "start", contender.name, number, values)

    def _one(
        self, case: Case, row: Row, server: Server, work: load.Work, url: str
    ) -> dict[str, float]:
        stored = _tasks_stored(url) if row.creates else 0
        before = server.cpu()
        sample = self._measure(server, work, case.connections, self.seconds)
        spent = server.cpu() - before
        if sample.wrong or not sample.requests:
            raise Wrong(f"{sample.wrong} of {sample.requests} answers")
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


def _tasks_stored(url: str) -> int:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        count: int = connection.execute(text("SELECT count(*) FROM task")).scalar_one()
    engine.dispose()
    return count
