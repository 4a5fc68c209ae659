import csv
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from todo_api import __version__
from todo_api.cli import main
from todo_api.models import Account, ItemPrice, Task

ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    def run(*arguments, typed=None, **environment):
        return CliRunner().invoke(main, list(map(str, arguments)), input=typed, env=environment)

    return run


PASSWORDS = "correct-horse\n"


def test_init_migrates_and_does_no_harm_the_second_time(run, databases):
    empty = {"DATABASE_URL": databases.empty()}
    first, second = run("init", **empty), run("init", **empty)
    assert (first.exit_code, first.output) == (0, "The database is migrated.\n")
    assert (second.exit_code, second.output) == (0, "The database was up to date.\n")


@pytest.mark.parametrize(
    ("name", "text"), [("PORT", "x"), ("DATABASE_URL", "sqlite:////none/x.db"), ("CURRENCY", "E")]
)
@pytest.mark.parametrize("command", ["init", "serve"])
def test_a_wrong_setting_is_one_line_and_exit_code_2(run, command, name, text):
    outcome = run(command, **{name: text})
    assert outcome.exit_code == 2
    assert outcome.output.startswith(f"todo-api: {name} is wrong: ")
    assert outcome.output.count("\n") == 1


def test_a_database_out_of_reach_is_one_line_and_exit_code_2(run):
    outcome = run("serve", DATABASE_URL="postgresql://u:canary@127.0.0.1:1/none")
    assert outcome.exit_code == 2
    assert outcome.output.startswith("todo-api: The database at DATABASE_URL cannot be used")
    assert outcome.output.count("\n") == 1
    assert "canary" not in outcome.output


def test_a_newer_schema_is_one_line_and_exit_code_2(run, database):
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    outcome = run("serve")
    assert (outcome.exit_code, outcome.output.count("\n")) == (2, 1)


def test_the_first_admin_is_made_here(run, backend, database):
    outcome = run("add-admin", "boss", "--email", "boss@example.com", typed=PASSWORDS)
    assert outcome.exit_code == 0
    assert outcome.output.endswith(f"boss is an admin in {database}.\n")
    boss = backend.login("boss", "correct-horse")
    assert boss.get(boss.path).json["is_admin"] is True
    assert boss.get("/api/v1/messages").status_code == 200


NEEDING = ["add-admin", "remove-admin", "set-password", "delete-account"]


@pytest.mark.parametrize(
    "command",
    [
        *([name, "alice"] for name in NEEDING),
        ["list-accounts"],
        ["load-sample"],
        ["renew-eras"],
        ["backup", "a-file"],
    ],
)
def test_what_needs_a_database_that_is_there_makes_none(run, tmp_path, command):
    missing = tmp_path / "gone.db"
    outcome = run(*command, typed=PASSWORDS, DATABASE_URL=f"sqlite:///{missing}")
    assert (outcome.exit_code, outcome.output) == (
        2,
        f"todo-api: There is no database at {missing}. `todo-api init` makes one.\n",
    )
    assert [*tmp_path.iterdir()] == []


def test_a_file_is_for_its_owner_alone_and_what_lies_beside_it_too(run, tmp_path):
    file = tmp_path / "new.db"
    run("init", DATABASE_URL=f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE canary (id)")
        modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
    beside = ("", "-wal", "-shm", "-writers")
    assert modes == {f"new.db{ending}": 0o600 for ending in beside}


@pytest.mark.parametrize("command", [["add-admin", "alice"], ["list-accounts"], ["load-sample"]])
def test_an_empty_database_is_told_how_to_fill_it(run, databases, command):
    outcome = run(*command, typed=PASSWORDS, DATABASE_URL=databases.empty())
    assert outcome.exit_code == 2
    assert "todo-api init" in outcome.output


def test_an_admin_may_be_made_an_ordinary_account_again(run, backend, admin):
    assert run("remove-admin", "BOSS").exit_code == 0
    assert admin.get("/api/v1/messages").status_code == 403


def test_the_accounts_are_listed_by_name(run, backend, admin, alice):
    outcome = run("list-accounts")
    assert outcome.exit_code == 0
    lines = [line.split("\t") for line in outcome.output.splitlines()]
    today = datetime.now(UTC).date().isoformat()
    assert [line[0] for line in lines] == ["alice", "boss"]
    assert lines[0][1:] == ["alice@example.com", today]
    assert lines[1][3:] == ["admin"]


@pytest.mark.parametrize(("arguments", "typed"), [(["--yes"], ""), ([], "y\n")])
def test_an_account_is_deleted_with_its_tasks(run, backend, alice, arguments, typed):
    alice.task()
    assert run("delete-account", "Alice", *arguments, typed=typed).exit_code == 0
    assert (backend.count(Account), backend.count(Task)) == (0, 0)


def test_an_account_is_not_deleted_without_a_yes(run, backend, alice):
    assert run("delete-account", "alice", typed="n\n").exit_code == 1
    assert run("delete-account", "nobody", "--yes").exit_code == 1
    assert backend.count(Account) == 1


def test_a_password_in_a_file_may_have_a_byte_order_mark(run, backend, alice):
    assert run("set-password", "alice", typed="\ufeffanother-horse\r\n").exit_code == 0
    assert backend.login("alice", "another-horse").get(alice.path).status_code == 200


def test_a_database_that_was_copied_back_begins_new_eras(run, backend, alice):
    task = alice.task()
    path, etag = task.headers["Location"], task.headers["ETag"]
    token = alice.get(f"{alice.path}/changes").json["next"]
    prices = backend.nobody.get("/api/v1/prices").headers["ETag"]
    outcome = run("renew-eras")
    assert (outcome.exit_code, outcome.output) == (0, "2 eras are new.\n")
    assert alice.get(path, headers={"If-None-Match": etag}).status_code == 200
    assert alice.put(path, json={"note": "x"}, headers={"If-Match": etag}).status_code == 412
    assert alice.get(f"{alice.path}/changes?since={token}").json["reset"] is True
    assert backend.nobody.get("/api/v1/prices").headers["ETag"] != prices


def test_an_admin_may_be_asked_for_everything(run, backend):
    outcome = run("add-admin", "boss", typed=f"boss@example.com\n{PASSWORDS}")
    assert outcome.exit_code == 0
    assert "correct-horse" not in outcome.output
    assert backend.login("boss", "correct-horse")


def test_an_account_that_is_there_becomes_an_admin(run, backend, alice):
    assert run("add-admin", "Alice").exit_code == 0
    assert alice.get("/api/v1/messages").status_code == 200
    assert backend.count(Account) == 1


@pytest.mark.parametrize(
    ("username", "email", "typed"),
    [
        ("a", "a@example.com", PASSWORDS),
        ("boss", "nothing", PASSWORDS),
        ("boss", "a@example.com", "short\n"),
    ],
)
def test_an_admin_that_cannot_be_is_told_so(run, backend, username, email, typed):
    outcome = run("add-admin", username, "--email", email, typed=typed)
    assert outcome.exit_code == 1
    assert "Error: Some fields are wrong." in outcome.output
    assert backend.count(Account) == 0


def test_a_new_password_logs_out_everywhere(run, backend):
    alice = backend.register("alice", "old-horse-old")
    outcome = run("set-password", "ALICE", typed=PASSWORDS)
    assert outcome.exit_code == 0
    assert alice.get(alice.path).status_code == 401
    assert backend.login("alice", "correct-horse")
    assert run("set-password", "nobody", typed=PASSWORDS).output == "Error: No such account\n"


def test_the_sample_goes_into_an_empty_database_only(run, backend, nobody):
    assert run("load-sample").output == "The sample is loaded.\n"
    assert run("load-sample").output == "The database is not empty: nothing loaded.\n"
    prices = {"apples": 1.35, "bananas": 2.48, "water": 9.13, "bread": 2.51}
    for name, price in prices.items():
        assert nobody.get(f"/itemprice?itemname={name}").json == {"name": name, "price": price}
    assert nobody.get("/users").json == [
        {"username": "user1", "pets": ["dog"]},
        {"username": "user2", "pets": []},
        {"username": "user3", "pets": ["duck", "duck", "goose"]},
        {"username": "user4", "pets": ["hamster"]},
    ]


def test_routes_and_version_are_told(run):
    listed = run("routes").output
    assert "GET     /itemprice " in listed
    assert listed.count("\n") > 30
    assert __version__ in run("--version").output


@pytest.fixture
def price_file(tmp_path):
    def write(content, name="prices.csv", encoding="utf-8"):
        file = tmp_path / name
        file.write_bytes(content.encode(encoding))
        return file

    return write


def test_a_price_list_is_imported_and_again_without_a_change(run, price_file, nobody):
    file = price_file("name,price,currency,unit\nÄpfel,1.35,CHF,kg\nBrot,2.5,,\n")
    assert "New prices: 2. Changed: 0. As they were: 0." in run("import-prices", file).output
    assert nobody.get("/api/v1/prices/äpfel").json["currency"] == "CHF"
    assert nobody.get("/api/v1/prices/brot").json["currency"] == "EUR"
    etag = nobody.get("/api/v1/prices").headers["ETag"]
    assert "New prices: 0. Changed: 0. As they were: 2." in run("import-prices", file).output
    assert nobody.get("/api/v1/prices").headers["ETag"] == etag
    file = price_file("name,price,currency,unit\nÄpfel,1.40,CHF,kg\nMilch,1,,\n")
    assert "New prices: 1. Changed: 1. As they were: 0." in run("import-prices", file).output
    assert nobody.get("/api/v1/prices/äpfel").json["price"] == 1.4


def test_a_server_currency_is_the_default_of_a_file(run, price_file, nobody):
    run("import-prices", price_file("name,price\na,1\n"), CURRENCY="JPY")
    assert nobody.get("/api/v1/prices/a").json["currency"] == "JPY"


def test_columns_have_whatever_names_and_delimiter(run, price_file, nobody):
    file = price_file("\ufeffBezeichnung;Größe;Preis;W\nMilch;1 l;1.09;chf\n")
    options = ["--name", "Bezeichnung", "--name", "Größe", "--price", "Preis", "--currency", "W"]
    assert run("import-prices", file, *options, "--delimiter", ";").exit_code == 0
    shown = nobody.get("/api/v1/prices/Milch 1 l").json
    assert [shown["price"], shown["currency"]] == [1.09, "CHF"]


def test_a_line_break_in_a_name_stays_as_it_is(run, price_file, nobody):
    run("import-prices", price_file('name,price\r\n"a\r\nb",1\r\n'))
    (price,) = nobody.get("/api/v1/prices").json["prices"]
    assert price["name"] == "a\r\nb"


BAD = """name,price,currency
good,1,EUR
,1,EUR
dear,1.00001,EUR
"two
lines",x,EUR
Good,2,EUR
odd,1,ZZZ
short
"""


def test_bad_rows_are_named_by_line_and_nothing_is_half_imported(run, backend, price_file):
    outcome = run("import-prices", price_file(BAD))
    assert outcome.exit_code == 1
    for reason in (
        "line 3: name: Must have 1 to 255 characters: ``.",
        "line 4: price: At most 4 decimals: `1.00001`.",
        "line 5: price: Not a number: `x`.",
        "line 7: name: 'Good' has a price on line 2 already.",
        "line 8: currency: Not an ISO 4217 currency code: `ZZZ`.",
        "line 9: price: Not a number: ``.",
        "Error: 6 rows are wrong; nothing was imported.",
    ):
        assert reason in outcome.output
    assert backend.count(ItemPrice) == 0


def test_the_rest_may_be_imported_and_prices_rounded_if_asked_for(run, backend, price_file, nobody):
    assert run("import-prices", price_file(BAD), "--skip-bad").exit_code == 0
    assert backend.count(ItemPrice) == 1
    outcome = run("import-prices", price_file(BAD), "--skip-bad", "--round")
    assert "New prices: 1." in outcome.output
    assert "line 4" not in outcome.output
    assert nobody.get("/api/v1/prices/dear").json["price"] == 1


@pytest.fixture
def script(database_url, tmp_path):
    """Run a script whose command `todo-api` is the real one."""

    def script(text):
        text = text.replace("todo-api", f"{sys.executable} -m todo_api")
        return subprocess.run(
            [shutil.which("bash"), "-c", text],
            check=False,
            cwd=tmp_path,
            env={**os.environ, "DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )

    return script


@pytest.mark.parametrize("source", ["-", "/dev/stdin", "pipe", "<(cat)"])
def test_a_price_list_may_come_through_a_pipe(script, nobody, source):
    """It comes in pieces, and can be read from its beginning only, and once."""
    pieces = "{ printf 'name;'; sleep 0.2; printf 'price\nKäse;1,35\n'; }"
    to_pipe = f"mkfifo pipe; ({pieces} > pipe &); " if source == "pipe" else ""
    outcome = script(f"{to_pipe}{pieces} | todo-api import-prices {source}")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout == "New prices: 1. Changed: 0. As they were: 0.\n"
    assert nobody.get("/api/v1/prices/Käse").json["price"] == 1.35


def test_a_sqlite_file_on_standard_input_is_told_to_be_named(script):
    outcome = script("printf 'SQLite format 3\\0' | todo-api import-prices -")
    assert outcome.returncode == 1
    assert outcome.stderr == "Error: A price list in SQLite has to be a file; give its path.\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "The file is empty."),
        ("name,price,name\na,1,b\n", "has more than one column `name`"),
        ("item,price\na,1\n", "The header `item,price` has no column `name`."),
        ("name,cost\na,1\n", "has no column `price`"),
        ('name,price\n"a,1\n', "The CSV cannot be parsed"),
        ("SQLite format 3\0 and no more", "This is no price list in SQLite"),
    ],
)
def test_a_file_that_is_no_price_list_is_told_so(run, price_file, content, reason):
    outcome = run("import-prices", price_file(content))
    assert outcome.exit_code == 1
    assert reason in outcome.output


def test_a_row_with_more_cells_than_columns_is_bad(run, backend, price_file):
    """A decimal comma makes one: what is left of it must not become the price."""
    outcome = run("import-prices", price_file("name,price\nwine,1,50\n"))
    assert "line 2: There is no column for `50`." in outcome.output
    assert backend.count(ItemPrice) == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--currency", "currncy"], "has no column `currncy`."),
        (["--unit", "unit"], "has no column `unit`"),
        (["--delimiter", ";;"], "Error: The delimiter must be one character, "),
        (["--delimiter", ""], "Error: The delimiter must be one character, "),
    ],
)
def test_an_option_that_does_not_fit_the_file_is_refused(run, backend, price_file, options, reason):
    outcome = run("import-prices", price_file("name,price,currency\na,1,CHF\n"), *options)
    assert outcome.exit_code == 1
    assert reason in outcome.output
    assert backend.count(ItemPrice) == 0


def test_columns_may_be_apart_by_tabs(run, price_file, nobody):
    assert (
        run("import-prices", price_file("name\tprice\na\t1\n"), "--delimiter", "\\t").exit_code == 0
    )
    assert nobody.get("/api/v1/prices/a").json["price"] == 1


def test_a_file_in_another_encoding_is_told_so(run, price_file):
    outcome = run("import-prices", price_file("name,price\nÄpfel,1\n", encoding="latin-1"))
    assert (outcome.exit_code, "Line 2 is not in UTF-8" in outcome.output) == (1, True)


def test_the_sources_own_sqlite_file_is_imported(run, tmp_path, nobody):
    file = tmp_path / "source.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE Pricelist(name VARCHAR, price REAL)")
    rows = [("apples", 1.35), ("bananas", 2.48), ("water", 9.13), ("0.1 + 0.2", 0.3), ("ten", 10)]
    connection.executemany("INSERT INTO Pricelist VALUES (?, ?)", rows)
    connection.commit()
    connection.close()
    assert "New prices: 5." in run("import-prices", file).output
    for name, price in rows:
        asked = nobody.get("/itemprice", query_string={"itemname": name})
        assert asked.json == {"name": name, "price": price}
    assert "has the columns name and price" in run("import-prices", file, "--price", "x").output
    outcome = run("import-prices", file)
    assert "As they were: 5." in outcome.output


def test_a_bad_row_of_a_sqlite_file_is_named_by_its_number(run, tmp_path):
    file = tmp_path / "source.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE Pricelist(name, price)")
    connection.executemany("INSERT INTO Pricelist VALUES (?, ?)", [(7, 1), ("wine", "dear")])
    connection.commit()
    connection.close()
    output = run("import-prices", file).output
    assert "line 1: name: Must have 1 to 255 characters: ``." in output
    assert "line 2: price: Not a number: `dear`." in output


def test_a_large_price_list_is_imported_whole_with_its_currencies(run, price_file, nobody):
    """A list as large and as mixed as a real one: many currencies, the largest price exact."""
    codes = ["ARS", "AUD", "HRK", "VEF", "VES", "KWD", "JPY", "VND", "EUR"]
    rows = [
        (f"Big sandwich {number}", f"{number * 37 % 977}.{number % 10_000:04}", codes[number % 9])
        for number in range(2_400)
    ]
    rows.append(("Big sandwich Vietnam", "16020000", "VND"))
    file = price_file("")
    with file.open("w", newline="", encoding="utf-8") as output:
        csv.writer(output).writerows([("item", "local_price", "code"), *rows])
    options = ["--name", "item", "--price", "local_price", "--currency", "code"]
    outcome = run("import-prices", file, *options)
    assert f"New prices: {len(rows)}." in outcome.output
    answer = nobody.get("/itemprice?itemname=Big sandwich Vietnam")
    assert answer.text == '{"name":"Big sandwich Vietnam","price":16020000}'
    seen, path = {}, "/api/v1/prices?limit=200"
    while path:
        page = nobody.get(path).json
        seen |= {price["name"]: (price["price"], price["currency"]) for price in page["prices"]}
        path = page["next"]
    assert seen == {name: (float(price), code) for name, price, code in rows}


TASK_FILES = {
    "tasks.json": b'\xef\xbb\xbf{"tasks": [{"name": "Apples", "due_date": "2030-05-01"}]}',
    "tasks.csv": b"name;due_date\nApples;2030-05-01\n",
    "tasks.ics": b"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VTODO\nUID:1\nSUMMARY:Apples\n"
    b"DUE;VALUE=DATE:20300501\nEND:VTODO\nEND:VCALENDAR\n",
}


@pytest.mark.parametrize("name", TASK_FILES)
@pytest.mark.parametrize("is_piped", [False, True], ids=["a file", "standard input"])
def test_tasks_are_imported_from_each_format(run, alice, tmp_path, name, is_piped):
    if is_piped:
        named = ["--format", name.partition(".")[2]]
        outcome = run("import-tasks", "alice", "-", *named, typed=TASK_FILES[name])
    else:
        (tmp_path / name).write_bytes(TASK_FILES[name])
        outcome = run("import-tasks", "Alice", name)
    assert (outcome.exit_code, outcome.output) == (0, "New tasks: 1.\n")
    (task,) = alice.get(alice.tasks).json["tasks"]
    assert (task["name"], task["due_date"]) == ("Apples", "2030-05-01")


def test_an_import_of_tasks_tells_what_it_skips_of_another_programs_file(run, alice, tmp_path):
    alarm = b"BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT1H\nEND:VALARM\nEND:VTODO"
    content = TASK_FILES["tasks.ics"].replace(b"END:VTODO", alarm)
    (tmp_path / "tasks.ics").write_bytes(content)
    outcome = run("import-tasks", "alice", "tasks.ics")
    assert outcome.exit_code == 0
    assert outcome.stderr.startswith("VALARM, 1 times (8): ")
    assert outcome.stdout == "New tasks: 1.\n"


@pytest.mark.parametrize(
    ("arguments", "content", "told"),
    [
        (["alice", "-"], b"name\na\n", "--format"),
        (["nobody", "-", "--format", "csv"], b"name\na\n", "No such account"),
        (["alice", "-", "--format", "csv"], b"name,due_date\na,soon\n", "line 2"),
        (["alice", "-", "--format", "json"], b"{", "JSON"),
        (["alice", "-", "--format", "csv", "--delimiter", "x"], b"name\na\n", "delimiter"),
    ],
)
def test_tasks_that_cannot_be_imported_are_told_in_a_line(run, alice, arguments, content, told):
    outcome = run("import-tasks", *arguments, typed=content)
    assert outcome.exit_code in (1, 2)
    assert told in outcome.stderr
    assert "Traceback" not in outcome.output
    assert alice.get(alice.tasks).json["tasks"] == []
