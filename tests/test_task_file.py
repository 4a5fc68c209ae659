"""Tasks in files: what goes out comes in again, in each format."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo_api.errors import Invalid, Malformed
from todo_api.models import Task
from todo_api.resources import json_text
from todo_api.schemas import csv_table, task_calendar, task_csv, task_file, task_ics
from todo_api.services import exchange
from todo_api.values import moments, money, names
from todo_api.values.currencies import MINOR_UNITS

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


def written(format_, tasks):
    records = (task_file.dumped(task) for task in tasks)
    if format_ == "csv":
        return b"".join(task_csv.dump(records))
    if format_ == "ics":
        return b"".join(task_ics.dump((f"{n}@x", record) for n, record in enumerate(records)))
    return json_text.render({"tasks": list(records)})


def read(format_, content):
    if format_ == "ics":
        rows, skipped = task_calendar.load(content, BERLIN)
        assert skipped.told == []
        return rows
    placed = task_csv.load(content)
    if format_ == "json":
        placed = task_file.in_json(json_text.parse(content))
    return task_file.rows(placed, BERLIN)


def as_row(task):
    names_of = {column.name for column in Task.__table__.columns}
    left_out = {"account_id", "id", "revision", "deleted_date"}
    return {name: getattr(task, name) for name in names_of - left_out}


def stored(**fields):
    """Return a task, not in any database, as it would be stored."""
    known = dict.fromkeys(["note", "item", "due_date", "completed", "completed_date", "paid"])
    known |= {"quantity": money.SCALE, "creation_date": NOW}
    return Task(**exchange.row({**known, **fields}, BERLIN, NOW))


def todo(*lines):
    return ("BEGIN:VTODO", *lines, "END:VTODO")


def in_calendar(*lines):
    return "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""]).encode()


NASTY = "\r\n\t \\;,:\"'Nn=+-@\x01\x0b\x1c\x7f\x85\u2028\ufeff\u0301\u202e\U0001f6d2é"
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(st.one_of(st.sampled_from(NASTY), CHARACTERS), max_size=100)
NAMES = TEXTS.filter(lambda text: 0 < len(names.key(text)) <= names.LONGEST_KEY)
SECONDS = st.integers(0, int(datetime(9998, 12, 31, tzinfo=UTC).timestamp()))
MICROS = st.just(0) | st.integers(0, 999_999)
MOMENTS = st.builds(
    lambda seconds, micros: moments.EARLIEST + timedelta(seconds=seconds, microseconds=micros),
    SECONDS,
    MICROS,
)
DUES = st.none() | MOMENTS | st.dates(date(1970, 1, 2), date(9998, 12, 31))
PRICES = st.integers(0, exchange.HIGHEST_PRICE * money.SCALE)


@st.composite
def tasks(draw):
    completed = draw(st.none() | MOMENTS)
    paid = None
    if completed and draw(st.booleans()):
        paid = {"price": draw(PRICES), "currency": draw(st.sampled_from(sorted(MINOR_UNITS)))}
    return stored(
        name=draw(NAMES),
        note=draw(st.none() | TEXTS),
        item=draw(st.none() | NAMES),
        quantity=draw(st.integers(1, 10_000 * money.SCALE)),
        due_date=draw(DUES),
        creation_date=draw(MOMENTS),
        completed_date=completed,
        paid=paid,
    )


@pytest.mark.parametrize("format_", ["json", "csv", "ics"])
@given(each=st.lists(tasks(), max_size=4))
def test_what_goes_out_comes_in_again(format_, each):
    assert read(format_, written(format_, each)) == [as_row(task) for task in each]


@given(task=tasks())
def test_an_amount_that_was_paid_is_enough(task):
    record = task_file.dumped(task)
    if record["paid"]:
        del record["paid"]["price"]
    (row,) = task_file.rows([("x", record)], BERLIN)
    again = task_file.dumped(Task(**row))
    if again["paid"]:
        del again["paid"]["price"]
    assert again == record


@given(each=st.lists(tasks(), max_size=3))
def test_an_exported_calendar_is_one(each):
    content = written("ics", each)
    lines = content.split(b"\r\n")
    assert lines.pop() == b""
    for line in lines:
        assert len(line) <= 75
        assert not any((octet < 32 and octet != 9) or octet == 127 for octet in line)
    calendar = icalendar.Calendar.from_ical(content)
    assert calendar["VERSION"] == "2.0"
    assert calendar["PRODID"]
    for entry, task in zip(calendar.walk("VTODO"), each, strict=True):
        assert entry["DTSTAMP"].dt
        assert entry["CREATED"].dt == task.creation_date.replace(microsecond=0)
        assert entry["STATUS"] == ("COMPLETED" if task.completed else "NEEDS-ACTION")
        assert ("COMPLETED" in entry) is task.completed
        due = entry["DUE"].dt if "DUE" in entry else None
        assert due == (task.due_at.replace(microsecond=0) if task.due_at else task.due_on)
        assert type(due) is type(task.due_date)
        assert len(entry["SUMMARY"]) == len(task.name.replace("\r\n", "\n"))
        if task.name.isprintable():
            assert entry["SUMMARY"] == task.name
    assert len({str(entry["UID"]) for entry in calendar.walk("VTODO")}) == len(each)


@given(each=st.lists(tasks(), max_size=3))
def test_an_exported_csv_is_a_table(each):
    text = written("csv", each).decode("utf-8")
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == list(task_csv.COLUMNS)
    assert [row[:2] for row in rows] == [[task.name, task.note or ""] for task in each]


def test_what_a_csv_says_of_an_open_task_and_of_one_that_is_done():
    done = {"completed": True, "completed_date": NOW, "note": "", "item": "pears"}
    paid = {"price": 15_000, "currency": "EUR"}
    each = [stored(name="a"), stored(name="b", paid=paid, **done)]
    _, *rows = written("csv", each).decode().splitlines()
    made = "2026-11-20T12:00:00.123456Z"
    assert rows == [
        f"a,,,false,,,1,,,,{made},",
        f"b,,,true,{made},pears,1,1.50,EUR,1.5,{made},true",
    ]


def test_an_exported_json_has_the_fields_that_a_list_has():
    task = stored(name="Äpfel", due_date=date(2030, 1, 1))
    (shown,) = orjson.loads(written("json", [task]))["tasks"]
    assert shown == {
        "name": "Äpfel",
        "note": None,
        "creation_date": "2026-11-20T12:00:00.123456Z",
        "due_date": "2030-01-01",
        "completed": False,
        "completed_date": None,
        "item": None,
        "quantity": 1,
        "paid": None,
    }


def test_a_text_in_a_calendar_is_escaped():
    content = written("ics", [stored(name='a;b,c\\N:d\ne\tf"')])
    assert b'\r\nSUMMARY:a\\;b\\,c\\\\N:d\\ne\tf"\r\n' in content


def test_another_programs_change_counts_more_than_what_was_exact():
    task = stored(name="a\x01b", due_date=datetime(2030, 1, 1, 12, 0, 0, 5, tzinfo=UTC))
    content = written("ics", [task])
    assert read("ics", content) == [as_row(task)]
    changed = content.replace(b"SUMMARY:a\xef\xbf\xbdb", b"SUMMARY:c").replace(
        b"T120000", b"T130000"
    )
    (row,) = read("ics", changed)
    assert (row["name"], row["due_at"]) == ("c", datetime(2030, 1, 1, 13, tzinfo=UTC))


@pytest.mark.parametrize("exact", ["[" * 5000, '"b"', "[]", "x", '"\\ud800"'])
def test_what_is_called_exact_and_is_not_is_overlooked(exact):
    lines = todo("SUMMARY:a", f"X-TODO-API-EXACT-SUMMARY:{exact}")
    rows, _ = task_calendar.load(in_calendar(*lines), BERLIN)
    assert [row["name"] for row in rows] == ["a"]


def bad(content, format_="csv"):
    with pytest.raises((Invalid, Malformed)) as caught:
        read(format_, content)
    return caught.value


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "x", "unknown": 1}, "unknown"),
        ({"name": "x", "note": "x" * 10_001}, "note"),
        ({"name": "x", "quantity": 0}, "quantity"),
        ({"name": "x", "due_date": "tomorrow"}, "due_date"),
        ({"name": "x", "due_date": "9999-01-01"}, "due_date"),
        ({"name": "x", "creation_date": "2026-01-01"}, "creation_date"),
        ({"name": "x", "creation_date": "1969-12-31T23:59:59Z"}, "creation_date"),
        ({"name": "x", "completed_date": "0001-01-01T00:00:00+14:00"}, "completed_date"),
        ({"name": "x", "completed": "yes"}, "completed"),
        ({"name": "x", "completed": False, "completed_date": "2026-01-01T00Z"}, "completed_date"),
        ({"name": "x", "paid": {"price": 1, "currency": "EUR"}}, "paid"),
        ({"name": "x", "completed": True, "paid": {"currency": "EUR"}}, "paid"),
        ({"name": "x", "completed": True, "paid": {"price": 1}}, "paid"),
        ({"name": "x", "completed": True, "paid": {"price": 1, "currency": "XXX"}}, "paid"),
        (
            {"name": "x", "completed": True, "paid": {"price": 1, "amount": 2, "currency": "EUR"}},
            "paid",
        ),
        ({"name": "x", "completed": True, "paid": {"amount": "1.005", "currency": "EUR"}}, "paid"),
        (
            {
                "name": "x",
                "completed": True,
                "quantity": "0.0001",
                "paid": {"amount": 10**12, "currency": "EUR"},
            },
            "paid",
        ),
        ({"name": "x", "id": "1"}, "id"),
        (["x"], "Must be an object."),
    ],
)
def test_a_bad_task_in_json_is_named_by_its_index(record, field):
    error = bad(orjson.dumps({"tasks": [{"name": "good"}, record]}), "json")
    assert error.message == "1 task is wrong; nothing was imported."
    ((place, (text, *_)),) = error.errors.items()
    assert place == "tasks[1]"
    assert text.startswith(field)


@pytest.mark.parametrize("sent", [[], {}, {"tasks": {}}, {"tasks": [], "more": 1}, "x"])
def test_json_without_a_list_of_tasks_is_no_file_of_tasks(sent):
    assert bad(orjson.dumps(sent), "json")


def test_a_task_that_does_not_say_is_new_and_open():
    (row,) = read("json", b'{"tasks": [{"name": "x"}]}')
    assert (row["completed_date"], row["quantity"], row["paid_price"]) == (None, money.SCALE, None)
    assert moments.now() - row["creation_date"] < timedelta(minutes=1)


def test_a_task_that_is_only_completed_was_completed_now_and_nothing_was_paid():
    (row,) = read("json", b'{"tasks": [{"name": "x", "completed": true, "item": "apples"}]}')
    assert moments.now() - row["completed_date"] < timedelta(minutes=1)
    assert row["paid_price"] is None


def test_a_wall_time_is_one_in_the_zone_of_the_account():
    for format_, content in (
        ("json", b'{"tasks": [{"name": "x", "due_date": "2030-07-01T12:00:00"}]}'),
        ("csv", b"name,due_date\nx,01/07/2030 12:00:00\n"),
        ("ics", in_calendar(*todo("SUMMARY:x", "DUE:20300701T120000"))),
    ):
        (row,) = read(format_, content)
        assert row["due_at"] == datetime(2030, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "The file is empty."),
        (b"note\nx\n", "The header `note` has no column `name`."),
        (b"name,nmae\nx,y\n", "{'nmae': ['Unknown column.']}"),
        (b"name,name\nx,y\n", "more than one column `name`"),
        (b"name,note\nx,y,z\n", "{'line 2': ['There is no column for `z`.']}"),
        (b'name\n"a\nb"\nx,y\n', "line 4"),
        (b"name,due_date\nx,2030-01-01\n\ny,never\n", "line 4"),
        (b"name,note,empty_note\nx,y,true\n", "line 2"),
        (b"name,empty_note\nx,WAHR\n", "line 2"),
        (b"name,completed\nx,perhaps\n", "line 2"),
        (b"name,paid_amount,completed\nx,1,true\n", "line 2"),
        (b'name\n"x', "cannot be parsed"),
        (b'name\n"x"y\n', "cannot be parsed"),
        (b"name\n\xff\n", "UTF-8"),
        (b"name\n" + b"x" * 100_001, "100,000"),
        (b"name," * 100_000, "100,000"),
    ],
)
def test_what_is_wrong_in_csv_is_said_with_its_line(content, wrong):
    error = bad(content)
    assert wrong in f"{error.message} {error.errors}"


def test_a_row_of_csv_may_be_so_long_and_no_longer():
    most = b"x" * (csv_table.LONGEST_ROW - 1) + b"\n"
    for before, reason in ((b"", "has no column"), (b"name\n", "255"), (b"name\nx\n", "255")):
        assert reason in f"{bad(before + most).message} {bad(before + most).errors}"
        assert "100,000" in bad(before + b"x" + most).message


@pytest.mark.parametrize(
    ("completed", "paid", "reason"),
    [
        (False, {"price": 1}, "Only what is completed was paid."),
        (True, {}, "Its amount or its price is missing."),
        (True, {"price": 1, "amount": 2}, "The amount is not the price times the quantity."),
        (
            True,
            {"amount": 100_000_001},
            "The amount is more than the quantity can have cost.",
        ),
    ],
)
def test_what_is_wrong_about_what_was_paid_is_said(completed, paid, reason):
    record = {"name": "x", "completed": completed, "paid": {**paid, "currency": "EUR"}}
    error = bad(orjson.dumps({"tasks": [record]}), "json")
    assert error.errors == {"tasks[0]": [f"paid: {reason}"]}


def test_the_highest_price_may_have_been_paid():
    paid = {"amount": 100_000_000, "currency": "EUR"}
    content = orjson.dumps({"tasks": [{"name": "x", "completed": True, "paid": paid}]})
    (row,) = read("json", content)
    assert row["paid_price"] == 100_000_000 * money.SCALE


def test_csv_from_elsewhere_may_have_a_mark_and_fewer_columns_in_any_order():
    content = "\ufeffcompleted,id,revision,name\r\nTRUE,7,9,Äpfel\r\n,,,x".encode()
    first, second = read("csv", content)
    assert (first["name"], bool(first["completed_date"])) == ("Äpfel", True)
    assert (second["name"], second["completed_date"]) == ("x", None)


def test_only_so_many_errors_are_told():
    rows = b"".join(b"x,%d\n" % -number for number in range(50))
    assert len(bad(b"name,quantity\n" + rows).errors) == 20


@pytest.mark.parametrize(
    ("format_", "content"),
    [
        ("csv", b"name\n" + b"x\n" * 1_001),
        ("json", b'{"tasks": [' + b'{"name": "x"},' * 1_000 + b'{"name": "x"}]}'),
        ("ics", b"BEGIN:VTODO\nSUMMARY:x\nEND:VTODO\n" * 1_001),
    ],
)
def test_a_file_of_each_format_holds_no_more_tasks_than_a_file_may(format_, content, monkeypatch):
    monkeypatch.setattr(task_file, "MOST_TASKS", 1_001)
    assert len(read(format_, content)) == 1_001
    monkeypatch.setattr(task_file, "MOST_TASKS", 1_000)
    assert "1,000 tasks" in bad(content, format_).message


def test_a_file_holds_100_000_tasks_at_most():
    assert "100,000 tasks" in bad(b"BEGIN:VTODO\nEND:VTODO\n" * 100_001, "ics").message
