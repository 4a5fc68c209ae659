"""The upgrade to NFKC_Casefold: names of an older release get new keys, and none is lost."""

import re
import subprocess
import sys
from contextlib import closing

import future
import pytest
from conftest import ROOT, environment
from release import load
from sqlalchemy import event, text
from support import Backend

from todo_api import backup, migrations
from todo_api.database import Database
from todo_api.errors import CannotStart
from todo_api.models import ItemPrice, Task
from todo_api.settings import Settings

ALICE, BOSS = 6, 5
"""Accounts of the release's database; the first has tasks, and the second is an admin."""

BEFORE, AFTER = "0007", "0008"
"""The revisions of the schema around the migration."""

MOMENT = "2026-11-22 10:00:00.000000"

NO_PAIRS = {"mi\u00adlk": "mi\u00adlk", "\u2764\ufe0f": "\u2764\ufe0f"}
ONE_PAIR = {"\u200bapples": "\u200bapples"}
THREE_SPELLINGS = {
    "caf\u00e9\ufeff": "caf\u00e9\ufeff",
    "caf\u00e9": "caf\u00e9",
    "ca\u00adf\u00e9": "ca\u00adf\u00e9",
}
"""Prices by the keys that release 1.0.0 gave them. It has a price for `apples` already."""

TASKS = {
    101: ("wa\u00adter", None, "wa\u00adter"),
    102: ("tea \u2764\ufe0f", "so\u00adft hyphen", None),
    103: ("Ünchanged", "É", "Äpfel"),
}


@pytest.fixture
def old(databases):
    """The database of release 1.0.0, with tasks whose texts have characters that nobody sees."""
    url = databases.empty()
    load(url, "1.0.0", "sqlite" if url.startswith("sqlite") else "postgresql")
    with closing(Database(url)) as database:
        migrations.upgrade(database, to=BEFORE)
        for number, texts in TASKS.items():
            keys = [each and each.lower() for each in texts]
            insert(
                database,
                "task",
                account_id=ALICE,
                id=number,
                **dict(zip(("name", "note", "item"), texts, strict=True)),
                **dict(zip(("name_key", "note_key", "item_key"), keys, strict=True)),
                creation_date=MOMENT,
                quantity=10_000,
                revision=number,
            )
        run(database, f"UPDATE account SET revision = 110 WHERE id = {ALICE}")
        yield database


def insert(database, table, **values):
    columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    run(database, f"INSERT INTO {table} ({columns}) VALUES ({places})", values)


def run(database, statement, values=None):
    with database.transaction() as session:
        session.execute(text(statement), values or {})


def add_prices(database, prices):
    for number, (key, name) in enumerate(prices.items(), 50):
        insert(
            database,
            "item_price",
            name_key=key,
            name=name,
            price=20_000 + number,
            currency="EUR",
            updated_date=MOMENT,
            revision=number,
        )
    run(database, "UPDATE price_list SET revision = 60")


def rows(database, table, *columns):
    with database.reading() as session:
        return sorted(
            map(tuple, session.execute(text(f"SELECT {', '.join(columns)} FROM {table}")))
        )


STORED = ("name", "price", "currency", "unit", "updated_date", "revision")


def test_names_that_stay_apart_are_whole_after_the_upgrade_and_found_without_what_nobody_sees(old):
    add_prices(old, NO_PAIRS)
    prices, tasks = (
        rows(old, "item_price", *STORED),
        rows(old, "task", "id", "name", "note", "item"),
    )
    migrations.upgrade(old)
    assert rows(old, "item_price", *STORED) == prices
    assert rows(old, "task", "id", "name", "note", "item") == tasks
    backend = Backend(Settings(database_url=str(old.url)), old)
    with backend.session() as session:
        assert session.get(ItemPrice, "milk").name == "mi\u00adlk"
        assert session.get(ItemPrice, "\u2764").name == "\u2764\ufe0f"
        keys = [
            (each.name_key, each.note_key, each.item_key)
            for number in TASKS
            for each in [session.get(Task, (ALICE, number))]
        ]
    assert keys == [
        ("water", None, "water"),
        ("tea \u2764", "soft hyphen", None),
        ("ünchanged", "é", "äpfel"),
    ]
    nobody = backend.nobody
    for name in ("MILK", "mi\u00adlk", "\ufeffmilk"):
        assert nobody.get("/itemprice", query_string={"itemname": name}).json["price"] == 2.005
    found = nobody.get("/api/v1/prices", query_string={"q": "\u2764"}).json["prices"]
    assert [each["name"] for each in found] == ["\u2764\ufe0f"]


@pytest.mark.parametrize(
    ("prices", "group"),
    [
        (ONE_PAIR, ["apples", r"\u200bapples"]),
        (THREE_SPELLINGS, ["café", r"café\ufeff", r"ca\xadfé"]),
    ],
)
def test_prices_that_become_one_name_are_listed_and_nothing_is_changed(old, prices, group):
    add_prices(old, NO_PAIRS | prices)
    before = future.state(old)
    with pytest.raises(CannotStart) as refused:
        migrations.upgrade(old, to=AFTER)
    assert future.state(old) == before
    assert migrations.stored(old) == BEFORE
    listed = re.findall(r"^`(.+)` at [\d.]+ EUR: (DELETE .*;)$", str(refused.value), re.MULTILINE)
    assert sorted(name for name, _ in listed) == sorted(group)
    others = listed[1:]
    # The statements of the list are enough to go on.
    for _, statement in others:
        run(old, statement)
    (after,) = re.findall("(UPDATE .*;)", str(refused.value))
    run(old, after)
    migrations.upgrade(old, to=AFTER)
    left = {row["name"] for row in before["item_price"]["rows"]}
    left -= {
        name.encode("latin-1", "backslashreplace").decode("unicode_escape") for name, _ in others
    }
    assert {name for (name,) in rows(old, "item_price", "name")} == left
    assert len(left) == len(before["item_price"]["rows"]) - len(others)


def test_a_start_on_prices_that_become_one_name_ends_with_the_list(old):
    add_prices(old, ONE_PAIR)
    url = old.url.render_as_string(hide_password=False)
    started = subprocess.run(
        [sys.executable, "-m", "todo_api", "init"],
        env=environment(DATABASE_URL=url),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (started.returncode, started.stdout) == (2, "")
    assert started.stderr.startswith(
        "todo-api: The price list has prices whose names differ only in"
    )
    assert r"`\u200bapples` at 2.005 EUR" in started.stderr
    assert "Traceback" not in started.stderr


def test_a_backup_with_prices_that_become_one_name_is_refused_with_the_list(database, tmp_path):
    file = tmp_path / "backup"
    load(f"sqlite:///{file}", "1.0.0", "sqlite")
    with closing(Database(f"sqlite:///{file}")) as old:
        migrations.upgrade(old, to=BEFORE)
        add_prices(old, ONE_PAIR)
    with pytest.raises(CannotStart, match=r"`\\u200bapples` at 2.005 EUR: DELETE FROM item_price"):
        backup.bring_back(file, database)
    assert rows(database, "item_price", "name") == rows(database, "account", "id") == []


def revisions(database):
    return dict(rows(database, "account", "id", "revision"))


def test_only_what_gets_another_key_is_written_and_only_its_lists_are_other_ones(old):
    add_prices(old, NO_PAIRS)
    before, written = revisions(old), {}

    @event.listens_for(old.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, values, *_):
        if statement.startswith("UPDATE"):
            table = statement.split()[1]
            written[table] = written.get(table, 0) + (
                len(values) if isinstance(values, list) else 1
            )

    migrations.upgrade(old, to=AFTER)
    event.remove(old.engine, "before_cursor_execute", note)
    del written["alembic_version"]
    assert written == {"item_price": 2, "price_list": 1, "task": 2, "account": 1}
    assert revisions(old) == {**before, ALICE: before[ALICE] + 1}
    assert rows(old, "price_list", "revision") == [(61,)]


def test_a_downgrade_brings_the_former_keys_back(old):
    add_prices(old, NO_PAIRS)
    keys = ("name", "name_key"), ("name", "name_key", "note_key", "item_key")
    tables = ("item_price", "task")
    before = [rows(old, table, *columns) for table, columns in zip(tables, keys, strict=True)]
    migrations.upgrade(old, to=AFTER)
    assert [rows(old, *each) for each in (("item_price", *keys[0]), ("task", *keys[1]))] != before
    migrations.downgrade(old, BEFORE)
    assert [rows(old, *each) for each in (("item_price", *keys[0]), ("task", *keys[1]))] == before
