"""SQLite's writers, in threads and in processes of their own."""

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from conftest import ROOT
from messages import do, stored, write
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from todo_api import part
from todo_api.errors import Unavailable

SOON = 10
"""Seconds after which what should have happened has not."""


@pytest.fixture
def database(sqlite_database):
    return sqlite_database


@pytest.fixture
def said(database):
    """All that SQLite itself is told."""
    statements = []

    @event.listens_for(database.engine, "connect")
    def listen(connection, _):
        connection.set_trace_callback(statements.append)

    return statements


@pytest.fixture
def queue(database, said, monkeypatch):
    monkeypatch.setattr(part, "LONGEST", SOON)
    with ThreadPoolExecutor(16) as threads:
        queue = Queue(database, threads)
        yield queue
        queue.go()


class Queue:
    """Writers who come one after the other, the first of whom waits for `go` at its end."""

    def __init__(self, database, threads):
        self.database = database
        self.threads = threads
        self.writers = []
        self.released = threading.Event()

    def add(self, name, error=None, *, also=lambda _: None, **options):
        """Let another one come who writes `name`, and return its future."""
        is_first, begun = not self.writers, threading.Event()

        def work():
            with self.database.transaction(**options) as session:
                begun.set()
                write(session, name)
                also(session)
                if is_first:
                    assert self.released.wait(SOON)
                if error:
                    raise error

        future = self.threads.submit(work)
        self.writers.append(future)
        waiting = len(self.writers) - 1
        until(begun.is_set if is_first else lambda: len(self.database.writers.queue) == waiting)
        return future

    def go(self):
        self.released.set()

    def outcomes(self):
        """Return what each has raised, or None, once all have ended."""
        self.go()
        return [each.exception(SOON) for each in self.writers]


def until(condition):
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_those_who_wait_share_a_commit(database, queue, said):
    for name in "abcd":
        queue.add(name)
    assert queue.outcomes() == [None] * 4
    assert stored(database) == ["a", "b", "c", "d"]
    assert said.count("BEGIN IMMEDIATE") == said.count("COMMIT") == 1


def test_nobody_returns_before_the_commit(database, queue):
    begun, release = threading.Event(), threading.Event()

    def take_long(_):
        begun.set()
        assert release.wait(SOON)

    a, b = queue.add("a"), queue.add("b")
    queue.add("c", also=take_long)
    queue.go()
    assert begun.wait(SOON)
    time.sleep(0.05)
    assert not a.done()
    assert not b.done()
    assert stored(database) == []
    release.set()
    assert queue.outcomes() == [None] * 3
    assert stored(database) == ["a", "b", "c"]


@pytest.mark.parametrize("error", [LookupError(), SystemExit()], ids=["an error", "an exit"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_who_fails_takes_back_what_is_its_own(database, queue, said, error, place):
    for number, name in enumerate("abc"):
        queue.add(name, error if number == place else None)
    others = [name for number, name in enumerate("abc") if number != place]
    assert queue.outcomes() == [error if number == place else None for number in range(3)]
    assert stored(database) == others
    assert said.count("COMMIT") == 1


def test_a_statement_that_fails_takes_back_what_is_its_own(database, queue):
    def fail(session):
        session.execute(text("INSERT INTO message (id) VALUES (1)"))

    queue.add("a")
    queue.add("b", also=fail)
    queue.add("c")
    outcomes = queue.outcomes()
    assert [type(each) for each in outcomes] == [type(None), IntegrityError, type(None)]
    assert stored(database) == ["a", "c"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_a_dry_one_nothing_is_kept(database, queue, place):
    for number, name in enumerate("abc"):
        queue.add(name, dry=number == place)
    assert queue.outcomes() == [None] * 3
    assert stored(database) == [name for number, name in enumerate("abc") if number != place]


def test_a_commit_that_fails_fails_for_all_who_are_part_of_it(database, queue, said):
    with database.transaction() as session:
        session.execute(text("CREATE TABLE whole (id INTEGER PRIMARY KEY)"))
        deferred = "whole INTEGER REFERENCES whole (id) DEFERRABLE INITIALLY DEFERRED"
        session.execute(text(f"CREATE TABLE half ({deferred})"))
    queue.add("a")
    queue.add("b", also=lambda session: session.execute(text("INSERT INTO half VALUES (1)")))
    queue.add("c")
    outcomes = queue.outcomes()
    assert [type(each) for each in outcomes] == [IntegrityError] * 3
    assert len({id(each) for each in outcomes}) == 3
    assert stored(database) == []
    with database.transaction() as session:
        write(session, "d")
    assert stored(database) == ["d"]


def test_where_sqlite_gives_up_all_of_it_all_fail_who_are_part_of_it(database, queue):
    def fill(session):
        pages = session.scalar(text("PRAGMA page_count"))
        session.execute(text(f"PRAGMA max_page_count = {pages + 10}"))
        try:
            write(session, "x" * 1_000_000)
        finally:
            session.place.driver.execute("PRAGMA max_page_count = 1000000")

    queue.add("a")
    queue.add("b")
    queue.add("full", also=fill)
    queue.add("c")
    outcomes = queue.outcomes()
    assert [type(each) for each in outcomes] == [Unavailable] * 3 + [type(None)]
    assert stored(database) == ["c"]


def test_one_that_may_take_long_holds_up_nobodys_commit(database, queue, said):
    release = threading.Event()
    a = queue.add("a")
    queue.add("long", alone=True, also=lambda _: release.wait(SOON))
    queue.add("b")
    queue.go()
    a.result(SOON)
    assert stored(database) == ["a"]
    release.set()
    assert queue.outcomes() == [None] * 3
    assert said.count("COMMIT") == 3


@pytest.mark.parametrize("bound", [("MOST", 2), ("LONGEST", 0)])
def test_a_group_is_bounded(queue, said, monkeypatch, bound):
    monkeypatch.setattr(part, *bound)
    for name in "abcd":
        queue.add(name)
    assert queue.outcomes() == [None] * 4
    assert said.count("COMMIT") == (2 if bound[0] == "MOST" else 4)


def test_patience_ends_in_the_queue_and_does_no_harm(database, queue):
    queue.add("a")
    begun = time.monotonic()
    late = [queue.add(name) for name in "bcd"]
    assert {type(each.exception(SOON)) for each in late} == {Unavailable}
    assert 0.9 < time.monotonic() - begun < 1.5
    assert queue.outcomes()[0] is None
    assert stored(database) == ["a"]
    with database.transaction() as session:
        write(session, "e")


def test_the_impatient_wait_for_nobody(database, queue):
    queue.add("a")
    begun = time.monotonic()
    with pytest.raises(Unavailable), database.transaction(patient=False):
        pass
    assert time.monotonic() - begun < 0.5
    assert queue.outcomes() == [None]
    with database.transaction(patient=False) as session:
        write(session, "b")
    assert stored(database) == ["a", "b"]


@contextmanager
def locked_by_a_stranger(database):
    """Hold SQLite's own lock, as a program does that knows nothing of the queue."""
    path = database.url.database
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        yield stranger


def test_a_stranger_is_waited_for(database):
    with locked_by_a_stranger(database) as stranger:
        threading.Timer(0.3, stranger.execute, ["ROLLBACK"]).start()
        begun = time.monotonic()
        with database.transaction() as session:
            write(session, "a")
        assert 0.2 < time.monotonic() - begun < 1
    assert stored(database) == ["a"]


def test_all_who_wait_for_a_stranger_are_told_in_time(database, queue):
    with locked_by_a_stranger(database):
        begun = time.monotonic()
        with ThreadPoolExecutor(4) as threads:
            late = [threads.submit(enter, database) for _ in range(4)]
        assert time.monotonic() - begun < 1.6
        with pytest.raises(Unavailable), database.transaction(patient=False):
            pass
    assert {type(each.exception()) for each in late} == {Unavailable}
    enter(database)


def enter(database):
    with database.transaction():
        pass


def test_many_threads_lose_nothing_and_keep_nothing_that_failed(database, said):
    def work(number):
        for turn in range(20):
            name = f"{number}.{turn}"
            with suppress(LookupError), database.transaction() as session:
                write(session, name)
                _ = {}[name] if turn % 3 == 0 else kept.append(name)

    kept = []
    with ThreadPoolExecutor(8) as threads:
        for each in [threads.submit(work, number) for number in range(8)]:
            each.result()
    assert stored(database) == sorted(kept)
    assert len(kept) == 8 * 13
    assert said.count("COMMIT") < len(kept)


PROCESS = """
import sys, threading, time
from sqlalchemy import text
from todo_api.database import Database

database, name, seconds = Database(sys.argv[1]), sys.argv[2], float(sys.argv[3])
insert = text("INSERT INTO message (text, created_date) VALUES (:name, '2026-11-21')")

def work():
    while time.time() < end:
        with database.transaction() as session:
            session.execute(insert, {"name": name})
            time.sleep(0.002)

with database.transaction():
    print("begun", flush=True)
    if seconds == 0:
        sys.stdin.read()
sys.stdin.readline()
end = time.time() + seconds
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@contextmanager
def process(database, name, seconds):
    command = [sys.executable, "-c", PROCESS, str(database.url), name, str(seconds)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as running:
        assert running.stdout.readline() == "begun\n"
        yield running
        running.kill()


def test_processes_have_a_fair_share_each(database):
    with process(database, "a", 1.5) as a, process(database, "b", 1.5) as b:
        for each in (a, b):
            each.stdin.write("go\n")
            each.stdin.flush()
        assert a.wait(SOON) == b.wait(SOON) == 0
    names = stored(database)
    least, most = sorted(names.count(name) for name in "ab")
    assert least > 0.6 * most > 20


def test_a_process_that_dies_at_work_holds_up_nobody(database):
    with process(database, "a", 0) as dying:
        with pytest.raises(Unavailable), database.transaction(patient=False):
            pass
        with pytest.raises(Unavailable), database.transaction():
            pass
        killing = threading.Timer(0.3, dying.kill)
        killing.start()
        begun = time.monotonic()
        with database.transaction() as session:
            write(session, "b")
        assert time.monotonic() - begun > 0.2
        killing.join()
    assert stored(database) == ["b"]


TAKING = """
import sys, time
from todo_api.turnstile import Turnstile

turnstile, number, end = Turnstile(sys.argv[1]), 0, float(sys.argv[2])
while time.time() < end:
    assert turnstile.take(time.monotonic() + 10)
    number += 1
    time.sleep(0.003)
    turnstile.give_back()
print(number)
"""


def test_processes_that_always_want_their_turn_alternate(tmp_path):
    command = [sys.executable, "-c", TAKING, str(tmp_path / "turns"), str(time.time() + 1.5)]
    options = {"cwd": ROOT, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **options) as a, subprocess.Popen(command, **options) as b:
        least, most = sorted(int(each.communicate(timeout=SOON)[0]) for each in (a, b))
    assert least > 0.7 * most > 50


def test_where_there_can_be_no_file_for_turns_writers_go_on(database):
    path = Path(f"{database.url.database}-writers")
    path.unlink(missing_ok=True)
    path.mkdir()
    with database.transaction() as session:
        write(session, "a")
    assert stored(database) == ["a"]


def test_the_schema_is_looked_at_again_once_anybody_else_has_written(database, said):
    def moved(to):
        with closing(sqlite3.connect(database.engine.url.database)) as other:
            other.execute("UPDATE alembic_version SET version_num = ?", [to])
            other.commit()

    with database.reading() as session:
        known = session.scalar(text("SELECT version_num FROM alembic_version"))
    database.guard.program = known
    for name in "abc":
        do(database, name)
    looks = [each for each in said if each.startswith("SELECT version_num")]
    assert len(looks) == 2
    moved("9999")
    for _ in range(2):
        with pytest.raises(Unavailable):
            do(database, "by an older program")
    moved(known)
    do(database, "d")
    assert stored(database) == ["a", "b", "c", "d"]
