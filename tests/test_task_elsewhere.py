"""Tasks come from other programs, and what has no place here is told."""

import io

import pytest
from test_csv_table import post

from todo_api.models import Task

CURE = "Set `date_order` to `mdy` or `dmy`."
NOTHING = "Tasks have nothing like it here."
IS_OPEN = "A task is open or completed, and this one is open."
IS_COMPLETED = "A task is open or completed, and this one is completed."
ONLY_A_DAY = "It names no time: it is taken as the start of the day in the account's zone."
NOT_WHEN = "It does not say when: the time of the import is taken."
OUT_OF_RANGE = "Must lie in the years 1970 to 9998."
UNKNOWN_ZONE = "The time zone 'Asia/Nowhere' is not known: this is a time in the account's."

TODOIST = b"""TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE
task,Buy milk @errands,two cartons,1,1,Ann (1),,tomorrow at 5pm,en,Europe/Berlin
task,Renew passport,,4,1,Ann (1),,2030-03-10,en,
note,bring a photo,,,,Ann (1),,,,
,,,,,,,,,
section,Later,,,,,,,,
task,Call,,4,2,,,2030-03-10 17:00,en,Europe/Berlin
"""

OUTLOOK = (
    b'"Subject","Start Date","Due Date","Reminder On/Off","Date Completed","% Complete"'
    b',"Categories","Notes","Priority","Private","Sensitivity","Status"\r\n'
    b'"Buy paint","1/3/2030","1/5/2030","False",,"0","Home",,"Normal","False","Normal"'
    b',"Not Started"\r\n'
    b'"Paint",,"","True","1/9/2030","1","","two\r\nlines","High","False","Normal","Completed"\r\n'
)

TICKTICK = b""""Date: 2030-06-27+0000"
"Version: 7.1"
"Status:\x20
0 Normal
1 Completed
2 Archived"
"Folder Name","List Name","Title","Kind","Tags","Content","Is Check list","Start Date",\
"Due Date","Repeat","Priority","Status","Created Time","Completed Time","Order","Timezone",\
"Is All Day","Is Floating","taskId","parentId"
"","Inbox","Buy milk","TEXT","shop","oat","N","2030-01-04T23:00:00+0000",\
"2030-01-04T23:00:00+0000","","0","0","2029-12-01T10:00:00+0000","","-1","Europe/Berlin",\
"true","false","1",""
"","Inbox","Call","TEXT","","","N","2030-01-05T09:30:00+0000","2030-01-05T10:30:00+0000",\
"RRULE:FREQ=DAILY","5","2","2029-12-01T10:00:00+0000","2030-01-02T10:00:00+0000","-2",\
"Europe/Berlin","false","false","2","1"
"""

GOOGLE = {
    "kind": "tasks#taskLists",
    "items": [
        {
            "kind": "tasks#tasks",
            "id": "L1",
            "title": "My tasks",
            "updated": "2026-01-01T10:00:00Z",
            "items": [
                {
                    "kind": "tasks#task",
                    "id": "T1",
                    "title": "Buy milk",
                    "task_type": "PERSONAL_TASK",
                    "notes": "oat",
                    "due": "2030-01-05T00:00:00Z",
                    "updated": "2026-01-01T10:00:00Z",
                    "status": "needsAction",
                    "created": "2026-01-01T09:00:00Z",
                },
                {
                    "title": "Done",
                    "status": "completed",
                    "completed": "2026-01-02T09:00:00.000Z",
                    "parent": "T1",
                    "links": [],
                },
                {"title": "", "status": "needsAction"},
                {"title": "Gone", "deleted": True},
            ],
        },
        {"kind": "tasks#tasks", "title": "None"},
    ],
}


def told(answer):
    assert answer.status_code == 200, answer.json
    skipped = [(each["what"], each["reason"], each["lines"]) for each in answer.json["skipped"]]
    return answer.json["imported"], skipped


def shown(client, *fields):
    tasks = client.get(client.tasks).json["tasks"]
    return [tuple(task[field] for field in fields) for task in tasks]


def test_todoist(alice):
    imported, skipped = told(post(alice, f"{alice.path}/import", TODOIST))
    assert imported == 3
    assert shown(alice, "name", "note", "due_date") == [
        ("Buy milk @errands", "two cartons", None),
        ("Renew passport", "bring a photo", "2030-03-10"),
        ("Call", None, "2030-03-10T16:00:00Z"),
    ]
    assert sorted(skipped) == [
        ("AUTHOR", NOTHING, [2, 3, 4]),
        ("DATE", "It is no date or time: `tomorrow at 5pm`.", [2]),
        ("INDENT", NOTHING, [7]),
        ("PRIORITY", NOTHING, [2]),
        ("section", NOTHING, [6]),
    ]


def test_outlook_and_by_it_microsoft_to_do(alice):
    path = f"{alice.path}/import?date_order=mdy"
    alice.patch(alice.path, json={"timezone": "Asia/Tokyo"})
    imported, skipped = told(post(alice, path, OUTLOOK))
    assert imported == 2
    assert shown(alice, "name", "note", "due_date", "completed", "completed_date") == [
        ("Buy paint", None, "2030-01-05", False, None),
        ("Paint", "two\r\nlines", None, True, "2030-01-08T15:00:00Z"),
    ]
    assert sorted(skipped) == [
        ("Categories", NOTHING, [2]),
        ("Date Completed", ONLY_A_DAY, [3]),
        ("Priority", NOTHING, [3]),
        ("Reminder On/Off", NOTHING, [3]),
        ("Start Date", NOTHING, [2]),
    ]


def test_a_date_whose_order_nobody_knows_is_an_error_with_its_cure(backend, alice):
    answer = post(alice, f"{alice.path}/import", OUTLOOK)
    assert answer.status_code == 422
    assert answer.json["errors"] == {
        "line 2": [f"Due Date: May be 2030-01-05 or 2030-05-01: `1/5/2030`. {CURE}"],
        "line 3": [f"Date Completed: May be 2030-01-09 or 2030-09-01: `1/9/2030`. {CURE}"],
    }
    assert backend.count(Task) == 0
    assert post(alice, f"{alice.path}/import?date_order=x", OUTLOOK).status_code == 422


@pytest.mark.parametrize(
    ("start", "due", "day"),
    [
        ("1/31/2030", "1/5/2030", "2030-01-05"),
        ("31/1/2030", "1/5/2030", "2030-05-01"),
        ("", "1.5.2030", "2030-05-01"),
        ("", "5/5/2030", "2030-05-05"),
        ("", "2030/1/5", "2030-01-05"),
        ("", "2030-01-05", "2030-01-05"),
        ("", "31/12/2030", "2030-12-31"),
    ],
)
def test_the_dates_of_a_file_tell_their_order(alice, start, due, day):
    content = OUTLOOK.replace(b"1/3/2030", start.encode()).replace(b"1/5/2030", due.encode())
    content = content.replace(b"1/9/2030", b"")
    assert told(post(alice, f"{alice.path}/import", content))[0] == 2
    assert shown(alice, "due_date")[0] == (day,)


def test_a_day_that_does_not_exist_is_skipped(alice):
    content = OUTLOOK.replace(b"1/5/2030", b"2/30/2030").replace(b"1/9/2030", b"")
    imported, skipped = told(post(alice, f"{alice.path}/import", content))
    assert imported == 2
    assert ("Due Date", "It is no date or time: `2/30/2030`.", [2]) in skipped


def test_ticktick(alice):
    imported, skipped = told(post(alice, f"{alice.path}/import", TICKTICK))
    assert imported == 2
    assert shown(alice, "name", "note", "due_date", "creation_date", "completed_date") == [
        ("Buy milk", "oat", "2030-01-05", "2029-12-01T10:00:00Z", None),
        ("Call", None, "2030-01-05T10:30:00Z", "2029-12-01T10:00:00Z", "2030-01-02T10:00:00Z"),
    ]
    assert sorted((what, lines) for what, _, lines in skipped) == [
        ("List Name", [8, 9]),
        ("Priority", [9]),
        ("Repeat", [9]),
        ("Start Date", [9]),
        ("Tags", [8]),
        ("parentId", [9]),
    ]


@pytest.mark.parametrize(
    ("cells", "done", "skipped"),
    [
        ("Not Started,0,", False, []),
        ("Completed,100,1/31/2026", True, [("Date Completed", ONLY_A_DAY)]),
        ("In Progress,0.5,", False, [("Status", IS_OPEN), ("% Complete", IS_OPEN)]),
        ("Deferred,0,", False, [("Status", IS_OPEN)]),
        ("Waiting on someone else,25,", False, [("Status", IS_OPEN), ("% Complete", IS_OPEN)]),
        ("Completed,1,", True, [("Status", NOT_WHEN)]),
        (",100%,", True, [("% Complete", NOT_WHEN)]),
        ("Not Started,100,", True, [("Status", IS_COMPLETED), ("Status", NOT_WHEN)]),
        ("Not Started,1,", False, [("% Complete", IS_OPEN)]),
    ],
)
def test_a_state_of_outlook_that_a_task_cannot_have_is_told(alice, cells, done, skipped):
    content = f"Subject,Due Date,Status,% Complete,Date Completed\nPaint,,{cells}\n".encode()
    answer = told(post(alice, f"{alice.path}/import", content))
    assert answer == (1, [(*each, [2]) for each in skipped])
    ((completed, day),) = shown(alice, "completed", "completed_date")
    assert completed is done
    assert ("1/31/2026" in cells) is (day == "2026-01-31T00:00:00Z")


@pytest.mark.parametrize("day", ["1/31/1900", "1/31/9999"])
def test_a_day_of_outlook_in_no_year_that_is_stored_is_told(alice, day):
    content = f"Subject,Due Date,Date Completed,% Complete\nPaint,{day},{day},100\n".encode()
    imported, skipped = told(post(alice, f"{alice.path}/import", content))
    assert imported == 1
    assert shown(alice, "due_date", "completed") == [(None, True)]
    assert ("completed_date", NOT_WHEN, [2]) in skipped
    assert {what for what, reason, _ in skipped if OUT_OF_RANGE[:-1] in reason} == {
        "due_date",
        "completed_date",
    }


def test_a_note_that_is_a_day_does_not_tell_the_order_of_the_dates(alice):
    content = b"Subject,Due Date,% Complete,Notes\nPaint,1/5/2030,0,1/31/2030\n"
    answer = post(alice, f"{alice.path}/import", content)
    assert answer.json["errors"] == {
        "line 2": [f"Due Date: May be 2030-01-05 or 2030-05-01: `1/5/2030`. {CURE}"]
    }


def ticktick(due="", status="0", completed="", cells="Asia/Tokyo,false"):
    header = "List Name,Title,Due Date,Status,Completed Time,Timezone,Is All Day"
    return f"{header}\n,x,{due},{status},{completed},{cells}\n".encode()


@pytest.mark.parametrize(
    ("status", "completed", "tasks", "skipped"),
    [
        ("0", "", [(False, None)], []),
        ("0", "2026-01-02T10:00:00+0000", [(True, "2026-01-02T10:00:00Z")], [IS_COMPLETED]),
        ("1", "2026-01-02T10:00:00+0000", [(True, "2026-01-02T10:00:00Z")], []),
        ("2", "", None, [NOT_WHEN]),
        ("3", "", [(False, None)], [IS_OPEN]),
        ("-1", "2026-01-02T10:00:00+0000", [], ["It is cancelled."]),
    ],
)
def test_a_status_of_ticktick_is_kept_or_told(alice, status, completed, tasks, skipped):
    _, reasons = told(post(alice, f"{alice.path}/import", ticktick("", status, completed)))
    assert [reason for _, reason, _ in reasons] == skipped
    if tasks is not None:
        assert shown(alice, "completed", "completed_date") == tasks
    else:
        assert shown(alice, "completed") == [(True,)]


@pytest.mark.parametrize(
    ("due", "cells", "day", "skipped"),
    [
        ("2030-01-04T15:00:00+0000", "Asia/Tokyo,true", "2030-01-05", []),
        ("2030-01-05T00:00:00", "Asia/Tokyo,true", "2030-01-05", []),
        ("2030-01-05", "Asia/Tokyo,true", "2030-01-05", []),
        ("2030-01-05T10:00:00", "Asia/Tokyo,false", "2030-01-05T01:00:00Z", []),
        ("2030-01-05T10:00:00", "Asia/Nowhere,false", "2030-01-05T18:00:00Z", [UNKNOWN_ZONE]),
        ("2030-01-05T10:00:00+0000", "Asia/Nowhere,false", "2030-01-05T10:00:00Z", []),
        (
            "2030-01-04T15:00:00+0000",
            "Asia/Nowhere,true",
            "2030-01-04",
            [UNKNOWN_ZONE, "It is no start of a day in America/Los_Angeles: its day is taken."],
        ),
        (
            "2030-01-04T15:00:00+0000",
            ",true",
            "2030-01-04",
            ["It is no start of a day in America/Los_Angeles: its day is taken."],
        ),
        ("9999-12-31T23:00:00+0000", "Asia/Tokyo,true", None, [OUT_OF_RANGE]),
        ("03/04/2030 10:00:00", "Asia/Tokyo,false", None, None),
    ],
)
def test_a_day_of_ticktick_is_that_of_its_own_zone_or_told(alice, due, cells, day, skipped):
    alice.patch(alice.path, json={"timezone": "America/Los_Angeles"})
    content = ticktick(due, cells=cells)
    _, reasons = told(post(alice, f"{alice.path}/import", content))
    assert shown(alice, "due_date") == [(day,)]
    if skipped is None:
        skipped = [f"It is no date or time: `{due}`."]
    assert [reason for _, reason, _ in reasons] == skipped


def test_a_time_of_todoist_in_a_zone_that_is_not_known_is_told(alice):
    content = TODOIST.replace(b"17:00,en,Europe/Berlin", b"17:00,en,Asia/Nowhere")
    _, skipped = told(post(alice, f"{alice.path}/import", content))
    assert ("TIMEZONE", UNKNOWN_ZONE, [7]) in skipped
    assert shown(alice, "due_date")[-1] == ("2030-03-10T17:00:00Z",)


@pytest.mark.parametrize("order", ["dmy", "mdy"])
def test_a_time_with_slashes_of_another_program_is_told_and_not_guessed(alice, order):
    content = TODOIST.replace(b"2030-03-10 17:00", b"03/04/2030 17:00:00")
    _, skipped = told(post(alice, f"{alice.path}/import?date_order={order}", content))
    assert ("DATE", "It is no date or time: `03/04/2030 17:00:00`.", [7]) in skipped
    assert shown(alice, "due_date")[-1] == (None,)


@pytest.mark.parametrize(
    ("task", "skipped"),
    [
        ({"status": "completed"}, [("status", NOT_WHEN)]),
        ({"status": "needsAction", "completed": "2026-01-02T09:00:00Z"}, [("completed", IS_OPEN)]),
        ({"status": "waiting"}, [("status", IS_OPEN)]),
        ({"due": "2030-01-05T23:00:00-08:00"}, [("due", "Only its day is taken.")]),
        ({"due": "2030-01-05T00:00:00.000Z", "status": "needsAction"}, []),
    ],
)
def test_a_state_or_a_time_of_google_tasks_that_is_not_kept_is_told(alice, task, skipped):
    sent = {"kind": "tasks#tasks", "items": [{"title": "x", **task}]}
    assert told(alice.post(f"{alice.path}/import", json=sent)) == (
        1,
        [(*each, [1]) for each in skipped],
    )


def test_google_tasks(alice):
    imported, skipped = told(alice.post(f"{alice.path}/import", json=GOOGLE))
    assert imported == 2
    fields = ("name", "note", "due_date", "completed_date", "creation_date")
    first, second = shown(alice, *fields)
    assert first == ("Buy milk", "oat", "2030-01-05", None, "2026-01-01T09:00:00Z")
    assert second[:4] == ("Done", None, None, "2026-01-02T09:00:00Z")
    assert sorted(skipped) == [
        ("list", NOTHING, [1]),
        ("parent", NOTHING, [2]),
        ("task", "It is deleted.", [4]),
        ("task", "name: Must have 1 to 255 characters: ``.", [3]),
    ]
    one = {"kind": "tasks#tasks", "items": [{"title": "One list"}]}
    assert alice.post(f"{alice.path}/import", json=one).json == {"imported": 1, "skipped": []}


def test_a_row_that_can_be_no_task_is_skipped(alice):
    content = TODOIST.replace(b"Buy milk @errands", b"x" * 256)
    imported, skipped = told(post(alice, f"{alice.path}/import", content))
    assert imported == 2
    reason = f"name: Must have 1 to 255 characters: `{'x' * 59}…`."
    assert ("task", reason, [2]) in skipped


def test_a_value_that_a_task_cannot_have_is_skipped(alice):
    content = TODOIST.replace(b"two cartons", b"x" * 10_001).replace(b"2030-03-10,", b"9999-01-01,")
    imported, skipped = told(post(alice, f"{alice.path}/import", content))
    assert imported == 3
    assert {what for what, *_ in skipped} >= {"note", "due_date"}


@pytest.mark.parametrize(
    "items",
    [
        7,
        [7],
        [{"items": 7}],
        [{"items": [7, None, []]}],
        [{"title": 7, "items": [{"title": 7, "notes": [], "due": 7, "status": {}, "created": 1}]}],
        [
            {
                "items": [
                    {"title": "x", "due": "2030-99-99T", "completed": "\0", "status": "completed"}
                ]
            }
        ],
    ],
)
def test_google_tasks_of_nonsense_harm_nothing(alice, items):
    answer = alice.post(f"{alice.path}/import", json={"kind": "tasks#taskLists", "items": items})
    assert answer.status_code in (200, 422)


def test_a_file_of_another_program_may_be_a_part_with_another_delimiter(alice):
    content = b"\xef\xbb\xbf" + TODOIST.replace(b",", b";")
    part = {"file": (io.BytesIO(content), "todoist.csv", "text/plain")}
    assert alice.post(f"{alice.path}/import", data=part).json["imported"] == 3


def test_other_programs_files_have_100_000_tasks_at_most(alice):
    content = TODOIST.partition(b"\n")[0] + b"\n" + b"task,x\n" * 100_001
    answer = post(alice, f"{alice.path}/import", content)
    assert (answer.status_code, answer.json["message"]) == (
        422,
        "There are more than 100,000 tasks.",
    )
