"""Backups: everything in one file, brought back into either kind of database."""

import itertools
import sqlite3
import stat
import threading
import time
from contextlib import closing

import httpx
import pytest
from click.testing import CliRunner
from conftest import environment
from sqlalchemy import func, select, text
from support import PASSWORD, Backend

from todo_api import backup, migrations
from todo_api.cli import main
from todo_api.database import Database
from todo_api.errors import CannotStart
from todo_api.models import Account, Base, PriceList, Task
from todo_api.services import accounts
from todo_api.settings import Settings

LOGIN = "/api/v1/accounts/login"


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request):
    """Another database, empty and migrated, of either kind."""
    databases = request.getfixturevalue(
        "sqlite_databases" if request.param == "sqlite" else "postgres_databases"
    )
    url = databases.migrated()
    database = Database(url)
    other = Backend(Settings(database_url=url), database)
    yield other
    other.close()
    database.close()
    databases.give_back(url)


def filled(backend):
    """Put something into every table."""
    backend.price("äpfel", 13500)
    backend.price("bread", 12345, "USD", unit="kg")
    alice = backend.register("alice")
    done = alice.task(name="done", item="ÄPFEL", quantity=2.5, note="ein\nZettel 🍏")
    alice.patch(done.headers["Location"], json={"completed": True})
    alice.task(name="dated", due_date="2030-12-24")
    alice.task(name="timed", due_date="2030-12-24T18:00:00.000001Z")
    gone = alice.task(name="gone")
    alice.delete(gone.headers["Location"])
    key = {"Idempotency-Key": "a-key"}
    assert alice.post(alice.tasks, json={"name": "once"}, headers=key).status_code == 201
    alice.put(alice.path, json={"pets": ["dog"], "listed": True, "timezone": "Asia/Tokyo"})
    backend.someone("bob", is_admin=True)
    assert backend.nobody.post("/users", json={"data": "hi"}).status_code == 201
    return alice


def rows(backend):
    """Return all rows of all tables, but for the eras."""
    with backend.session() as session:
        return {
            table.name: sorted(
                repr([(name, value) for name, value in row.items() if name != "era"])
                for row in session.execute(select(table)).mappings()
            )
            for table in Base.metadata.sorted_tables
        }


def untagged(shown):
    """Return what is shown without ETags, which tell the era."""
    if isinstance(shown, list):
        return [untagged(each) for each in shown]
    if isinstance(shown, dict):
        return {name: untagged(value) for name, value in shown.items() if name != "etag"}
    return shown


def test_everything_comes_back_under_a_new_era(backend, elsewhere, tmp_path):
    alice = filled(backend)
    token = alice.get(f"{alice.path}/changes").json["next"]
    before = alice.get(alice.tasks)
    task = before.json["tasks"][0]
    etag = alice.get(f"{alice.tasks}/{task['id']}").headers["ETag"]
    stored = rows(backend)
    assert all(stored.values()), "every table has something in it"

    made = backup.make(backend.database, tmp_path / "file")
    assert made == sum(map(len, stored.values()))
    assert rows(backend) == stored
    assert backup.bring_back(tmp_path / "file", elsewhere.database) == made
    assert rows(elsewhere) == stored

    again = elsewhere.login("alice", PASSWORD)
    again.token = alice.token
    assert untagged(again.get(again.tasks).json) == untagged(before.json)
    assert again.get(again.tasks).headers["ETag"] != before.headers["ETag"]
    path = f"{again.tasks}/{task['id']}"
    assert again.put(path, json={"name": "x"}, headers={"If-Match": etag}).status_code == 412
    assert again.get(f"{again.path}/changes", query_string={"since": token}).json["reset"] is True
    with backend.session() as here, elsewhere.session() as there:
        for each in (Account.era, PriceList.era):
            assert not set(here.scalars(select(each))) & set(there.scalars(select(each)))


def test_a_backup_that_is_served_as_it_is_has_other_eras(backend, tmp_path):
    """Else an ETag of before would be true of another text after as many changes."""
    alice = filled(backend)
    backup.make(backend.database, tmp_path / "file")
    with closing(sqlite3.connect(tmp_path / "file")) as copy:
        eras = {era for (era,) in copy.execute("SELECT era FROM account")}
    with backend.session() as session:
        assert not eras & set(session.scalars(select(Account.era)))
    assert alice.get(alice.tasks).status_code == 200


def test_what_is_created_afterwards_has_an_id_of_its_own(backend, elsewhere, tmp_path):
    filled(backend)
    backup.make(backend.database, tmp_path / "file")
    backup.bring_back(tmp_path / "file", elsewhere.database)
    elsewhere.register("carol").task()
    assert elsewhere.nobody.post("/users", json={"data": "hi"}).status_code == 201
    assert elsewhere.count(Account) == 3


def test_a_backup_is_for_its_owner_alone_and_is_one_file(backend, tmp_path):
    filled(backend)
    backup.make(backend.database, tmp_path / "file")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if "file" in each.name] == ["file"]


def test_a_database_that_is_not_empty_is_left_as_it_is(backend, elsewhere, tmp_path):
    filled(backend)
    backup.make(backend.database, tmp_path / "file")
    elsewhere.price("apples", 1)
    stored = rows(elsewhere)
    with pytest.raises(CannotStart, match="not empty"):
        backup.bring_back(tmp_path / "file", elsewhere.database)
    assert rows(elsewhere) == stored


def other_program(file):
    database = Database(f"sqlite:///{file}")
    with database.transaction() as session:
        session.execute(text("CREATE TABLE account (id INTEGER)"))
    database.close()


def cut_short(file):
    file.write_bytes(file.with_name("whole").read_bytes()[:20_000])


@pytest.mark.parametrize(
    "spoil", [lambda file: file.write_bytes(b"no database" * 1000), other_program, cut_short]
)
def test_what_is_no_backup_changes_nothing(backend, elsewhere, tmp_path, spoil):
    filled(backend)
    backup.make(backend.database, tmp_path / "whole")
    spoil(tmp_path / "file")
    stored = rows(elsewhere)
    with pytest.raises(CannotStart):
        backup.bring_back(tmp_path / "file", elsewhere.database)
    assert rows(elsewhere) == stored


def test_a_file_that_is_there_is_not_overwritten(backend, tmp_path):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(CannotStart, match="already"):
        backup.make(backend.database, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"


def test_a_folder_that_is_not_there_is_one_clear_line(backend, tmp_path):
    with pytest.raises(CannotStart, match="No such file or directory"):
        backup.make(backend.database, tmp_path / "missing" / "file")


def test_a_database_of_another_schema_is_not_copied(databases, tmp_path):
    database = Database(databases.empty())
    migrations.upgrade(database, "0003")
    with pytest.raises(CannotStart, match="another schema"):
        backup.make(database, tmp_path / "file")
    assert migrations.stored(database) == "0003"
    database.close()


def test_an_older_backup_is_brought_up_to_date_and_stays_as_it_is(elsewhere, tmp_path):
    file = tmp_path / "old"
    old = Database(f"sqlite:///{file}")
    migrations.upgrade(old, "0004")
    with old.transaction() as session:
        values = "1, 'alice', 'alice', 'a@b.c', '2026-01-01', 'UTC', '[]', 0, 0, 1, 'old', 7"
        columns = "id, username, username_key, email, date_joined, timezone, pets, listed"
        columns += ", is_admin, changed_revision, era, revision"
        session.execute(text(f"INSERT INTO account ({columns}) VALUES ({values})"))
    old.close()
    before = file.read_bytes()
    assert backup.bring_back(file, elsewhere.database) == 3
    assert file.read_bytes() == before
    with elsewhere.session() as session:
        alice = accounts.named(session, "Alice")
    assert (alice.username, alice.revision) == ("alice", 7)
    assert alice.era != "old"


def test_a_backup_holds_what_was_acknowledged_before_it_began(
    live, database_url, tmp_path, monkeypatch
):
    for name, value in environment(DATABASE_URL=database_url).items():
        monkeypatch.setenv(name, value)
    sent = {"username": "alice", "password": PASSWORD}
    account = f"{live.url}/api/v1/accounts"
    httpx.post(account, json={**sent, "email": "a@example.com"}).raise_for_status()
    token = httpx.post(f"{account}/login", json=sent).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    numbers, acknowledged, stop = itertools.count(), {}, threading.Event()

    def write():
        with httpx.Client(headers=headers, timeout=30) as client:
            while not stop.is_set():
                number = next(numbers)
                task = {"name": f"{number} 🍏", "note": "a\r\nb", "due_date": "2030-12-24"}
                task |= {"item": "apples", "quantity": 1 + number}
                made = client.post(f"{account}/alice/tasks", json=task).raise_for_status()
                where = f"{live.url}{made.headers['Location']}"
                done = client.patch(where, json={"completed": True}).raise_for_status().json()
                assert done["paid"]
                acknowledged[done["id"]] = done

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 50 and any(writer.is_alive() for writer in writers):
        time.sleep(0.01)
    before = dict(acknowledged)
    result = CliRunner().invoke(main, ["backup", str(tmp_path / "file")])
    went_on = len(acknowledged)
    stop.set()
    for writer in writers:
        writer.join()
    assert result.exit_code == 0, result.output
    assert went_on > len(before) >= 50

    empty = f"sqlite:///{tmp_path}/empty.db"
    monkeypatch.setenv("DATABASE_URL", empty)
    restored = CliRunner().invoke(main, ["restore", str(tmp_path / "file")])
    assert restored.exit_code == 0, restored.output
    with closing(Database(empty)) as database:
        with closing(Backend(Settings(database_url=empty), database)) as other:
            there = tasks_of(other.login("alice", PASSWORD))
        with database.reading() as session:
            highest = select(Account.revision, func.max(Task.revision)).join_from(
                Account, Task, Task.account_id == Account.id
            )
            revisions = session.execute(highest.group_by(Account.id)).all()
    assert untagged({number: there.get(number) for number in before}) == untagged(before)
    begun = {f"{number} 🍏" for number in range(next(numbers))}
    assert {task["name"] for task in there.values()} <= begun
    assert revisions
    assert [pair for pair in revisions if pair[0] < pair[1]] == []


def tasks_of(client):
    """Return all tasks by their ids, as the API shows them."""
    found, path = {}, f"{client.tasks}?limit=200"
    while path:
        page = client.get(path).json
        found |= {task["id"]: task for task in page["tasks"]}
        path = page["next"]
    return found
