"""SQLite's writers, in threads and in processes of their own, and batches of them."""

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
from messages import do, let_commits_fail, spoil, stored, write
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from todo_api.errors import Unavailable
from todo_api.sqlite_writers import FairLock

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
def queue(database):
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
        until(begun.is_set if is_first else lambda: self.database.writers.lock.waiting == waiting)
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


class Waiter(threading.Thread):
    """Waits for a lock for so many seconds, and says whether it got it."""

    def __init__(self, lock, seconds):
        super().__init__()
        self.lock = lock
        self.seconds = seconds
        self.start()

    def run(self):
        self.got = self.lock.acquire(self.seconds)

    def result(self):
        self.join(SOON)
        return self.got


def test_the_fair_lock_is_handed_on_in_the_order_of_its_waiters():
    lock, order = FairLock(), []
    assert lock.acquire(0)

    def wait(number):
        assert lock.acquire(SOON)
        order.append(number)
        lock.release()

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=wait, args=[number]))
        threads[-1].start()
        until(lambda: lock.waiting == len(threads))
    lock.release()
    for thread in threads:
        thread.join(SOON)
    assert order == [0, 1, 2, 3, 4]
    assert lock.acquire(0)


def test_a_waiter_that_gets_the_lock_in_the_moment_its_time_ends_holds_it():
    lock = FairLock()
    assert lock.acquire(0)
    waiter = Waiter(lock, 0.2)
    until(lambda: lock.waiting == 1)
    with lock._changing:  # noqa: SLF001 - There is no other way into that moment.
        # Its time is over by now, but it cannot leave the queue before the lock is handed to it.
        time.sleep(0.4)
        lock._waiting.popleft().release()  # noqa: SLF001 - As above.
    assert waiter.result() is True
    assert not lock.acquire(0)
    lock.release()
    assert lock.acquire(0)


def test_a_waiter_whose_time_ends_is_handed_no_lock():
    lock = FairLock()
    assert lock.acquire(0)
    assert Waiter(lock, 0.05).result() is False
    lock.release()
    assert lock.acquire(0)


def test_a_writer_whose_time_ends_in_the_queue_gets_unavailable_and_stores_nothing(database, queue):
    queue.add("a")
    begun = time.monotonic()
    late = [queue.add(name) for name in "bcd"]
    assert {type(each.exception(SOON)) for each in late} == {Unavailable}
    assert 0.9 < time.monotonic() - begun < 1.5
    assert queue.outcomes()[0] is None
    assert stored(database) == ["a"]
    with database.transaction() as session:
        write(session, "e")


def test_an_impatient_writer_waits_for_no_other(database, queue):
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


def test_a_program_that_locks_the_file_by_itself_is_waited_for(database):
    with locked_by_a_stranger(database) as stranger:
        threading.Timer(0.3, stranger.execute, ["ROLLBACK"]).start()
        begun = time.monotonic()
        with database.transaction() as session:
            write(session, "a")
        assert 0.2 < time.monotonic() - begun < 1
    assert stored(database) == ["a"]


def test_all_writers_that_wait_for_a_foreign_lock_get_unavailable_in_time(database, queue):
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


def test_many_threads_lose_nothing_and_keep_nothing_that_failed(database):
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


def test_each_process_has_a_fair_share_of_the_writes(database):
    with process(database, "a", 1.5) as a, process(database, "b", 1.5) as b:
        for each in (a, b):
            each.stdin.write("go\n")
            each.stdin.flush()
        assert a.wait(SOON) == b.wait(SOON) == 0
    names = stored(database)
    least, most = sorted(names.count(name) for name in "ab")
    assert least > 0.6 * most > 20


def test_a_process_that_is_killed_while_it_writes_holds_up_no_other(database):
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


def test_processes_that_always_want_the_file_lock_alternate(tmp_path):
    command = [sys.executable, "-c", TAKING, str(tmp_path / "turns"), str(time.time() + 1.5)]
    options = {"cwd": ROOT, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **options) as a, subprocess.Popen(command, **options) as b:
        least, most = sorted(int(each.communicate(timeout=SOON)[0]) for each in (a, b))
    assert least > 0.7 * most > 50


def test_writers_go_on_where_the_lock_file_cannot_be_made(database):
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


def test_a_batch_of_writes_has_one_commit_and_nothing_is_visible_before(database, said):
    with database.batch() as batch:
        for name in "abc":
            do(database, name)
            assert stored(database) == []
    assert stored(database) == ["a", "b", "c"]
    assert not batch.is_lost
    assert said.count("COMMIT") == 1
    do(database, "d")
    assert said.count("COMMIT") == 2


def test_a_batch_without_writes_begins_no_transaction(database, said):
    with database.batch() as batch:
        stored(database)
    assert not batch.is_lost
    assert "BEGIN IMMEDIATE" not in said


def test_a_batch_is_lost_when_sqlite_rolls_the_whole_transaction_back(database):
    with database.batch() as batch:
        do(database, "a")
        assert not batch.is_lost
        with suppress(Unavailable), database.transaction() as session:
            driver = session.place.driver
            pages = session.scalar(text("PRAGMA page_count"))
            driver.execute(f"PRAGMA max_page_count = {pages + 10}")
            try:
                write(session, "x" * 1_000_000)
            finally:
                driver.execute("PRAGMA max_page_count = 1000000")
        assert batch.is_lost
        with pytest.raises(Unavailable):
            do(database, "nothing of a new one")
    assert batch.is_lost
    assert stored(database) == []


def test_a_batch_is_lost_when_one_of_its_writes_cannot_be_rolled_back(database):
    def spoil():
        with database.transaction() as session:
            driver = session.place.driver
            driver.execute("INSERT INTO message (text, created_date) VALUES ('spoilt', '')")
            driver.execute("RELEASE part")
            raise LookupError

    with database.batch() as batch:
        do(database, "a")
        with pytest.raises(LookupError):
            spoil()
        assert batch.is_lost
    assert stored(database) == []


def test_the_time_limit_of_a_write_in_a_batch_begins_when_it_began_to_wait(database):
    with closing(sqlite3.connect(database.url.database, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with database.batch() as batch:
            batch.since -= 0.9
            with pytest.raises(Unavailable):
                do(database, "a")
            batch.since -= 10
            with pytest.raises(Unavailable):
                do(database, "b")
            assert time.monotonic() - begun < 1.5
            stranger.execute("ROLLBACK")
            do(database, "c")
    assert stored(database) == ["c"]


def another_at_work(database):
    """Return a thread that writes until an event is set, and that event."""
    inside, go_on = threading.Event(), threading.Event()

    def hold():
        with database.transaction() as session:
            write(session, "before")
            inside.set()
            assert go_on.wait(10)

    first = threading.Thread(target=hold)
    first.start()
    assert inside.wait(10)
    return first, go_on


def test_a_writer_waits_until_the_batch_before_it_is_committed(database):
    first, go_on = another_at_work(database)
    threading.Timer(0.1, go_on.set).start()
    with database.batch():
        do(database, "a")
        other = threading.Thread(target=do, args=[database, "z"])
        other.start()
        do(database, "b")
        assert other.is_alive()
    other.join(10)
    first.join(10)
    assert stored(database) == ["a", "b", "before", "z"]


def test_a_batch_that_waits_in_vain_holds_up_no_other_writer(database):
    first, go_on = another_at_work(database)
    with database.batch() as batch:
        batch.since -= 10
        with pytest.raises(Unavailable):
            do(database, "a")
    go_on.set()
    first.join(10)
    do(database, "b")
    assert stored(database) == ["b", "before"]


@pytest.mark.parametrize("options", [{"error": LookupError()}, {"dry": True}])
@pytest.mark.parametrize("place", range(3))
def test_a_write_that_fails_in_a_batch_rolls_back_only_itself(database, place, options):
    with database.batch() as batch:
        for number, name in enumerate("abc"):
            with suppress(LookupError):
                do(database, name, **(options if number == place else {}))
    assert not batch.is_lost
    assert stored(database) == [name for number, name in enumerate("abc") if number != place]


def test_a_batch_in_which_all_writes_fail_is_not_lost(database):
    with database.batch() as batch:
        for name in "ab":
            with suppress(LookupError):
                do(database, name, LookupError())
    assert not batch.is_lost
    assert stored(database) == []


def test_a_batch_whose_commit_fails_is_lost_and_stores_nothing(database):
    let_commits_fail(database)
    with database.batch() as batch:
        do(database, "a")
        with database.transaction() as session:
            spoil(session)
        assert not batch.is_lost
    assert batch.is_lost
    assert stored(database) == []
    do(database, "b")
    assert stored(database) == ["b"]


def test_a_statement_that_fails_in_a_batch_fails_only_its_own_write(database):
    with database.batch() as batch:
        do(database, "a")
        with pytest.raises(IntegrityError), database.transaction() as session:
            session.execute(text("INSERT INTO message (id) VALUES (1)"))
        do(database, "b")
    assert not batch.is_lost
    assert stored(database) == ["a", "b"]


def test_a_batch_goes_on_after_its_first_write_has_failed(database):
    with database.batch() as batch:
        with pytest.raises(IntegrityError), database.transaction() as session:
            session.execute(text("INSERT INTO message (id) VALUES (1)"))
        do(database, "a")
    assert not batch.is_lost
    assert stored(database) == ["a"]


def test_writes_by_prepared_statements_alone_are_part_of_a_batch(database):
    with database.batch() as batch:
        for name in "ab":
            with database.transaction() as session:
                session.place.put(
                    f"INSERT INTO message (text, created_date) VALUES ('{name}', '2026-11-21')",
                    (),
                    lambda _: None,
                )
    assert not batch.is_lost
    assert stored(database) == ["a", "b"]


def test_after_a_batch_each_write_has_its_own_commit_again(database):
    with database.batch():
        do(database, "a")
    do(database, "b")
    assert stored(database) == ["a", "b"]


def test_long_reads_that_overlap_all_the_time_hold_up_writers_only_now_and_then(database):
    """Each would keep SQLite's log from being brought into the file, for which a writer waits."""
    seconds = 6.0
    with database.transaction() as session:
        session.execute(text("CREATE TABLE large (content TEXT)"))
    end = time.monotonic() + seconds

    def read():
        while time.monotonic() < end:
            with database.reading(long=True) as session:
                session.execute(text("SELECT count(*) FROM account")).all()
                time.sleep(1.5)

    waited = 0.0
    with ThreadPoolExecutor(3) as readers:
        reads = []
        for _ in range(3):
            reads.append(readers.submit(read))
            time.sleep(0.5)
        while time.monotonic() < end:
            begun = time.monotonic()
            with database.transaction() as session:
                session.execute(text("INSERT INTO large VALUES (:it)"), {"it": "x" * 200_000})
            took = time.monotonic() - begun
            waited += took if took > 0.3 else 0
        for each in reads:
            each.result()
    assert waited < seconds / 2
