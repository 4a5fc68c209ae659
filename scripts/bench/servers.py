"""Who is measured: this server, its peers and the floor, and how each of them is started."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import npm
import pocketbase_rows
import pocketbase_tables
from load import Work
from rows import GROWTH, Row
from visit import Visit

HERE = Path(__file__).parent
PEERS = HERE / "peers"
EXPRESS = PEERS / "express"
BIN = Path(sys.executable).parent
OURS, REFERENCE = "ours", "fastapi"
NOTHING_KEPT = "nothing-kept"
ONE_COMMIT = "one-commit"
SQLITE, POSTGRESQL = "sqlite", "postgresql"
Command = Callable[[str, int, int], list[str | Path]]
"""Returns the command for a database, a port and a number of workers."""


@dataclass(frozen=True, eq=False)
class Contender:
    """A server that is measured.

    `has` is what some rows need, `only` the rows that it is in, all of them if empty, `more` what
    stands in its environment besides. One with an API of its own has its own `work`, by the names
    of the rows. `prepare` installs what pip cannot, or raises OSError or SubprocessError.
    """

    name: str
    title: str
    command: Command
    on: tuple[str, ...] = (SQLITE,)
    schema: str = "plain"
    has: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    more: Mapping[str, str] = field(default_factory=dict)
    work: Mapping[str, Callable[[Visit], Work]] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None

    def is_in(self, row: Row) -> bool:
        """Return whether it is measured in a row."""
        named = not self.only or row.name in self.only
        return named and row.needs in ("", *self.has) and (not self.work or row.name in self.work)

    def environment(self, url: str, port: int, workers: int) -> dict[str, str]:
        """Return what it finds in its environment: where its database is, and nothing by chance."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"DATABASE_URL": url, "PORT": str(port), "WORKERS": str(workers)}
        own |= {"PYTHONPATH": str(PEERS), "NODE_ENV": "production", "GOMAXPROCS": str(workers)}
        return {**kept, **own, **self.more}


def _ours(_url: str, _port: int, _workers: int) -> list[str | Path]:
    return [sys.executable, "-m", "todo_api", "serve"]


def _one_commit(_url: str, _port: int, _workers: int) -> list[str | Path]:
    return [sys.executable, HERE / "one_commit.py", "serve"]


def _uvicorn(module: str) -> Command:
    def command(_url: str, port: int, workers: int) -> list[str | Path]:
        options = ["--no-access-log", "--log-level", "error", "--workers", str(workers)]
        return [BIN / "uvicorn", f"{module}:app", "--port", str(port), *options]

    return command


def _gunicorn(module: str) -> Command:
    def command(_url: str, port: int, workers: int) -> list[str | Path]:
        options = ["--workers", str(workers), "--threads", "4", "--log-level", "error"]
        return [BIN / "gunicorn", f"{module}:app", "--bind", f"127.0.0.1:{port}", *options]

    return command


def _granian(module: str) -> Command:
    def command(_url: str, port: int, workers: int) -> list[str | Path]:
        options = ["--workers", str(workers), "--blocking-threads", "2", "--no-ws"]
        options += ["--log-level", "error", "--host", "127.0.0.1", "--port", str(port)]
        return [BIN / "granian", "--interface", "wsgi", *options, f"{module}:app"]

    return command


def _express(_url: str, _port: int, _workers: int) -> list[str | Path]:
    return [npm.NODE, EXPRESS / "server.js"]


def _pocketbase(url: str, port: int, _workers: int) -> list[str | Path]:
    return pocketbase_tables.command(url, "serve", "--http", f"127.0.0.1:{port}")


def _install_express() -> None:
    npm.install(EXPRESS)
    package = EXPRESS / "node_modules" / "better-sqlite3"
    npm.build(package, "build/Release/better_sqlite3.node")


BOTH = (SQLITE, POSTGRESQL)
OWN = {"on": BOTH, "schema": "own", "has": ("etags", "login", "search", "logins beside")}
ALL = (
    Contender(OURS, "todo_api", _ours, **OWN),
    Contender(
        NOTHING_KEPT,
        "todo_api, nothing kept",
        _ours,
        **OWN,
        only=(
            *("list", "task", "price", "304", "beside", "mixed", "spread"),
            *(row.name for row in GROWTH),
        ),
        more={"RESPONSE_CACHE_MIB": "0"},
    ),
    Contender(REFERENCE, "FastAPI, SQLAlchemy ORM", _uvicorn("fastapi_orm"), on=BOTH),
    Contender("drf", "Django REST framework", _gunicorn("drf"), on=BOTH),
    Contender("litestar", "Litestar, SQLAlchemy Core", _uvicorn("litestar_core"), on=BOTH),
    Contender(
        "express", "Express, better-sqlite3", _express, has=("etags",), prepare=_install_express
    ),
    Contender("flask", "Flask, sqlite3", _gunicorn("flask_sqlite3")),
    Contender(
        "pocketbase",
        "PocketBase",
        _pocketbase,
        schema="pocketbase",
        has=("login",),
        work=pocketbase_rows.WORK,
        prepare=pocketbase_tables.find,
    ),
    Contender("floor", "floor: WSGI, sqlite3", _granian("floor")),
)
BY_NAME = {each.name: each for each in ALL}
SHARES_NO_COMMIT = Contender(
    ONE_COMMIT, "todo_api, a commit each", _one_commit, on=(SQLITE,), schema="own", only=("create",)
)
BY_NAME |= {ONE_COMMIT: SHARES_NO_COMMIT}
