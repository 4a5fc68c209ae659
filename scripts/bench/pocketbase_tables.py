"""The data in the collections of PocketBase, which makes them itself as its migration says."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from data import CURRENCY, PASSWORD, QUANTITY, Size, cents, item_name, tasks

HERE = Path(__file__).parent / "peers" / "pocketbase"
PROGRAM = Path(sys.executable).parent / "pocketbase"


def find() -> None:
    """Raise FileNotFoundError where there is no PocketBase, as on machines without its wheel."""
    if not PROGRAM.exists():
        raise FileNotFoundError("there is no pocketbase for this machine")


def command(url: str, *arguments: str) -> list[str | Path]:
    """Return a command of PocketBase for the database at `url`."""
    folder = Path(url.removeprefix("sqlite:///")).parent
    folders = ["--dir", folder, "--migrationsDir", HERE / "pb_migrations"]
    folders += ["--hooksDir", HERE / "pb_hooks", "--hooksWatch=0", "--automigrate=0"]
    return [PROGRAM, *arguments, *folders, "--publicDir", HERE / "pb_public"]


def fill(url: str, size: Size) -> None:
    """Let PocketBase make an empty database with the accounts, and store the data in it."""
    asked = {"BENCH_USERS": ",".join(size.accounts), "BENCH_PASSWORD": PASSWORD}
    subprocess.run(
        command(url, "migrate", "up"), env=os.environ | asked, check=True, capture_output=True
    )
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        users = dict(connection.execute("SELECT email, id FROM users"))
        for who, count in size.accounts.items():
            connection.executemany(
                "INSERT INTO task (owner, name, note, creation_date, due_date, completed,"
                " completed_date, item, quantity, paid, revision)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
                _tasks(users[f"{who}@example.com"], count),
            )
        connection.executemany(
            "INSERT INTO item_price (name, price, currency) VALUES (?, ?, ?)",
            ((item_name(each), cents(each) / 100, CURRENCY) for each in range(size.prices)),
        )
    connection.execute("ANALYZE")
    connection.close()


def _tasks(owner: str, count: int) -> Iterator[tuple[object, ...]]:
    for _, task in tasks(count):
        times = (task.created, task.due, task.completed)
        created, due, completed = (at and f"{at:%Y-%m-%d %H:%M:%S.000Z}" for at in times)
        paid = None if task.paid is None else {"amount": task.paid, "currency": CURRENCY}
        yield (
            owner,
            task.name,
            task.note or "",
            created,
            due or "",
            completed is not None,
            completed or "",
            task.item or "",
            QUANTITY,
            json.dumps(paid),
        )
