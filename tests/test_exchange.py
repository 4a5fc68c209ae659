"""Export and import: an account's tasks, out and in again without loss."""

import csv
import io
import json
import tracemalloc
import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import pytest

from todo_api.errors import Invalid, Malformed
from todo_api.models import Task
from todo_api.resources import json_text

FORMATS = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
}
CALENDAR = "BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n"
DATED = {"name": "x", "due_date": "2030-01-01"}
TODO = "BEGIN:VTODO\r\nSUMMARY:{}\r\n{}END:VTODO\r\n"


def export(client, format_):
    answer = client.get(f"{client.path}/export?format={format_}")
    assert answer.status_code == 200, answer.json
    return answer


def load(client, content, media="application/json", **headers):
    return client.post(f"{client.path}/import", data=content, content_type=media, headers=headers)


def all_tasks(client):
    listed = client.get(f"{client.tasks}?limit=200").json["tasks"]
    for task in listed:
        del task["id"], task["revision"], task["etag"]
    return listed


def fill(backend, client):
    """Store one task of each kind that may be hard to move."""
    backend.price("apples", 13333)
    bought = client.task(name="bought", item="Apples", quantity="1.5", completed=True).json["id"]
    client.patch(f"{client.tasks}/{bought}", json={"quantity": "7.0001"})
    client.task(name="free", item="nowhere", completed=True)
    client.task(
        name=" \té\u0301\U0001f6d2\u202e ", note="a\r\nb\rc\n\x01\x7f\u2028,;\\N\\n\"'\ufeff "
    )
    client.task(name="=1+1", note="", due_date="2030-12-24")
    client.task(name="moment", due_date="2030-12-24T18:00:00.000001+05:30")
    client.task(name="wall", due_date="24/12/2030 18:00:00", quantity="0.0001")
    gone = client.task(name="gone").json["id"]
    client.delete(f"{client.tasks}/{gone}")


@pytest.mark.parametrize("format_", FORMATS)
def test_what_was_exported_is_imported_as_it_was(backend, alice, bob, format_):
    alice.patch(alice.path, json={"timezone": "Asia/Tokyo"})
    fill(backend, alice)
    exported = export(alice, format_)
    assert exported.headers["Content-Type"] == FORMATS[format_]
    assert exported.headers["Content-Disposition"] == f'attachment; filename="tasks.{format_}"'
    assert int(exported.headers["Content-Length"]) == len(exported.data)
    answer = load(bob, exported.data, FORMATS[format_])
    assert (answer.status_code, answer.json) == (200, {"imported": 6, "skipped": []})
    assert all_tasks(bob) == all_tasks(alice)
    assert [task["name"] for task in all_tasks(bob)][:2] == ["bought", "free"]
    again = load(bob, export(bob, format_).data, FORMATS[format_])
    assert again.json["imported"] == 6
    assert len(all_tasks(bob)) == 12


def test_a_price_that_was_paid_goes_along_with_its_task(backend, alice, bob):
    fill(backend, alice)
    load(bob, export(alice, "csv").data, "text/csv")
    paid = [task["paid"] for task in all_tasks(bob)]
    assert paid[:2] == [{"amount": 9.33, "currency": "EUR"}, None]
    with backend.session() as session:
        prices = {task.paid_price for task in session.query(Task) if task.name == "bought"}
    assert prices == {13333}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_each_time_without_an_offset_in_a_file_is_in_the_zone_of_the_account(alice, zone):
    alice.patch(alice.path, json={"timezone": zone})
    there = datetime(2026, 3, 1, 23, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    names = ("due_date", "creation_date", "completed_date")
    as_excel_writes_it, as_people_do = "2026-03-01 23:30", "01/03/2026 23:30:00"
    cells = f"{as_excel_writes_it},{as_people_do},{as_excel_writes_it}"
    load(alice, f"name,{','.join(names)}\nx,{cells}\n", "text/csv")
    load(alice, json.dumps({"tasks": [{"name": "x", **dict.fromkeys(names, as_people_do)}]}))
    shown = [[task[name] for name in names] for task in all_tasks(alice)]
    assert shown == [[f"{there:%Y-%m-%dT%H:%M:%S}Z"] * 3] * 2


def test_the_month_is_first_in_each_time_of_a_file_that_is_said_to_have_it_first(alice):
    path = f"{alice.path}/import?date_order=mdy"
    content = "name,due_date,creation_date\nx,{},01/02/2026 08:00:00\n"
    times = {"03/04/2030 10:00:00": "03-04", " 12/31/2030 10:00:00": "12-31"}
    for time in times:
        answer = alice.post(path, data=content.format(time), content_type="text/csv")
        assert answer.status_code == 200, answer.json
    assert [(task["due_date"], task["creation_date"]) for task in all_tasks(alice)] == [
        (f"2030-{day}T10:00:00Z", "2026-01-02T08:00:00Z") for day in times.values()
    ]
    answer = alice.post(path, data=content.format("31/12/2030 10:00:00"), content_type="text/csv")
    reason = "due_date: There is no such day or time: `31/12/2030 10:00:00`."
    assert answer.json["errors"] == {"line 2": [reason]}


def test_an_export_whose_words_excel_has_put_in_capitals_is_imported_as_it_was(alice, bob):
    alice.task(name="x", note="", completed=True)
    alice.task(name="y")
    exported = export(alice, "csv").data
    assert (exported.count(b"true"), exported.count(b"false")) == (2, 1)
    answer = load(bob, exported.replace(b"true", b"TRUE").replace(b"false", b"FALSE"), "text/csv")
    assert answer.status_code == 200, answer.json
    assert all_tasks(bob) == all_tasks(alice)


def test_an_account_without_tasks_is_exported_too(alice, bob):
    for format_, media in FORMATS.items():
        assert load(bob, export(alice, format_).data, media).json["imported"] == 0
    assert export(alice, "json").json == {"tasks": []}
    assert alice.get(f"{alice.path}/export").data == export(alice, "json").data


def test_a_list_of_tasks_can_be_sent_back(backend, alice, bob):
    fill(backend, alice)
    listed = alice.get(f"{alice.tasks}?total=true")
    assert load(bob, listed.data).json["imported"] == 6
    assert all_tasks(bob) == all_tasks(alice)


def test_an_export_has_the_etag_of_the_list(alice):
    alice.task()
    exported, listed = export(alice, "csv"), alice.get(alice.tasks)
    assert exported.headers["ETag"] == listed.headers["ETag"]
    known = {"If-None-Match": exported.headers["ETag"]}
    answer = alice.get(f"{alice.path}/export?format=csv", headers=known)
    assert (answer.status_code, answer.data) == (304, b"")
    head = alice("HEAD", f"{alice.path}/export?format=csv")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(exported.data)))
    alice.task()
    assert alice.get(f"{alice.path}/export?format=csv", headers=known).status_code == 200


@pytest.mark.parametrize("query", ["format=xml", "format=", "limit=1", "format=csv&format=ics"])
def test_an_export_knows_its_formats_and_no_other_parameter(alice, query):
    assert alice.get(f"{alice.path}/export?{query}").status_code == 422
    assert alice.post(f"{alice.path}/import?{query}", json={"tasks": []}).status_code == 422


def test_a_large_export_is_not_held_in_memory(backend, alice, bob):
    note = "x" * 10_000
    sent = orjson.dumps({"tasks": [{"name": f"{n}", "note": note} for n in range(600)]})
    assert load(alice, sent).json["imported"] == 600
    tracemalloc.start()
    answer = alice.get(f"{alice.path}/export?format=ics")
    pieces = answer.iter_encoded()
    length = len(next(pieces))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    length += sum(len(piece) for piece in pieces)
    assert length == int(answer.headers["Content-Length"]) > 6_000_000
    assert peak < length / 2
    answer.close()


def test_imported_tasks_have_ids_and_revisions_of_their_own_in_the_order_of_the_file(alice):
    first = alice.task(name="z")
    since = alice.get(f"{alice.path}/changes").json["next"]
    answer = load(alice, b"name\nc\na\nb\n", "text/csv")
    assert answer.headers["ETag"] == alice.get(alice.tasks).headers["ETag"]
    assert "Location" not in answer.headers
    changes = alice.get(f"{alice.path}/changes?since={since}").json["changes"]
    assert [task["name"] for task in changes] == ["c", "a", "b"]
    last = first.json["id"]
    assert [task["id"] for task in changes] == [last + 1, last + 2, last + 3]
    assert [task["revision"] for task in changes] == [last + 1, last + 2, last + 3]
    assert alice.task().json["id"] == last + 4


def test_what_was_imported_is_found_sorted_and_changed_like_any_other_task(alice):
    load(alice, "name,due_date,note\nÉclair,2030-01-02,Ärger\nb,2030-01-01,\n".encode(), "text/csv")
    listed = alice.get(f"{alice.tasks}?sort=due_date&due_after=2029-12-31").json["tasks"]
    assert [task["name"] for task in listed] == ["b", "Éclair"]
    (found,) = alice.get(f"{alice.tasks}?q=ÄRGER").json["tasks"]
    answer = alice.patch(f"{alice.tasks}/{found['id']}", json={"completed": True})
    assert answer.json["completed_date"]


@pytest.mark.parametrize(
    ("content", "media", "place"),
    [
        (b'{"tasks": [{"name": "good"}, {"name": ""}]}', "application/json", "tasks[1]"),
        (b"name,note\ngood,\n ,x\n", "text/csv", "line 3"),
    ],
)
def test_of_a_file_with_a_bad_task_nothing_is_imported(backend, alice, content, media, place):
    answer = load(alice, content, media)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [place]
    assert backend.count(Task) == 0


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"tasks": [{"name": "\xff"}]}', "application/json", 400),
        (b"[]", "application/json", 422),
        (b" ", "application/json", 422),
        (b"\n", "text/csv", 422),
        (b'name\n"x', "text/csv", 400),
        (b"name\n\xff", "text/csv", 400),
        (b"\r\n", "text/calendar", 422),
        (b"name\nx\n", "text/calendar", 422),
        (b"BEGIN:VCALENDAR\nX:\xff\nEND:VCALENDAR", "text/calendar", 400),
        (b"name\nx\n", "text/plain", 415),
        (b"name=x", "application/x-www-form-urlencoded", 415),
    ],
)
def test_what_is_no_file_of_tasks_is_refused(backend, alice, content, media, status):
    answer = load(alice, content, media)
    assert answer.status_code == status, answer.json
    assert backend.count(Task) == 0


def test_a_file_may_be_too_large(backend, alice):
    small = backend.with_settings(import_max=1).someone("alice")
    content = b"name\n" + b"x\n" * 2**19
    assert load(small, content, "text/csv").status_code == 413
    assert load(small, content[:1000], "text/csv").json["imported"] == 498


def test_a_file_may_be_the_part_of_a_form(alice):
    part = {"file": (io.BytesIO(b"name\nx\n"), "mine.CSV")}
    answer = alice.post(f"{alice.path}/import", data=part)
    assert answer.json == {"imported": 1, "skipped": []}


def test_a_calendar_says_what_it_skipped(alice):
    content = CALENDAR.format(
        TODO.format("a", "PRIORITY:1\r\n") + TODO.format("b", "PRIORITY:2\r\nRRULE:x\r\n")
    )
    answer = load(alice, content, "text/calendar")
    nothing = "Tasks have nothing like it here."
    assert answer.status_code == 200
    assert answer.json == {
        "imported": 2,
        "skipped": [
            {"what": "PRIORITY", "reason": nothing, "count": 2, "lines": [4, 8]},
            {"what": "RRULE", "reason": nothing, "count": 1, "lines": [9]},
        ],
    }
    assert [task["name"] for task in all_tasks(alice)] == ["a", "b"]


SERIES = """BEGIN:VTODO
UID:r@x
DTSTAMP:20260101T000000Z
SUMMARY:Water the plants
RRULE:FREQ=WEEKLY
DTSTART;TZID=Europe/Paris:20300107T090000
DUE;TZID=Europe/Paris:20300107T090000
END:VTODO
BEGIN:VTODO
UID:r@x
DTSTAMP:20260101T000000Z
SUMMARY:Water the plants
RECURRENCE-ID;TZID=Europe/Paris:20300107T090000
DUE;TZID=Europe/Paris:20300107T090000
STATUS:COMPLETED
COMPLETED:20260107T091500
END:VTODO
BEGIN:VTODO
DTSTAMP:20260101T000000Z
DESCRIPTION:call mum\\nabout sunday
DUE;TZID="(UTC-05:00) Eastern Time (US & Canada)":20300701T120000
END:VTODO
BEGIN:VTODO
DTSTAMP:20260101T000000Z
SUMMARY:{}
STATUS:COMPLETED
END:VTODO
"""


def test_what_another_program_writes_is_understood_and_goes_out_and_in_again(backend, alice, bob):
    alice.patch(alice.path, json={"timezone": "Europe/Berlin"})
    long = "x" * 256
    answer = load(alice, CALENDAR.format(SERIES.format(long)), "text/calendar")
    assert answer.json["imported"] == 4, answer.json
    weekly, watered, mum, cut = all_tasks(alice)
    assert (weekly["due_date"], weekly["completed"]) == ("2030-01-14T08:00:00Z", False)
    assert watered["due_date"] == "2030-01-07T08:00:00Z"
    assert watered["completed_date"] == "2026-01-07T08:15:00Z"
    assert (mum["name"], mum["note"]) == ("call mum", "call mum\nabout sunday")
    assert mum["due_date"] == "2030-07-01T16:00:00Z"
    assert (cut["name"], cut["note"]) == (f"{'x' * 254}…", long)
    assert cut["completed_date"] == "2026-01-01T00:00:00Z"
    told = {each["what"]: each["lines"] for each in answer.json["skipped"]}
    assert list(told) == ["RRULE", "DTSTART", "RECURRENCE-ID", "SUMMARY", "STATUS"]
    assert list(told.values()) == [[6], [7], [14], [26], [27]]
    again = load(bob, export(alice, "ics").data, "text/calendar")
    assert again.json == {"imported": 4, "skipped": []}
    assert all_tasks(bob) == all_tasks(alice)


OLD = """BEGIN:VCALENDAR
VERSION:1.0
BEGIN:VTODO
SUMMARY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:K=C3=A4se=
 kaufen
DUE:20300105T100000Z
STATUS:NEEDS ACTION
END:VTODO
END:VCALENDAR
"""


@pytest.mark.parametrize("media", ["text/calendar", "text/x-vcalendar"])
def test_an_old_calendar_is_imported(alice, media):
    answer = load(alice, OLD.replace("\n", "\r\n"), media)
    assert answer.json == {"imported": 1, "skipped": []}
    ((name, due),) = [(task["name"], task["due_date"]) for task in all_tasks(alice)]
    assert (name, due) == ("Käse kaufen", "2030-01-05T10:00:00Z")


def test_the_uid_of_a_task_in_a_calendar_stays(alice, bob):
    alice.task(name="a")
    bob.task(name="a")

    def uids(client):
        lines = export(client, "ics").text.split("\r\n")
        return [line for line in lines if line.startswith("UID:")]

    before = uids(alice)
    alice.patch(f"{alice.tasks}/2", json={"name": "b", "due_date": "2030-01-01"})
    alice.task(name="c")
    assert uids(alice)[:1] == before
    assert len({*uids(alice), *uids(bob)}) == 3


@pytest.mark.parametrize("as_form", [False, True])
def test_an_import_can_be_repeated_under_a_key(backend, alice, as_form):
    key = {"Idempotency-Key": str(uuid.uuid4())}

    def send(content):
        if as_form:
            part = {"file": (io.BytesIO(content), "tasks.csv")}
            return alice.post(f"{alice.path}/import", data=part, headers=key)
        return load(alice, content, "text/csv", **key)

    first, again = send(b"name\nx\n"), send(b"name\nx\n")
    assert (first.status_code, first.data) == (again.status_code, again.data) == (200, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert send(b"name\ny\n").status_code == 422
    assert backend.count(Task) == 1


def test_json_with_too_many_values_is_not_even_parsed(alice):
    answer = load(alice, b'{"tasks": [' + b"[]," * 1_000_000 + b"[]]}")
    assert (answer.status_code, "errors" in answer.json) == (422, False)
    assert "2,000,000 values" in answer.json["message"]
    assert json_text.parse(b'{"a": [1, "x,[{\\"{,"]}', most=4) == {"a": [1, 'x,[{"{,']}
    with pytest.raises(Invalid, match="more than 3 values"):
        json_text.parse(b"[[[[]]]]", most=3)
    quotes = b'"' + b'\\"' * 2**20
    for broken in (quotes, quotes + b"\\"):
        with pytest.raises(Malformed):
            json_text.parse(broken, most=3)


def test_json_with_a_mark_is_a_file_too(alice):
    content = b'\xef\xbb\xbf{"tasks":[{"name":"bom"}]}'
    assert load(alice, content).json == {"imported": 1, "skipped": []}
    part = {"file": (io.BytesIO(content), "tasks.json")}
    assert alice.post(f"{alice.path}/import", data=part).json["imported"] == 1


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        (
            "cp1252",
            (
                "Line 3 of the calendar is not valid UTF-8. It looks like Windows-1252."
                " Save the file as UTF-8."
            ),
        ),
        ("utf-16", "The calendar is in UTF-16. Save it as UTF-8."),
        ("utf-16-le", "The calendar is in UTF-16. Save it as UTF-8."),
    ],
)
def test_a_calendar_in_another_encoding_is_told_which(alice, encoding, message):
    content = CALENDAR.format(TODO.format("Käse", "")).encode(encoding)
    answer = load(alice, content, "text/calendar")
    assert (answer.status_code, answer.json["message"]) == (400, message)


EXCEL = "format=csv&excel=true"


@pytest.mark.parametrize("query", [EXCEL, f"{EXCEL}&delimiter=;", "format=csv&delimiter=%3B"])
def test_an_export_for_excel_is_imported_as_it_was(backend, alice, bob, query):
    fill(backend, alice)
    for number, quantity in enumerate(["1.299", "12.5", "1299", "0.001", "1234.567"]):
        alice.task(name=f"q{number}; x", quantity=quantity)
    exported = alice.get(f"{alice.path}/export?{query}")
    assert exported.status_code == 200
    assert exported.data.startswith(b"\xef\xbb\xbf") is ("excel" in query)
    answer = load(bob, exported.data, "text/csv")
    assert answer.json == {"imported": 11, "skipped": []}, answer.json
    assert all_tasks(bob) == all_tasks(alice)


def test_a_semicolon_goes_with_decimal_commas_that_cannot_be_thousands(alice):
    alice.task(name="a", quantity="1.299")
    alice.task(name="b", quantity="1.5")
    rows = alice.get(f"{alice.path}/export?format=csv&delimiter=;").text.splitlines()
    assert rows[0].startswith("name;note;due_date;")
    assert [row.split(";")[6] for row in rows[1:]] == ["1,2990", "1,5"]
    assert ",1.299," in export(alice, "csv").text


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_an_export_may_be_without_formulas(alice, bob, delimiter):
    texts = ["=1+1", "+1", "-1", "@x", "\ta", "\ra", "1=1", "'=x", "a"]
    for text in texts:
        alice.task(name=f"{text}x", note=text, item=f"{text}y")
    query = f"format=csv&escape_formulas=true&delimiter={delimiter}"
    content = alice.get(f"{alice.path}/export?{query}").data
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))
    escaped = [f"'{text}" for text in texts[:6]] + texts[6:]
    assert [row["note"] for row in rows] == escaped
    assert [row["name"] for row in rows] == [f"{text}x" for text in escaped]
    assert [row["item"] for row in rows] == [f"{text}y" for text in escaped]
    for row in rows:
        assert not any((cell or "x").startswith(tuple("=+-@\t\r")) for cell in row.values())
    plain = list(csv.DictReader(io.StringIO(export(alice, "csv").text, newline="")))
    assert [row["note"] for row in plain] == texts
    assert load(bob, content, "text/csv").json["imported"] == len(texts)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("format=json&excel=true", "excel"),
        ("excel=true", "excel"),
        ("format=ics&delimiter=;", "delimiter"),
        ("escape_formulas=true", "escape_formulas"),
        ("format=csv&excel=perhaps", "excel"),
        ("format=csv&delimiter=|", "delimiter"),
        ("format=csv&delimiter=", "delimiter"),
        ("format=csv&escape_formulas=2", "escape_formulas"),
    ],
)
def test_how_a_csv_is_written_is_asked_for_csv_only(alice, query, field):
    answer = alice.get(f"{alice.path}/export?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
