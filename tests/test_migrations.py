import json
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Inspector, inspect, select, text

from todo_api import migrations
from todo_api.app import create_app
from todo_api.database import Database
from todo_api.errors import CannotStart
from todo_api.models import Base, Replay, Task
from todo_api.services import accounts
from todo_api.settings import Settings


@pytest.fixture
def empty(databases):
    database = Database(databases.empty())
    yield database
    database.close()


def in_threads(works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tables(database):
    with database.reading() as session:
        return set(inspect(session.connection()).get_table_names()) - {"alembic_version"}


def test_the_migrations_make_what_the_models_say(database):
    def compared_type(_context, _column, _meta, there, wanted):
        return None if str(there) == str(wanted) else False

    with database.reading() as session:
        options = {"compare_type": compared_type, "render_as_batch": True}
        context = MigrationContext.configure(session.connection(), opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_revision_is_the_one_that_alembic_ends_at():
    (place,) = migrations.__path__
    assert migrations.newest() == ScriptDirectory(place).get_current_head()


def test_an_addition_is_newer_than_its_generation(monkeypatch, tmp_path):
    for name in ("0009_one", "0010_begun", "0010_2_more", "0010_10_most", "__init__"):
        (tmp_path / f"{name}.py").touch()
    monkeypatch.setattr(migrations, "_VERSIONS", tmp_path)
    assert migrations.newest.__wrapped__() == "0010.10"


def test_who_has_nothing_to_migrate_does_without_alembic(database):
    code = (
        "import sys\n"
        "from todo_api import migrations, server\n"
        "from todo_api.database import Database\n"
        "assert not migrations.upgrade(Database(sys.argv[1]))\n"
        "print({'alembic', 'mako'} & set(sys.modules))"
    )
    url = database.url.render_as_string(hide_password=False)
    told = subprocess.run(
        [sys.executable, "-c", code, url], capture_output=True, text=True, check=True
    )
    assert told.stdout == "set()\n"


def test_the_columns_have_the_types_and_limits_of_the_models(database):
    with database.reading() as session:
        inspector: Inspector = inspect(session.connection())
        for table in Base.metadata.sorted_tables:
            there = {each["name"]: each for each in inspector.get_columns(table.name)}
            assert set(there) == set(table.columns.keys())
            for column in table.columns:
                assert there[column.name]["nullable"] == column.nullable, column
                wanted = getattr(column.type, "length", None)
                assert getattr(there[column.name]["type"], "length", None) in (wanted, None)


def test_migrating_up_and_down_and_up_again(empty):
    assert tables(empty) == set()
    assert migrations.upgrade(empty) is True
    assert tables(empty) == set(Base.metadata.tables)
    assert migrations.upgrade(empty) is False
    migrations.downgrade(empty, "base")
    assert tables(empty) == set()
    assert migrations.upgrade(empty) is True


def test_a_migration_that_fails_leaves_nothing_behind(empty):
    def fail():
        with empty.migrating() as connection:
            connection.execute(text("CREATE TABLE half (id INTEGER)"))
            connection.execute(text("INSERT INTO half VALUES (1)"))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert tables(empty) == set()


def test_the_first_migration_that_fails_at_its_end_leaves_nothing_behind(empty):
    with empty.transaction() as session:
        session.execute(text("CREATE TABLE attempt (in_the_way INTEGER)"))
    with pytest.raises(CannotStart, match=r"cannot be used: .*already exists"):
        migrations.upgrade(empty)
    assert tables(empty) == {"attempt"}


def test_a_migration_may_rebuild_a_table_that_others_refer_to(backend):
    """With foreign keys on, SQLite would delete all tasks with the old account table."""
    alice = backend.someone()
    alice.task()
    with backend.database.migrating() as connection:
        if backend.database.is_sqlite:
            connection.execute(text("CREATE TABLE rebuilt AS SELECT * FROM account"))
            connection.execute(text("DELETE FROM account"))
            connection.execute(text("INSERT INTO account SELECT * FROM rebuilt"))
            connection.execute(text("DROP TABLE rebuilt"))
        else:
            connection.execute(text("ALTER TABLE account ADD COLUMN extra INTEGER"))
    assert len(alice.get(alice.tasks).json["tasks"]) == 1


def test_a_migration_that_orphans_a_row_is_taken_back(sqlite_databases):
    database = Database(sqlite_databases.migrated())
    orphan = text(
        "INSERT INTO token VALUES"
        " (7, 1, x'00', 'n', 'read', 'made', '2026-01-01', '2026-01-01', NULL)"
    )
    refused = pytest.raises(CannotStart, match="1 rows without their owner")
    with refused, database.migrating() as connection:
        connection.execute(orphan)
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM token")) == 0
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
    database.close()


def test_nodes_that_start_at_once_migrate_once(databases):
    url, outcomes = databases.empty(), []

    def start():
        database = Database(url)
        outcomes.append(migrations.upgrade(database))
        database.close()

    in_threads([start] * 4)
    assert sorted(outcomes) == [False, False, False, True]


def test_a_node_waits_for_the_migration_of_another_longer_than_for_a_lock(databases):
    url, outcomes = databases.empty(), []
    first, begun = Database(url), threading.Event()

    def migrate_slowly():
        with first.migrating():
            begun.set()
            time.sleep(2.5)

    def start():
        begun.wait()
        database = Database(url, lock_timeout=1)
        outcomes.append(migrations.upgrade(database))
        with database.reading() as session:
            limit = "PRAGMA busy_timeout" if database.is_sqlite else "SHOW lock_timeout"
            outcomes.append(session.scalar(text(limit)))
        database.close()

    in_threads([migrate_slowly, start])
    first.close()
    assert outcomes in ([True, 1000], [True, "1s"])


def test_a_migration_waits_for_other_locks_no_longer_than_a_request(postgres_databases):
    """Whoever reads an old table for long would otherwise make all others wait behind it."""
    database = Database(postgres_databases.empty())
    with database.migrating() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "5s"
    database.close()


def test_a_schema_newer_than_the_program_is_refused_in_one_line(database, capsys):
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CannotStart, match=r"^The database was made by a newer todo_api.*$"):
        migrations.upgrade(database)
    with pytest.raises(SystemExit, match="2"):
        create_app(Settings(), database)
    assert capsys.readouterr().err.startswith("todo-api: The database was made by a newer")


def test_due_dates_of_the_first_schema_sort_after_an_upgrade_and_survive_a_downgrade(empty):
    migrations.upgrade(empty, to="0001")
    columns = (
        "account_id, id, name, name_key, note, creation_date, quantity, revision, due_at, due_on"
    )
    rows = [
        "1, 2, 'time', 'time', 'É', '{0}', 10000, 2, '2026-07-01 12:00:00.000000', NULL",
        "1, 3, 'day', 'day', NULL, '{0}', 10000, 3, '2026-06-30 22:00:00.000000', '2026-07-01'",
        "1, 4, 'none', 'none', NULL, '{0}', 10000, 4, NULL, NULL",
    ]
    with empty.transaction() as session:
        session.execute(
            text(
                "INSERT INTO account VALUES (1, 'a', 'a', 'e', NULL, '2026-01-01 00:00:00.000000',"
                " 'Europe/Berlin', '[]', FALSE, FALSE, 'era', 4, 1)"
            )
        )
        for row in rows:
            values = row.format("2026-01-01 00:00:00.000000")
            session.execute(text(f"INSERT INTO task ({columns}) VALUES ({values})"))
    migrations.upgrade(empty)
    with empty.reading() as session:
        time, day, none = session.scalars(select(Task).order_by(Task.id)).all()
    assert time.due_at == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert (day.due_at, day.due_on) == (None, date(2026, 7, 1))
    assert (none.due_at, none.due_on, time.note_key) == (None, None, "é")
    migrations.downgrade(empty, "0001")
    with empty.reading() as session:
        starts = session.execute(text("SELECT due_at FROM task ORDER BY id")).scalars().all()
    assert [str(start)[:16] for start in starts] == ["2026-07-01 12:00", "2026-06-30 22:00", "None"]


def test_the_price_list_has_an_era_of_its_own(databases):
    eras = set()
    for _ in range(2):
        database = Database(databases.empty())
        migrations.upgrade(database)
        with database.reading() as session:
            eras.add(session.scalar(text("SELECT era FROM price_list")))
        database.close()
    assert len(eras) == 2


def test_answers_kept_before_an_upgrade_are_deleted_with_the_account_that_they_registered(empty):
    migrations.upgrade(empty, to="0006.1")
    told = (
        ("now", "carol", '"era-now.1"'),
        ("before", "carol", '"era-before.1"'),
        ("other", "Dave", '"era-dave.1"'),
    )
    with empty.transaction() as session:
        for number, (name, era) in enumerate((("carol", "era-now"), ("Dave", "era-dave")), 1):
            session.execute(
                text(
                    "INSERT INTO account VALUES (:id, :name, :key, 'e', NULL,"
                    " '2026-01-01 00:00:00.000000', 'UTC', '[]', FALSE, FALSE, :era, 1, 1, 0)"
                ),
                {"id": number, "name": name, "key": name.lower(), "era": era},
            )
            session.execute(
                text("INSERT INTO username VALUES (:key, :id)"), {"id": number, "key": name.lower()}
            )
        for key, name, etag in told:
            headers = {"Location": f"/api/v1/accounts/{name}", "ETag": etag}
            session.execute(
                text(
                    "INSERT INTO replay VALUES (0, :key, 'scope', 'scope', 201, :headers, :body,"
                    " '2026-01-01 00:00:00.000000')"
                ),
                {"key": key, "headers": json.dumps(headers), "body": b"{}"},
            )
    migrations.upgrade(empty)
    with empty.transaction() as session:
        accounts.delete(session, accounts.named(session, "dave"))
    with empty.reading() as session:
        kept = {(each.key, each.created_account_id) for each in session.query(Replay)}
    assert kept == {("now", 1), ("before", None)}
    migrations.downgrade(empty, "0006.1")
    migrations.upgrade(empty)
    with empty.reading() as session:
        assert {(each.key, each.created_account_id) for each in session.query(Replay)} == kept
