"""Measure the costs that docs/scaling.rst computes with: processor time a request, bytes a row.

The time is what the kernel says that the server's and PostgreSQL's processes have had, which other
work on the machine changes little.
"""

import itertools
import os
import sqlite3
import sys
from pathlib import Path

import psycopg
from faults.rig import PASSWORD, Rig
from faults.traffic import Client

from todo_api.database import Database
from todo_api.services import accounts, replays, tasks, tokens
from todo_api.services.replays import Ask
from todo_api.values import moments

REQUESTS = 1_000
LOGINS = 50
ROWS = 5_000
PAGE = 50
_TICK = os.sysconf("SC_CLK_TCK")
NAMES = (f"name-{number}" for number in itertools.count())


def seconds_of(pid):
    """Return the processor time that a process and those that it has started have had."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / _TICK + sum(map(seconds_of, children))


def requests(account, etag):
    """Return what is measured: what is sent, and how often."""
    new = {"name": "Buy what is missing", "note": "and ask for the price", "quantity": 2}
    yield "a page of 50 tasks", REQUESTS, lambda ask: ask("GET", account.tasks)
    yield (
        "the same, not modified",
        REQUESTS,
        lambda ask: ask("GET", account.tasks, If_None_Match=etag),
    )
    yield (
        "changes, when there are none",
        REQUESTS,
        lambda ask: ask("GET", f"{account.path}/changes?since={etag[1:-1]}"),
    )
    yield "a price", REQUESTS, lambda ask: ask("GET", "/itemprice?itemname=apples")
    yield "a total of 50 tasks", REQUESTS, lambda ask: ask("GET", f"{account.tasks}/total")
    yield (
        "a task is changed",
        REQUESTS,
        lambda ask: ask("PATCH", f"{account.tasks}/2", {"note": next(NAMES)}),
    )
    yield (
        "a task is created, with a key",
        REQUESTS,
        lambda ask: ask("POST", account.tasks, new, Idempotency_Key=next(NAMES)),
    )
    login = {"username": account.username, "password": PASSWORD}
    yield "a login", LOGINS, lambda ask: ask("POST", "/api/v1/accounts/login", login)


def times(rig):
    """Yield what each request costs the server, and PostgreSQL, in milliseconds."""
    postgres = rig.postgres.pid if rig.on == "postgresql" else 0
    with rig.serving(WORKERS=1) as server:
        account = rig.account(server)
        with Client(server.port, account.token) as ask:
            for _ in range(PAGE):
                ask("POST", account.tasks, {"name": "Buy what is missing", "item": "apples"})
            etag = ask("GET", account.tasks).headers["ETag"]
            for what, count, send in requests(account, etag):
                send(ask)
                before = seconds_of(server.process.pid), seconds_of(postgres)
                statuses = {send(ask).status for _ in range(count)}
                after = seconds_of(server.process.pid), seconds_of(postgres)
                spent = [(b - a) * 1000 / count for a, b in zip(before, after, strict=True)]
                yield what, statuses, *spent


def size(rig, *tables):
    """Return how many bytes there are, in PostgreSQL of these tables and their indexes alone."""
    if rig.on == "postgresql":
        with psycopg.connect(rig.url) as connection:
            query = "SELECT sum(pg_total_relation_size(name)) FROM unnest(%s::text[]) name"
            return int(connection.execute(query, [list(tables)]).fetchone()[0])
    file = rig.url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(file).stat().st_size


def an_account(session, number):
    fields = {"username": f"somebody-{number}", "email": f"somebody-{number}@example.com"}
    account = accounts.register(session, {**fields, "password_hash": "x" * 97})
    tokens.issue(session, account, expires=tokens.in_days(30))
    session.flush()
    return accounts.hold(session, account.id)


def a_task(session, account, number):
    note = "Ask whether there is one that lasts longer." if number % 2 else None
    fields = {"name": "Buy what is missing", "item": "apples", "note": note}
    tasks.create(session, account, {**fields, "due_date": moments.now().date()})


def an_answer(session, account, number):
    ask = Ask(account.id, f"a-key-as-clients-make-them-of-36-{number}", "f" * 64)
    headers = {"ETag": '"abcdefgh.1000"', "Location": "/api/v1/accounts/somebody/tasks/1000"}
    replays.keep(session, ask, 201, headers, b"x" * 330)


def sizes(rig):
    """Yield how many bytes an account takes, with a token, a task, and an answer that is kept."""
    database = Database(rig.url)
    of_account = ("account", "username", "token")
    before = size(rig, *of_account)
    with database.transaction() as session:
        for number in range(ROWS):
            account = an_account(session, number)
    yield "an account with a token", (size(rig, *of_account) - before) / ROWS
    for what, table, make in (
        ("a task", "task", a_task),
        ("an answer kept for a day", "replay", an_answer),
    ):
        before = size(rig, table)
        with database.transaction() as session:
            for number in range(ROWS):
                make(session, account, number)
        yield what, (size(rig, table) - before) / ROWS
    database.close()


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main():
    for on in ("sqlite", "postgresql"):
        rig = Rig(on)
        try:
            say(f"{on}: milliseconds of the processor, of the server and of PostgreSQL")
            for what, statuses, server, postgres in times(rig):
                assert len(statuses) == 1, statuses
                say(f"  {what:30} {server:6.2f} {postgres:6.2f}")
            say(f"{on}: bytes")
            for what, each in sizes(rig):
                say(f"  {what:30} {each:6.0f}")
        finally:
            rig.close()


if __name__ == "__main__":
    sys.exit(main())
