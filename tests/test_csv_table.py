"""CSV as people's programs write it is read the same way wherever it comes in."""

import io

import pytest
from click.testing import CliRunner

from todo_api.cli import main
from todo_api.models import ItemPrice, Task

IMPORT = "/api/v1/prices/import"


@pytest.fixture
def by_command(backend, database_url, monkeypatch, tmp_path):
    """Import prices by the command line, and return what it says if it refuses them."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def send(content, *options):
        file = tmp_path / "prices.csv"
        file.write_bytes(content)
        outcome = CliRunner().invoke(main, ["import-prices", str(file), *options])
        return outcome.output if outcome.exit_code else ""

    return send


@pytest.fixture
def by_http(admin):
    def send(content, **query):
        answer = post(admin, IMPORT, content, query_string=query)
        return "" if answer.status_code == 200 else answer.text.replace('\\"', '"')

    return send


@pytest.fixture(params=["by_command", "by_http"])
def send(request):
    return request.getfixturevalue(request.param)


def post(client, path, content, **options):
    # The test client would tell no length of an empty body.
    length = {"CONTENT_LENGTH": str(len(content))}
    return client.post(
        path, data=content, content_type="text/csv", environ_overrides=length, **options
    )


def prices(client):
    return {each["name"]: each["price"] for each in client.get("/api/v1/prices").json["prices"]}


READABLE = {
    "rows of commas": b"name,price\r\n,\r\nKefir,1.35\r\n,\r\n , \r\n,,,\r\n",
    "a row of commas first": b",,\r\n\r\nname,price\r\nKefir,1.35\r\n",
    "capitals in the header": b"Name,PRICE\nKefir,1.35\n",
    "spaces in the header": b' name ,"Price "\nKefir,1.35\n',
    "trailing commas": b"name,price,,\nKefir,1.35,,\nTea,2,\n,,,,,\n",
    "a column without a name": b"name,,price\nKefir,,1.35\n",
    "fewer cells than columns": b"name,price,unit\nKefir,1.35\n",
    "CR": b"name,price\rKefir,1.35\rTea,2\r",
    "semicolons": b"name;price\nKefir;1.35\n",
    "tabs": b"name\tprice\nKefir\t1.35\n",
    "bars": b"name|price\nKefir|1.35\n",
    "a mark and quotes": b'\xef\xbb\xbf"name";"price"\n"Kefir";"1.35"\n',
    "its delimiter told to Excel": b"sep=;\r\nname;price\r\nKefir;1.35\r\n",
    "a row of quotes first": b'"",""\n"\xc2\xa0"\nname;price\nKefir;1.35\n',
    "a mark and the delimiter": b'\xef\xbb\xbf"sep=|"\r\nname|price\r\nKefir|1.35\r\n',
}


@pytest.mark.parametrize("content", READABLE.values(), ids=READABLE)
def test_what_programs_write_is_read(send, nobody, content):
    assert send(content) == ""
    assert prices(nobody)["Kefir"] == 1.35
    assert set(prices(nobody)) <= {"Kefir", "Tea"}


UNREADABLE = {
    "nothing": (b"", "The file is empty."),
    "nothing but commas": (b"\n,,\n;\n", "The file is empty."),
    "nothing but quotes": (b'"",""\n"",\n', "The file is empty."),
    "nothing but a space": (b"\xc2\xa0\n", "The file is empty."),
    "nothing behind the delimiter": (b"sep=;\n", "The file is empty."),
    "another name": (b"item,price\na,1\n", "The header `item,price` has no column `name`."),
    "another delimiter": (
        b"name:price\na:1\n",
        "The header `name:price` has no column `name`. Is the delimiter `:`?",
    ),
    "a wrong row below the delimiter": (b'sep=;\nname;price\n"a;1\n', "line 3, "),
    "a column twice": (
        b"name,price,Name\na,1,b\n",
        "The header `name,price,Name` has more than one column `name`.",
    ),
    "an unknown column": (b"name,price,currncy\na,1,EUR\n", "currncy"),
    "a value without a column": (b"name,price\nwine,1,50\n", "There is no column for `50`."),
    "a value below no name": (b",name,price\n7,wine,1\n", "There is no column for `7`."),
    "an open quote": (b'name,price\na,1\n"b,1\nc,1\n', 'line 3, `"b,1`'),
    "a long row": (b"name,price\na,1\n" + b"x" * 100_001, "Line 3 has more than 100,000 char"),
    "a long header": (b"name," * 100_000, "Line 1 has more than 100,000 characters."),
    "Windows-1252": (
        "name,price\na,1\nKäse,1.35\n".encode("cp1252"),
        "Line 3 is not in UTF-8. In Windows-1252 it is `Käse,1.35`. Save the file as UTF-8.",
    ),
    "a header in Windows-1252": ("name,price,größe\n".encode("cp1252"), "`name,price,größe`"),
    "UTF-16": ("name,price\na,1\n".encode("utf-16"), "The file is in UTF-16. Save it as UTF-8."),
    "UTF-16 BE": ("\ufeffname,price\na,1\n".encode("utf-16-be"), "The file is in UTF-16."),
    "UTF-16 without a mark": ("name,price\n".encode("utf-16-le"), "The file is in UTF-16."),
    "UTF-16 BE without a mark": ("name,price\n".encode("utf-16-be"), "The file is in UTF-16."),
    "xlsx": (b"PK\x03\x04\x14\0", "The file is an Excel workbook. Save it as CSV in UTF-8."),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1", "The file is an Excel workbook."),
}


@pytest.mark.parametrize(("content", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_told_with_its_place_and_its_cure(backend, send, content, reason):
    assert reason in send(content)
    assert backend.count(ItemPrice) == 0


TASKS = {
    "capitals": b"Name,Due_Date\r\nMilk,2030-12-24\r\n",
    "trailing": b"name,due_date,completed\r\nMilk,2030-12-24,FALSE\r\n,,\r\n,,\r\n",
    "semicolons and a mark": b"\xef\xbb\xbfname;due_date;;\r\nMilk;2030-12-24;;\r\n;;;\r\n",
    "fewer cells": b"due_date,name,note\r2030-12-24,Milk\r",
    "sep": b'"sep=\t"\nname\tdue_date\nMilk\t2030-12-24\n',
}


@pytest.mark.parametrize("content", TASKS.values(), ids=TASKS)
def test_tasks_are_read_as_prices_are(alice, content):
    part = {"file": (io.BytesIO(content), "tasks.csv")}
    answer = alice.post(f"{alice.path}/import", data=part)
    assert answer.json == {"imported": 1, "skipped": []}
    (task,) = alice.get(alice.tasks).json["tasks"]
    assert (task["name"], task["due_date"]) == ("Milk", "2030-12-24")


@pytest.mark.parametrize("content", [each[0].replace(b"price", b"note")
                                     for each in UNREADABLE.values()], ids=UNREADABLE)  # fmt: skip
def test_tasks_that_cannot_be_read_are_told_as_prices_are(backend, alice, content):
    answer = post(alice, f"{alice.path}/import", content)
    assert answer.status_code in (400, 422)
    assert backend.count(Task) == 0


def test_many_rows_of_commas_are_no_tasks(alice):
    content = b"name,note\r\nMilk,\r\n" + b",\r\n" * 200_000
    answer = post(alice, f"{alice.path}/import", content)
    assert answer.json == {"imported": 1, "skipped": []}


def test_columns_that_are_named_are_found_whatever_their_case(by_command, nobody):
    assert by_command("Bezeichnung;PREIS;x\nKäse;1.35;y\n".encode(),
                      "--name", "bezeichnung ", "--price", "Preis") == ""  # fmt: skip
    assert prices(nobody) == {"Käse": 1.35}


def test_columns_that_are_named_as_they_are_leave_out_the_others(by_command, by_http, nobody):
    content = b"name,price,colour\nKefir,1.35,white\n"
    assert "colour: Unknown column." in by_command(content)
    assert by_command(content, "--price", "price") == ""
    assert by_http(content, columns="name:name") == ""
    assert prices(nobody) == {"Kefir": 1.35}


def test_a_file_of_another_delimiter_alone_is_empty(by_command):
    assert by_command(b"::\n:\n", "--delimiter", ":") == "Error: The file is empty.\n"


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_a_delimiter_is_one_character(by_command, delimiter):
    told = by_command(b"name,price\na,1\n", "--delimiter", delimiter)
    assert told == "Error: The delimiter must be one character, and no quote or line end.\n"


def test_a_delimiter_that_does_not_fit_is_told_with_the_one_that_does(by_command):
    told = by_command(b"name,price\na,1\n", "--delimiter", ";")
    assert "The header `name,price` has no column `name`. Is the delimiter `,`?" in told


def in_many(count, row="{n},1,XXX"):
    return "\n".join(["name,price,currency", *map(row.replace("{n}", "{}").format, range(count))])


def test_equal_errors_are_one_line_with_their_count_their_lines_and_their_value(
    backend, by_command, by_http
):
    content = in_many(200).encode()
    place = "line 2, line 3, line 4, line 5, line 6 and 195 more"
    reason = "currency: Not an ISO 4217 currency code: `XXX`."
    assert by_command(content) == (
        f"{place}: {reason}\nError: 200 rows are wrong; nothing was imported.\n"
    )
    assert by_http(content) == (
        '{"status":422,"message":"200 rows are wrong; nothing was imported.",'
        '"code":"validation_failed",'
        f'"errors":{{"{place}":["{reason}"]}}}}'
    )
    assert backend.count(ItemPrice) == 0


def test_equal_errors_are_told_apart_from_others(backend, send):
    told = send(b"name,price,currency\na,x,XXX\nb,x,YYY\nc,1,XXX\n,1,EUR\n")
    for each in (
        ("line 2, line 3", "price: Not a number: `x`."),
        ("line 2, line 4", "currency: Not an ISO 4217 currency code: `XXX`."),
        ("line 3", "currency: Not an ISO 4217 currency code: `YYY`."),
        ("line 5", "name: Must have 1 to 255 characters: ``."),
    ):
        assert all(text in told for text in each), told
    assert "4 rows are wrong" in told


def test_equal_errors_of_json_are_one_too(admin):
    rows = [{"name": str(number), "price": True} for number in range(50)]
    answer = admin.post(IMPORT, json={"prices": rows})
    place = "prices[0], prices[1], prices[2], prices[3], prices[4] and 45 more"
    assert answer.json["errors"] == {place: ["price: Must be a number: `true`."]}


def test_equal_errors_of_tasks_are_one_too(backend, alice):
    content = b"name,quantity\n" + b"x,0\n" * 300 + b"y,many\n"
    answer = post(alice, f"{alice.path}/import", content)
    assert answer.json["errors"] == {
        "line 2, line 3, line 4, line 5, line 6 and 295 more": [
            "quantity: Must be 0.0001 to 10,000: `0`."
        ],
        "line 302": ["quantity: Not a number: `many`."],
    }
    assert answer.json["message"] == "301 tasks are wrong; nothing was imported."
    tasks = [{"name": "x", "due_date": "soon"}] * 30
    answer = alice.post(f"{alice.path}/import", json={"tasks": tasks})
    ((place, (reason,)),) = answer.json["errors"].items()
    assert place == "tasks[0], tasks[1], tasks[2], tasks[3], tasks[4] and 25 more"
    assert reason.startswith("due_date: Must be an ISO 8601 date or time, or dd/mm/yyyy")
    assert reason.endswith(": `soon`.")
    assert backend.count(Task) == 0


def test_a_long_value_is_shown_in_part_and_a_control_character_as_one(backend, send):
    told = send(b"name,price\na,1\x1b[31m2\nb," + b"9x" * 500 + b"\n")
    assert "Not a number: `1\\x1b[31m2`." in told.replace("\\\\", "\\")
    assert f"Not a number: `{'9x' * 29}9…`." in told
