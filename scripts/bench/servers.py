"""Who is measured: this server, its peers and the floor, and how each of them is started."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import npm

HERE = Path(__file__).parent
PEERS = HERE / "peers"
EXPRESS = PEERS / "express"
BIN = Path(sys.executable).parent
OURS, REFERENCE = "ours", "fastapi"
SQLITE, POSTGRESQL = "sqlite", "postgresql"
Command = Callable[[int, int], list[str | Path]]
"""Returns the command for a port and a number of workers."""


@dataclass(frozen=True)
class Contender:
    """A server that is measured; `etags` says whether its answers have some.

    `prepare` installs what pip cannot, or raises OSError or SubprocessError.
    """

    name: str
    title: str
    command: Command
    on: tuple[str, ...] = (SQLITE,)
    schema: str = "plain"
    etags: bool = False
    workers: tuple[int, ...] = (1, 2)
    prepare: Callable[[], None] = lambda: None

    def environment(self, url: str, port: int, workers: int) -> dict[str, str]:
        """Return what it finds in its environment: where its database is, and nothing by chance."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"DATABASE_URL": url, "PORT": str(port), "WORKERS": str(workers)}
        return {**kept, **own, "PYTHONPATH": str(PEERS), "NODE_ENV": "production"}


def _ours(_port: int, _workers: int) -> list[str | Path]:
    return [sys.executable, "-m", "todo_api", "serve"]


def _uvicorn(module: str) -> Command:
    def command(port: int, workers: int) -> list[str | Path]:
        options = ["--no-access-log", "--log-level", "error", "--workers", str(workers)]
        return [BIN / "uvicorn", f"{module}:app", "--port", str(port), *options]

    return command


def _gunicorn(module: str) -> Command:
    def command(port: int, workers: int) -> list[str | Path]:
        options = ["--workers", str(workers), "--threads", "4", "--log-level", "error"]
        return [BIN / "gunicorn", f"{module}:app", "--bind", f"127.0.0.1:{port}", *options]

    return command


def _granian(module: str) -> Command:
    def command(port: int, workers: int) -> list[str | Path]:
        options = ["--workers", str(workers), "--blocking-threads", "2", "--no-ws"]
        options += ["--log-level", "error", "--host", "127.0.0.1", "--port", str(port)]
        return [BIN / "granian", "--interface", "wsgi", *options, f"{module}:app"]

    return command


def _express(_port: int, _workers: int) -> list[str | Path]:
    return [npm.NODE, EXPRESS / "server.js"]


def _install_express() -> None:
    npm.install(EXPRESS)
    package = EXPRESS / "node_modules" / "better-sqlite3"
    npm.build(package, "build/Release/better_sqlite3.node")


BOTH = (SQLITE, POSTGRESQL)
ALL = (
    Contender(OURS, "todo_api", _ours, on=BOTH, schema="own", etags=True),
    Contender(REFERENCE, "FastAPI, SQLAlchemy ORM", _uvicorn("fastapi_orm"), on=BOTH),
    Contender("drf", "Django REST framework", _gunicorn("drf"), on=BOTH),
    Contender("litestar", "Litestar, SQLAlchemy Core", _uvicorn("litestar_core"), on=BOTH),
    Contender("express", "Express, better-sqlite3", _express, etags=True, prepare=_install_express),
    Contender("flask", "Flask, sqlite3", _gunicorn("flask_sqlite3")),
    Contender("floor", "floor: WSGI, sqlite3", _granian("floor")),
)
BY_NAME = {each.name: each for each in ALL}
