"""A database with the data in it, made once for each size and copied for each start of a server."""

import itertools
import os
import shutil
from pathlib import Path

import own_tables
import plain_tables
import pocketbase_tables
import psycopg
from data import Size
from postgres import Postgres

FILL = {
    "own": own_tables.fill,
    "plain": plain_tables.fill,
    "pocketbase": pocketbase_tables.fill,
}
"""What stores the data in an empty database, by the schema's name."""


class Store:
    """Hands out databases; `close` ends the PostgreSQL that it has started, if any."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[tuple[str, str, Size], str] = {}
        self._cluster: Postgres | None = None
        self._names = (f"bench{number}" for number in itertools.count())

    def fresh(self, schema: str, on: str, size: Size) -> str:
        """Return the URL of a database of its own: `schema` is one of FILL."""
        key = (schema, on, size)
        if key not in self._made:
            self._made[key] = self._empty(on)
            FILL[schema](self._made[key], size)
        return self._copy(on, self._made[key])

    def drop(self, url: str) -> None:
        """Remove a database that was handed out."""
        if url.startswith("sqlite"):
            shutil.rmtree(_file(url).parent)
        else:
            self._administer(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')

    def close(self) -> None:
        """End the PostgreSQL."""
        if self._cluster:
            self._cluster.stop()

    def _empty(self, on: str) -> str:
        name = next(self._names)
        if on == "sqlite":
            (self.folder / name).mkdir()
            return f"sqlite:///{self.folder}/{name}/data.db"
        if self._cluster is None:
            self._cluster = Postgres()
            self._cluster.start()
            # For the tests it forgoes fsync; here writes are to cost what they cost.
            self._cluster.crash()
            self._cluster.start_again("-c fsync=on")
        self._administer(f"CREATE DATABASE {name}")
        return self._cluster.url(name)

    def _copy(self, on: str, source: str) -> str:
        if on == "sqlite":
            copy = self.folder / next(self._names)
            shutil.copytree(_file(source).parent, copy)
            for each in filter(Path.is_file, copy.iterdir()):
                # Else the kernel would write it while the server is measured.
                with each.open("rb") as file:
                    os.fsync(file.fileno())
            return f"sqlite:///{copy}/data.db"
        name = next(self._names)
        self._administer(f"CREATE DATABASE {name} TEMPLATE {source.rpartition('/')[2]}")
        return self._cluster.url(name)

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self._cluster.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
