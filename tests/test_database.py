"""What the database promises, shown on the real ones."""

import sqlite3
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from support import Backend

from todo_api.database import Database
from todo_api.errors import CannotStart, Unavailable
from todo_api.models import Account, Task
from todo_api.services import accounts, tasks
from todo_api.settings import Settings
from todo_api.statements import Statement


def in_parallel(*works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_returning_commits_and_raising_rolls_back(backend):
    alice = backend.someone()

    def write(name):
        with backend.database.transaction() as session:
            account = accounts.hold(session, 1)
            tasks.create(session, account, {"name": name, "quantity": 10_000})
            if name == "lost":
                raise LookupError

    write("kept")
    with pytest.raises(LookupError):
        write("lost")
    listed = alice.get(alice.tasks).json["tasks"]
    assert [(task["name"], task["id"]) for task in listed] == [("kept", 2)]
    assert alice.task().json["id"] == 3


def test_what_follows_a_rollback_within_a_transaction_is_rolled_back_too(backend):
    backend.someone()
    with suppress(LookupError), backend.database.transaction() as session:
        session.add(Task(account_id=1, id=1))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()
        account = accounts.hold(session, 1)
        tasks.create(session, account, {"name": "lost", "quantity": 10_000})
        raise LookupError
    assert backend.count(Task) == 0


def asked(database, *questions):
    with database.reading() as session:
        answers = [session.scalar(text(question)) for question in questions]
    database.close()
    return answers


def test_sqlite_is_durable_and_strict(sqlite_databases):
    database = Database(sqlite_databases.migrated())
    names = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"]
    assert asked(database, *[f"PRAGMA {name}" for name in names]) == ["wal", 2, 1, 5000]


def test_postgresql_waits_not_for_ever_and_reads_one_state(postgres_databases):
    database = Database(postgres_databases.migrated())
    names = ["lock_timeout", "TimeZone", "transaction_isolation", "synchronous_commit"]
    values = asked(database, *[f"SHOW {name}" for name in names])
    assert values == ["5s", "UTC", "repeatable read", "on"]


def test_on_sqlite_a_transaction_that_writes_keeps_other_writers_out_and_one_that_reads_does_not(
    sqlite_databases,
):
    database = Database(sqlite_databases.migrated())
    path = database.url.database
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as another:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
            another.execute("BEGIN IMMEDIATE")
            another.execute("ROLLBACK")
        locked = pytest.raises(sqlite3.OperationalError, match="locked")
        with database.transaction(), locked:
            another.execute("BEGIN IMMEDIATE")
    database.close()


def test_a_reader_sees_one_state(backend):
    alice = backend.someone()
    with backend.database.reading() as session:
        before = session.scalar(text("SELECT count(*) FROM task"))
        alice.task()
        assert session.scalar(text("SELECT count(*) FROM task")) == before


def test_parallel_writers_lose_nothing_and_count_without_a_gap(backend):
    alice = backend.someone()
    answers = []

    def write():
        answers.extend(alice.task().json for _ in range(10))

    in_parallel(*[write] * 4)
    assert sorted(answer["id"] for answer in answers) == list(range(2, 42))
    assert backend.count(Task) == 40


def test_increments_through_if_match_lose_nothing(backend):
    alice = backend.someone()
    path = alice.task(quantity=1).headers["Location"]

    def increment():
        done = 0
        while done < 10:
            task = alice.get(path)
            changes = {"quantity": task.json["quantity"] + 1}
            answer = alice.patch(path, json=changes, headers={"If-Match": task.headers["ETag"]})
            assert answer.status_code in (200, 412)
            done += answer.status_code == 200

    in_parallel(*[increment] * 4)
    assert alice.get(path).json["quantity"] == 41


def test_of_parallel_registrations_of_one_name_one_succeeds(backend):
    statuses = []

    def register():
        sent = {"username": "carol", "email": "c@example.com", "password": "correct-horse"}
        statuses.append(backend.nobody.post("/api/v1/accounts", json=sent).status_code)

    in_parallel(*[register] * 4)
    assert sorted(statuses) == [201, 409, 409, 409]
    assert backend.count(Account) == 1


def test_a_limit_holds_for_parallel_requests(backend):
    limited = backend.with_settings(messages_per_hour=5)
    statuses = []

    def leave():
        answers = [limited.nobody.post("/users", json={"data": "x"}) for _ in range(5)]
        statuses.extend(answer.status_code for answer in answers)

    in_parallel(*[leave] * 4)
    assert sorted(statuses) == [201] * 5 + [429] * 15


@contextmanager
def held_by_another(database_url):
    """Let another writer hold what every writer of the first account needs; yield its release."""
    database = Database(database_url)
    held, release = threading.Event(), threading.Event()

    def hold():
        with database.transaction() as session:
            accounts.hold(session, 1)
            held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    yield release.set
    release.set()
    holder.join()
    database.close()


def test_a_writer_waits_for_another(backend, database_url):
    alice = backend.someone()
    with held_by_another(database_url) as release:
        threading.Timer(0.5, release).start()
        start = time.monotonic()
        assert alice.post(alice.tasks, json={"name": "x"}).status_code == 201
    assert time.monotonic() - start > 0.4


def test_a_writer_does_not_wait_for_ever(backend, database_url):
    alice = backend.someone()
    with held_by_another(database_url):
        answer = alice.post(alice.tasks, json={"name": "x"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json["message"].startswith("The database is busy")
    assert alice.task().json["id"] == 2


def test_who_may_not_write_learns_that_whatever_else_is_wrong(backend, database_url):
    alice, bob, nobody = backend.someone("alice"), backend.someone("bob"), backend.nobody
    for sent in ({"json": {"name": "x"}}, {"json": {"name": 7}}, {"data": "{"}):
        assert nobody.post(alice.tasks, **sent).status_code == 401
        assert bob.post(alice.tasks, **sent).status_code == 403
        assert bob.patch(f"{alice.tasks}/1", **sent).status_code == 403
    with held_by_another(database_url):
        assert nobody.post(alice.tasks, json={"name": "x"}).status_code == 401
        assert bob.delete(f"{alice.tasks}/1").status_code == 403


def test_readers_do_not_wait_for_a_writer(backend, database_url):
    alice = backend.someone()
    with held_by_another(database_url):
        assert alice.get(alice.tasks).status_code == 200


def test_a_statement_that_is_wrong_is_an_error_and_not_a_busy_database(database):
    with pytest.raises(DBAPIError), database.reading() as session:
        session.execute(text("SELECT nonsense FROM nowhere"))


def test_an_exhausted_pool_is_unavailable_and_recovers(database_url):
    database = Database(database_url, lock_timeout=1, pool_size=1)
    with database.engine.connect(), pytest.raises(Unavailable), database.transaction():
        pass
    with database.reading() as session:
        assert session.scalar(text("SELECT 1")) == 1
    database.close()


def test_a_missing_folder_is_one_clear_line(tmp_path):
    with pytest.raises(CannotStart, match="there is no folder"):
        Database(f"sqlite:///{tmp_path}/none/todo.db")


def test_a_lost_connection_is_unavailable_and_the_next_one_works(postgres_databases):
    backend = Backend(Settings(), Database(postgres_databases.migrated()))
    alice = backend.someone()
    with backend.database.reading() as session:
        session.execute(text("SELECT 1"))
    with backend.database.transaction() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    statuses = [alice.get(alice.tasks).status_code for _ in range(6)]
    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 200
    backend.database.close()


def test_a_connection_that_is_lost_during_a_write_is_unavailable(postgres_databases):
    database = Database(postgres_databases.migrated())
    for ends in (end_connection_of, end_and_go_on):
        with pytest.raises(Unavailable), database.transaction() as session:
            ends(session)
    with database.transaction() as session:
        assert PID.first(session)
    database.close()


PID = Statement(select(func.pg_backend_pid()))


def end_connection_of(session):
    (pid,) = PID.first(session)
    with psycopg.connect(session.place.driver.info.dsn, autocommit=True) as another:
        another.execute("SELECT pg_terminate_backend(%s)", [pid])
        while another.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
            time.sleep(0.01)


def end_and_go_on(session):
    end_connection_of(session)
    PID.first(session)


def test_names_sort_by_code_point_on_both(backend, nobody):
    unsorted = ["b", "A", "ä", "_", "Z", "é", "\U0001f427", "\uffee", "a b", "a-b", "ab", "10", "9"]
    for name in unsorted:
        backend.price(name, 1)
    listed = [price["name"] for price in nobody.get("/api/v1/prices").json["prices"]]
    assert listed == sorted(unsorted, key=lambda name: name.replace("\uffee", "\u25cb").casefold())


def test_a_file_that_is_damaged_is_out_of_reach(sqlite_databases):
    database = Database(sqlite_databases.migrated())
    with Path(database.url.database).open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(Unavailable), database.reading() as session:
        session.execute(text("SELECT * FROM account"))
    database.close()
