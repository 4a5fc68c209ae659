"""Threads that work beside the requests: an unforeseen error is logged, and they go on."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from conftest import serving
from sqlalchemy import event, text
from test_ephemeral import ephemeral, is_gone
from test_front import eventually

from todo_api.announcing import CHANNEL, announce
from todo_api.database import Database
from todo_api.pulse import Pulse
from todo_api.services import accounts

LONGEST = 10
LONG_AGO = -1000.0


@contextmanager
def no_further_thread():
    """Let the system refuse each further thread of this process, for lack of address space."""
    size = 4096 * int(Path("/proc/self/statm").read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = threading.stack_size(512 * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (size + 128 * 2**20, hard))
    try:
        with pytest.raises(RuntimeError):
            threading.Thread(target=print).start()
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        threading.stack_size(before)


def errors(caplog, module):
    """Return the errors that a module has logged with a traceback."""
    return [each for each in caplog.records if each.name == f"todo_api.{module}" and each.exc_info]


def rename(database, old, new):
    with database.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


@pytest.fixture
def own(databases):
    """A database of this test's own, which no other is given afterwards."""
    with closing(Database(databases.migrated(), lock_timeout=1)) as database:
        yield database


def test_a_stream_hears_of_changes_again_after_its_account_could_not_be_looked_up(
    backend, alice, caplog
):
    with backend.session() as session:
        account = accounts.named(session, "alice")
    subscription = backend.feed.subscribe(account.id)
    assert eventually(lambda: backend.feed.waiting == 1)
    rename(backend.database, "account", "gone")
    try:
        # The feed of another process looks the account up when it begins to listen.
        other = backend.with_settings()
        heard = other.feed.subscribe(account.id)
        assert eventually(lambda: errors(caplog, "services.feed"))
    finally:
        rename(backend.database, "gone", "account")
    time.sleep(1)
    heard.look()
    alice.task(name="milk")
    assert heard.wait(LONGEST)
    subscription.close()
    heard.close()


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_stream_hears_of_changes_after_a_notice_that_another_program_has_sent(
    backend, alice, caplog
):
    with backend.session() as session:
        account = accounts.named(session, "alice")
    subscription = backend.feed.subscribe(account.id)
    assert subscription.wait(LONGEST)
    url = backend.settings.database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"NOTIFY {CHANNEL}, 'no number'")
    assert eventually(lambda: errors(caplog, "services.feed"))
    time.sleep(1)
    subscription.look()
    alice.task(name="milk")
    assert subscription.wait(LONGEST)
    subscription.close()


@pytest.fixture
def announcing(postgres):
    """A database of PostgreSQL, and the connection of somebody who listens there."""
    url = postgres.url("postgres")
    with (
        closing(Database(url, lock_timeout=1, pool_size=2)) as database,
        psycopg.connect(url, autocommit=True) as listener,
    ):
        listener.execute(f"LISTEN {CHANNEL}")
        yield database, listener


def commit(database, topic):
    with database.transaction() as session:
        announce(session, topic)


def heard(listener):
    return [int(each.payload) for each in listener.notifies(timeout=LONGEST, stop_after=1)]


def test_commits_are_announced_after_an_unforeseen_error(announcing, caplog):
    database, listener = announcing
    own = "announcing"

    def fail(*_):
        if threading.current_thread().name == own:
            raise ValueError("nobody foresaw it")

    event.listen(database.engine, "checkout", fail)
    commit(database, 1)
    assert eventually(lambda: errors(caplog, "announcing"))
    event.remove(database.engine, "checkout", fail)
    commit(database, 2)
    assert heard(listener) == [2]


def test_a_commit_succeeds_where_no_thread_can_be_started_and_is_announced_with_the_next(
    announcing,
):
    database, listener = announcing
    with database.reading() as session:
        session.execute(text("SELECT 1"))
    with no_further_thread():
        commit(database, 1)
    commit(database, 2)
    assert {*heard(listener), *heard(listener)} == {1, 2}


def test_a_server_that_was_silent_counts_as_there_again_after_an_unforeseen_error(caplog):
    failures = iter([ValueError("nobody foresaw it")] * 3)

    def ask():
        for each in failures:
            raise each

    pulse = Pulse(ask, seconds=0)
    pulse.bear(LONG_AGO)
    assert eventually(lambda: not pulse.away)
    assert len(errors(caplog, "pulse")) == 1
    pulse.bear(time.monotonic())


def test_a_server_is_not_away_for_good_where_no_thread_can_be_started_to_ask_it():
    pulse = Pulse(lambda: None, seconds=0.1)
    with no_further_thread():
        pulse.bear(LONG_AGO)
    time.sleep(0.2)
    pulse.bear(time.monotonic())
    assert not pulse.away


def test_an_ephemeral_server_ends_with_its_parent_though_its_folder_cannot_be_removed():
    """A folder in which others lie a thousand deep is too deep for Python to remove."""
    with ephemeral() as server:
        folder = os.open(server.folder, os.O_RDONLY)
        for _ in range(2 * sys.getrecursionlimit()):
            os.mkdir("x", dir_fd=folder)
            deeper = os.open("x", os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = deeper
        os.close(folder)
        where = server.folder
        server.process.kill()
        assert eventually(lambda: is_gone(server))
    subprocess.run(["rm", "-r", where], check=True)


FAILING = """
import logging, threading, time

def fail():
    while not logging.getLogger().handlers:
        time.sleep(0.1)
    time.sleep(1)
    1 / 0

threading.Thread(target=fail, daemon=True).start()
"""


def test_the_error_at_which_a_thread_ends_is_a_line_of_the_log(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(FAILING)
    url = f"sqlite:///{tmp_path}/todo.db"
    with serving(tmp_path / "log", DATABASE_URL=url, PYTHONPATH=tmp_path) as live:
        assert httpx.get(f"{live.url}/users").status_code == 200
        assert live.says("ZeroDivisionError")
    (line,) = [line for line in live.text().splitlines() if "ZeroDivisionError" in line]
    told = json.loads(line)
    assert told["level"] == "ERROR"
    assert told["error"].endswith("ZeroDivisionError: division by zero")
