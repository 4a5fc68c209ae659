"""Calendars by other programs: what can be a task becomes one, and what is skipped is said."""

import itertools
import time
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar.timezone import tzp
from test_values import least_seconds

from todo_api.errors import Invalid, Malformed, Problem
from todo_api.schemas import calendar_lines, calendar_rules, task_calendar
from todo_api.values import moments
from todo_api.values.windows_zones import DISPLAY_NAMES

NUMBERS = itertools.count()
BERLIN = ZoneInfo("Europe/Berlin")
OUT_OF_RANGE = "Must lie in the years 1970 to 9998."
IS_OPEN = "A task is open or completed, and this one is open."
FUTURE = "It is later than now, and the task is open."
NO_TIME = "It names no time: it is taken as the start of the day in the account's zone."
NO_DATE = "It does not say when: {} is taken."
NO_NAME = "It has neither a SUMMARY nor a DESCRIPTION."
FROM_NOTE = "There is none: the first line of the DESCRIPTION is the name."
CUT_NAME = "It is too long for a name: it is cut, and stands whole in front of the note."
CUT_NOTE = "It is too long: it is cut after 10,000 characters."
START_IS_DUE = "There is no DUE: it is taken as the due date."
OLDER = "Another VTODO of the same UID is newer."
OF_ITSELF = "The repetition is a task of its own here."
NEXT = "The task is due at the first repetition that is not excluded or a task of its own."
ALL_TAKEN = "Each of its repetitions is excluded or a task of its own."
NOT_WORKED_OUT = "The repetitions are not worked out: the task is due at the first one."
NO_CODE = "Not an ISO 4217 currency code."
NOTHING_LIKE_IT = "Tasks have nothing like it here."


def calendar(*lines):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Else//EN", *lines, "END:VCALENDAR", ""]
    return "\r\n".join(lines)


def todo(*lines, summary="SUMMARY:x"):
    return [
        "BEGIN:VTODO",
        f"UID:{next(NUMBERS)}@x",
        "DTSTAMP:20260101T000000Z",
        summary,
        *lines,
        "END:VTODO",
    ]


def load(content):
    rows, skipped = task_calendar.load(
        content.encode() if isinstance(content, str) else content, BERLIN
    )
    return rows, [(kind["what"], kind["reason"], kind["lines"]) for kind in skipped.told]


def only(*lines):
    """Return the one task in a calendar with these lines in its VTODO, and what was skipped."""
    (row,), skipped = load(calendar(*todo(*lines)))
    return row, skipped


def due(*lines):
    row, skipped = only(*lines)
    return row["due_on"] or row["due_at"], [what for what, *_ in skipped]


def test_a_task_has_what_icalendar_calls_otherwise():
    row, skipped = only(
        "DESCRIPTION:a note",
        "CREATED:20260101T120000Z",
        "DUE;VALUE=DATE:20300101",
        "STATUS:COMPLETED",
        "PERCENT-COMPLETE:100",
        "COMPLETED:20260102T120000Z",
        "SEQUENCE:3",
        "LAST-MODIFIED:20260102T120000Z",
    )
    assert skipped == []
    assert (row["name"], row["note"], row["due_on"]) == ("x", "a note", date(2030, 1, 1))
    assert row["creation_date"] == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert row["completed_date"] == datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (r"a\nb\Nc", "a\nb\nc"),
        (r"C:\\notes\\new", r"C:\notes\new"),
        (r"a\,b\;c:d", "a,b;c:d"),
        ("  a\t", "  a\t"),
        ("a\r\n  b\r\n\tc", "a bc"),
        (r"a\qb\\", "a\\qb\\"),
        ("%2C \u2028\x85", "%2C \u2028\x85"),
        ("a\rb", "a\rb"),
    ],
)
def test_a_text_is_read_as_it_was_meant(text, meant):
    rows, skipped = load(calendar(*todo(f"DESCRIPTION:{text}", summary=f"SUMMARY:-{text}")))
    assert [(row["name"], row["note"]) for row in rows] == [(f"-{meant}", meant)]
    assert skipped == []


ZONE_WITH_SUMMER_TIME = [
    *("BEGIN:VTIMEZONE", "TZID:{}"),
    *("BEGIN:STANDARD", "DTSTART:20071104T020000", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"),
    *("TZOFFSETFROM:-0400", "TZOFFSETTO:-0500", "END:STANDARD"),
    *("BEGIN:DAYLIGHT", "DTSTART:20070311T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU"),
    *("TZOFFSETFROM:-0500", "TZOFFSETTO:-0400", "END:DAYLIGHT", "END:VTIMEZONE"),
]


@pytest.mark.parametrize("tzid", ["EST", "HST", "GMT", "EST5EDT"])
def test_a_zone_of_a_short_name_is_what_the_calendar_says_it_is(tzid):
    lines = [line.format(tzid) for line in ZONE_WITH_SUMMER_TIME]
    times = {"20300705T100000": 14, "20300105T100000": 15}
    tasks = [todo(f"DUE;TZID={tzid}:{time}") for time in times]
    rows, skipped = load(calendar(*lines, *itertools.chain(*tasks)))
    assert ([row["due_at"].hour for row in rows], skipped) == ([*times.values()], [])


def test_a_zone_of_a_short_name_that_no_calendar_defines_is_the_one_that_everybody_knows():
    row, skipped = only("DUE;TZID=EST:20300705T100000")
    assert (row["due_at"], skipped) == (datetime(2030, 7, 5, 15, tzinfo=UTC), [])


@pytest.mark.parametrize("time", ["20300105", "20300105T000000", "20300105T000000Z"])
def test_a_date_is_a_day_though_a_program_writes_midnight_behind_it(time):
    assert due(f"DUE;VALUE=DATE:{time}") == (date(2030, 1, 5), [])
    assert due("DUE;VALUE=DATE:20300105T100000Z")[0] == datetime(2030, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize("line", ["TZ:-05", "DAYLIGHT:FALSE", "X-WR-TIMEZONE:Asia/Tokyo"])
def test_a_zone_of_the_whole_calendar_is_told_as_not_that_of_its_times(line):
    rows, skipped = load(calendar(line, *todo("DUE:20300105T100000")))
    assert [row["due_at"] for row in rows] == [datetime(2030, 1, 5, 9, tzinfo=UTC)]
    reason = "A time that names no zone is in the account's, not in this one."
    assert skipped == [(line.partition(":")[0], reason, [4])]


def test_a_currency_without_a_price_is_told():
    row, skipped = only("X-TODO-API-PAID-CURRENCY:EUR", "STATUS:COMPLETED")
    assert (row["paid_price"], row["paid_currency"]) == (None, None)
    assert skipped[0] == (
        "X-TODO-API-PAID-CURRENCY",
        "It needs X-TODO-API-PAID-PRICE beside it.",
        [8],
    )


def test_a_text_stays_however_long_the_parameters_before_it_are():
    alternative = "%3Cp%3Ecall%3C%2Fp%3E" * 500
    row, skipped = only(f'DESCRIPTION;ALTREP="data:text/html,{alternative}";LANGUAGE=en:call')
    assert row["note"] == "call"
    assert [what for what, *_ in skipped] == ["DESCRIPTION;ALTREP", "DESCRIPTION;LANGUAGE"]


@pytest.mark.parametrize(
    "parameters",
    ["X=\x01", "X", "X=a,b", 'X="a","b:;c"', "X=a=b", "X=", "A=b;" * 5_000 + "X=y"],
)
def test_a_parameter_that_is_not_understood_costs_no_text(parameters):
    row, skipped = only(f"DESCRIPTION;{parameters}:text")
    assert row["note"] == "text"
    assert "DESCRIPTION;X" in [what for what, *_ in skipped]


@pytest.mark.parametrize("end", ["\r", "\r\r\n", "\n", "\r\n"])
def test_the_lines_of_a_file_end_as_its_first_one_does(end):
    lines = todo("DESCRIPTION:a", "  b", "STATUS:COMPLETED", "COMPLETED:20260102T120000Z")
    (row,), skipped = load(calendar(*lines).replace("\r\n", end))
    assert (row["name"], row["note"], skipped) == ("x", "a b", [])
    assert row["completed_date"] == datetime(2026, 1, 2, 12, tzinfo=UTC)


def old_todo(*lines):
    """Return a vCalendar 1.0 with a task of these lines."""
    lines = ["BEGIN:VCALENDAR", "VERSION:1.0", "BEGIN:VTODO", *lines, "END:VTODO", "END:VCALENDAR"]
    return "\r\n".join([*lines, ""])


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:K=C3=A4se", "Käse"),
        ("CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:K=E4se", "Käse"),
        ("ENCODING=QUOTED-PRINTABLE;CHARSET=windows-1252:5 =80", "5 €"),
        ("QUOTED-PRINTABLE:a=3Db", "a=b"),
        ("ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo", "one\ntwo"),
        ("ENCODING=QUOTED-PRINTABLE:one =\r\n two=\r\n=\r\n", "one  two"),
        ("ENCODING=QUOTED-PRINTABLE:one=\r\n", "one"),
        ("ENCODING=BASE64;CHARSET=UTF-8:S8Okc2U=", "Käse"),
        ("ENCODING=B:S8Okc2U=", "Käse"),
        ("ENCODING=8BIT;CHARSET=UTF-8:Käse", "Käse"),
        ("ENCODING=7bit:a", "a"),
        (r"CHARSET=UTF-8:C:\new\; and\, more", r"C:\new; and\, more"),
    ],
)
def test_an_encoded_text_of_an_old_calendar_is_decoded(line, meant):
    (row,), skipped = load(old_todo("SUMMARY:x", f"DESCRIPTION;{line}", "DUE:20300105T100000Z"))
    assert (row["note"], skipped) == (meant, [])
    assert row["due_at"] == datetime(2030, 1, 5, 10, tzinfo=UTC)


def test_a_text_that_seems_to_go_on_ends_with_its_component():
    (row,), skipped = load(old_todo("SUMMARY:x", "DESCRIPTION;ENCODING=QUOTED-PRINTABLE:one="))
    assert (row["note"], skipped) == ("one", [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ENCODING=UUENCODE:x", "Its encoding is not known."),
        ("ENCODING=BASE64:a", "It cannot be decoded."),
        ("ENCODING=QUOTED-PRINTABLE:=FF", "It cannot be decoded."),
        ("ENCODING=QUOTED-PRINTABLE;CHARSET=punycode:x", "Its character set is not known."),
        ("ENCODING=QUOTED-PRINTABLE;CHARSET=iso-8859-99:x", "Its character set is not known."),
    ],
)
def test_a_text_that_cannot_be_decoded_is_told(line, reason):
    (row,), skipped = load(old_todo("SUMMARY:x", f"DESCRIPTION;{line}"))
    assert row["note"] is None
    assert [each[:2] for each in skipped] == [("DESCRIPTION", reason)]


def test_an_old_calendar_has_words_of_its_own():
    content = old_todo("SUMMARY:x", "STATUS:NEEDS ACTION", "DCREATED:20260101T120000Z")
    (row,), skipped = load(content)
    assert (row["completed_date"], skipped) == (None, [])
    assert row["creation_date"] == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_character_may_be_split_by_a_fold():
    content = calendar(*todo(summary="SUMMARY:é")).encode()
    rows, _ = load(content.replace("é".encode(), b"\xc3\r\n \xa9"))
    assert [row["name"] for row in rows] == ["é"]


def test_what_a_task_has_not_is_said_with_its_lines():
    lines = (
        "RRULE:FREQ=DAILY",
        "PRIORITY:1",
        "RELATED-TO;RELTYPE=PARENT:2@x",
        'ATTACH;FMTTYPE=image/png;X="a:b":http://example.com/x',
        "BEGIN:VALARM",
        "TRIGGER:-PT5M",
        "BEGIN:X-INNER",
        "SUMMARY:not the task's",
        "END:X-INNER",
        "END:VALARM",
        "CATEGORIES:a,b",
        "X-OTHER:1",
        "this is no line",
        "SUMMARY:again",
    )
    row, skipped = only(*lines)
    assert row["name"] == "x"
    assert skipped == [
        ("RRULE", NOTHING_LIKE_IT, [8]),
        ("PRIORITY", NOTHING_LIKE_IT, [9]),
        ("RELATED-TO", NOTHING_LIKE_IT, [10]),
        ("ATTACH", NOTHING_LIKE_IT, [11]),
        ("VALARM", NOTHING_LIKE_IT, [12]),
        ("CATEGORIES", NOTHING_LIKE_IT, [18]),
        ("X-OTHER", NOTHING_LIKE_IT, [19]),
        ("A line", NOTHING_LIKE_IT, [20]),
        ("SUMMARY", "It is there more than once.", [21]),
    ]


def test_what_is_no_task_is_said():
    rows, skipped = load(
        calendar(
            "METHOD:CANCEL",
            "X-WR-CALNAME:mine",
            *("BEGIN:VEVENT", "SUMMARY:an event", "BEGIN:VALARM", "END:VALARM", "END:VEVENT"),
            *("begin:vjournal", "end:vjournal"),
            *("BEGIN:VCALENDAR", "END:VCALENDAR"),
            *todo(),
            "nothing",
        )
    )
    assert [row["name"] for row in rows] == ["x"]
    assert skipped == [
        ("METHOD", "It is not part of a task.", [4]),
        ("X-WR-CALNAME", "It is not part of a task.", [5]),
        ("VEVENT", "Only a VTODO is a task.", [6]),
        ("VJOURNAL", "Only a VTODO is a task.", [11]),
        ("VCALENDAR", "Only a VTODO is a task.", [13]),
        ("A line", "It is not part of a task.", [20]),
    ]


def test_tasks_may_stand_without_a_calendar_and_calendars_in_a_row():
    bare = "\n".join(todo())
    rows, skipped = load(f"{bare}\n{calendar(*todo())}{calendar(*todo())}\n\n")
    assert len(rows) == 3
    assert skipped == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["STATUS:cancelled"], "It is cancelled."),
        (["SUMMARY:x", "STATUS: CANCELLED "], "It is cancelled."),
        (["DUE:20300101T120000Z"], NO_NAME),
        (["DUE:20300101T120000Z", r"DESCRIPTION: \n"], NO_NAME),
        (["SUMMARY:"], NO_NAME),
        (["SUMMARY: "], NO_NAME),
        (["SUMMARY:a\0b"], "name: Must not hold a NUL character."),
    ],
)
def test_a_vtodo_that_is_no_task_is_skipped(lines, reason):
    rows, skipped = load(calendar("BEGIN:VTODO", *lines, "END:VTODO"))
    assert rows == []
    assert skipped == [("VTODO", reason, [4])]


@pytest.mark.parametrize("summary", ["X-A:", "SUMMARY:", "SUMMARY: \\n "])
def test_a_task_without_a_name_is_called_as_its_note_begins(summary):
    lines = todo(r"DESCRIPTION:\n call mum \nabout sunday", summary=summary)
    (row,), skipped = load(calendar(*lines))
    assert (row["name"], row["note"]) == ("call mum", "\n call mum \nabout sunday")
    assert ("SUMMARY", FROM_NOTE, [7 if summary != "X-A:" else 8]) in skipped


@pytest.mark.parametrize(
    ("note", "kept"), [([], "{}"), (["DESCRIPTION:"], "{}"), (["DESCRIPTION:more"], "{}\n\nmore")]
)
@pytest.mark.parametrize("title", ["x" * 256, "\ufdfa" * 40, "word " * 100 + "end"])
def test_a_long_title_is_cut_and_stands_whole_in_the_note(title, note, kept):
    (row,), skipped = load(calendar(*todo(*note, summary=f"SUMMARY:{title}")))
    assert row["name"].endswith("…")
    assert title.startswith(row["name"].removesuffix("…"))
    assert 20 < len(row["name"]) <= 255
    assert row["note"] == kept.format(title)
    assert skipped == [("SUMMARY", CUT_NAME, [7])]


def test_a_title_of_as_many_characters_as_a_name_may_have_is_not_cut():
    (row,), skipped = load(calendar(*todo(summary=f"SUMMARY:{'x' * 255}")))
    assert (row["name"], row["note"], skipped) == ("x" * 255, None, [])


def test_a_name_that_is_a_long_line_of_the_note_is_cut_and_the_note_stays():
    (row,), skipped = load(calendar(*todo(f"DESCRIPTION:{'x' * 300}", summary="X-A:")))
    assert (row["name"], row["note"]) == ("x" * 254 + "…", "x" * 300)
    assert [each[:2] for each in skipped if each[0] != "X-A"] == [("SUMMARY", FROM_NOTE)]


@pytest.mark.parametrize("title", ["x", "y" * 300])
def test_a_long_note_is_cut(title):
    (row,), skipped = load(
        calendar(*todo("DESCRIPTION:" + "x" * 10_001, summary=f"SUMMARY:{title}"))
    )
    front = f"{title}\n\n" if len(title) > 255 else ""
    assert row["note"] == front + "x" * (10_000 - len(front))
    assert ("DESCRIPTION", CUT_NOTE, [8]) in skipped


def test_a_title_that_is_too_long_for_a_note_is_cut_there_too():
    (row,), skipped = load(calendar(*todo(summary="SUMMARY:" + "x" * 10_001)))
    assert row["note"] == "x" * 10_000
    assert [each[:2] for each in skipped] == [("SUMMARY", CUT_NAME), ("DESCRIPTION", CUT_NOTE)]


@pytest.mark.parametrize(
    ("line", "what", "reason"),
    [
        ("DESCRIPTION:a\0b", "DESCRIPTION", "note: Must not hold a NUL character."),
        ("DUE:tomorrow", "DUE", "It is no date or time."),
        ("DUE:20300230", "DUE", "There is no such day or time."),
        ("DUE:99991231", "DUE", f"due_date: {OUT_OF_RANGE}"),
        ("COMPLETED:20300101", "COMPLETED", FUTURE),
        ("CREATED:19691231T235959Z", "CREATED", OUT_OF_RANGE),
        ("DURATION:PT1H", "DURATION", "It needs a DTSTART beside it, and no DUE."),
        ("DTSTART:20300101", "DTSTART", START_IS_DUE),
        ("DTSTART:tomorrow", "DTSTART", "It is no date or time."),
        ("STATUS:IN-PROCESS", "STATUS", IS_OPEN),
        (
            "PERCENT-COMPLETE:50",
            "PERCENT-COMPLETE",
            IS_OPEN,
        ),
        ("DESCRIPTION;ENCODING=QUOTED-PRINTABLE:=C3", "DESCRIPTION", "It cannot be decoded."),
        ("DESCRIPTION;LANGUAGE=de:x", "DESCRIPTION;LANGUAGE", NOTHING_LIKE_IT),
        ('DESCRIPTION;X="a:x', "DESCRIPTION", "It cannot be parsed."),
        ("X-TODO-API-QUANTITY:many", "X-TODO-API-QUANTITY", "quantity: Not a number."),
        (
            "X-TODO-API-PAID-PRICE:1",
            "X-TODO-API-PAID-PRICE",
            f"paid: currency: {NO_CODE}",
        ),
    ],
)
def test_what_makes_no_sense_is_skipped_and_the_rest_is_not(line, what, reason):
    row, skipped = only(line)
    assert row["name"] == "x"
    assert [each[:2] for each in skipped] == [(what, reason)]
    assert skipped[0][2] == [8]


@pytest.mark.parametrize(
    ("lines", "is_completed"),
    [
        ([], False),
        (["STATUS:NEEDS-ACTION", "PERCENT-COMPLETE:0"], False),
        (["STATUS:COMPLETED", "COMPLETED:20260101T000000Z"], True),
        (["PERCENT-COMPLETE:100", "COMPLETED:20260101T000000Z"], True),
        (["COMPLETED:20260101T000000Z"], True),
    ],
)
def test_a_task_is_completed_if_any_property_says_so(lines, is_completed):
    row, skipped = only(*lines)
    assert bool(row["completed_date"]) is is_completed
    assert skipped == []


def test_what_was_completed_counts_more_than_that_it_needs_action():
    row, skipped = only("STATUS:NEEDS-ACTION", "COMPLETED:20260101T000000Z")
    assert row["completed_date"] == datetime(2026, 1, 1, tzinfo=UTC)
    ((what, why, *_),) = skipped
    assert (what, why) == ("STATUS", IS_OPEN.replace("one is open", "one is completed"))


@pytest.mark.parametrize("status", ["STATUS:NEEDS-ACTION", "STATUS:IN-PROCESS", "X-A:"])
@pytest.mark.parametrize(
    ("completed", "reason"),
    [
        ("", "It is no date or time."),
        ("20300230T120000Z", "There is no such day or time."),
        ("00000000T000000Z", "There is no such day or time."),
        ("16010101T000000Z", OUT_OF_RANGE),
        ("99991231T235959Z", OUT_OF_RANGE),
        ("45010101T000000Z", FUTURE),
        ("45010101", FUTURE),
        ("never", "It is no date or time."),
    ],
)
def test_a_completion_that_cannot_be_leaves_a_task_open(status, completed, reason):
    row, skipped = only(status, "PERCENT-COMPLETE:0", f"COMPLETED:{completed}")
    assert row["completed_date"] is None
    told = [each[1] for each in skipped if each[0] == "COMPLETED"]
    assert reason in told[-1]


@pytest.mark.parametrize("completed", ["COMPLETED:", "COMPLETED:20300230T120000Z", "X-A:"])
@pytest.mark.parametrize(
    ("done", "what"), [("STATUS:COMPLETED", "STATUS"), ("PERCENT-COMPLETE:100", "PERCENT-COMPLETE")]
)
def test_a_task_that_is_done_at_no_known_time_was_done_when_it_was_changed(completed, done, what):
    row, skipped = only(done, completed, "LAST-MODIFIED:20260102T120000Z")
    assert row["completed_date"] == datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert (what, NO_DATE.format("LAST-MODIFIED"), [8]) in skipped


@pytest.mark.parametrize(
    "modified",
    ["X-A:", "LAST-MODIFIED:", "LAST-MODIFIED:20300230", "LAST-MODIFIED:45010101T000000Z"],
)
def test_a_task_that_is_done_and_was_never_changed_was_done_when_it_was_written(modified):
    row, skipped = only("STATUS:COMPLETED", modified)
    assert row["completed_date"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert ("STATUS", NO_DATE.format("DTSTAMP"), [8]) in skipped


def test_a_task_that_is_done_and_says_no_time_at_all_was_done_now():
    (row,), skipped = load(
        calendar("BEGIN:VTODO", "SUMMARY:x", "STATUS:COMPLETED", "DTSTAMP:x", "END:VTODO")
    )
    assert moments.now() - row["completed_date"] < timedelta(minutes=1)
    assert skipped == [("STATUS", NO_DATE.format("the time of the import"), [6])]


def test_a_status_counts_more_than_a_percentage():
    row, skipped = only("STATUS:NEEDS-ACTION", "PERCENT-COMPLETE:100")
    assert row["completed_date"] is None
    assert skipped == [("PERCENT-COMPLETE", IS_OPEN, [9])]


@pytest.mark.parametrize("name", ["COMPLETED", "CREATED"])
def test_a_day_is_one_in_the_zone_of_the_account(name):
    row, skipped = only(f"{name};VALUE=DATE:20200701")
    field = "completed_date" if name == "COMPLETED" else "creation_date"
    assert row[field] == datetime(2020, 6, 30, 22, tzinfo=UTC)
    assert [each[:2] for each in skipped] == [(name, NO_TIME)]


def test_times_in_no_zone_are_in_that_of_the_account():
    row, skipped = only("STATUS:COMPLETED", "COMPLETED:20200501T120000", "CREATED:20200201T120000")
    assert row["completed_date"] == datetime(2020, 5, 1, 10, tzinfo=UTC)
    assert row["creation_date"] == datetime(2020, 2, 1, 11, tzinfo=UTC)
    assert skipped == []


def test_a_done_task_may_be_done_in_the_future():
    row, skipped = only("STATUS:COMPLETED", "COMPLETED:20300107T081500Z")
    assert (row["completed_date"], skipped) == (datetime(2030, 1, 7, 8, 15, tzinfo=UTC), [])


PARTS = """BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0330
TZOFFSETTO:+0230
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZNAME:A
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0230
TZOFFSETTO:+0330
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZNAME:B
END:DAYLIGHT
"""
CUSTOM = f"""BEGIN:VTIMEZONE
TZID:Somewhere\\, else
X-LIC-LOCATION:x
{PARTS}END:VTIMEZONE"""
IN_CUSTOM = 'DUE;TZID="Somewhere, else":2030%sT120000'


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("DUE;VALUE=DATE:20300701", date(2030, 7, 1)),
        ("DUE:20300701", date(2030, 7, 1)),
        ("DUE:20300701T120000Z", datetime(2030, 7, 1, 12, tzinfo=UTC)),
        ("DUE:20300701T120000", datetime(2030, 7, 1, 10, tzinfo=UTC)),
        ("DUE;TZID=America/New_York:20300701T120000Z", datetime(2030, 7, 1, 12, tzinfo=UTC)),
        ("DUE;TZID=America/New_York:20300701T120000", datetime(2030, 7, 1, 16, tzinfo=UTC)),
        ("DUE;TZID=Eastern Standard Time:20300701T120000", datetime(2030, 7, 1, 16, tzinfo=UTC)),
        ("DUE;TZID=/x.org/2_1/Europe/London:20300701T120000", datetime(2030, 7, 1, 11, tzinfo=UTC)),
        (
            "DUE;TZID=/x/America/Indiana/Knox:20300101T120000",
            datetime(2030, 1, 1, 18, tzinfo=UTC),
        ),
        ("DUE;TZID=Europe/London:20300331T013000", datetime(2030, 3, 31, 1, 30, tzinfo=UTC)),
        (IN_CUSTOM % "0701", datetime(2030, 7, 1, 8, 30, tzinfo=UTC)),
        (IN_CUSTOM % "0101", datetime(2030, 1, 1, 9, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_placed_by_its_zone_wherever_that_is_defined(line, moment):
    for lines in ([*CUSTOM.splitlines(), *todo(line)], [*todo(line), *CUSTOM.splitlines()]):
        (row,), skipped = load(calendar(*lines))
        assert (row["due_on"] or row["due_at"]) == moment
        assert skipped == []


UNKNOWN = "The time zone {!r} is not known: this is a time in the account's."


@pytest.mark.parametrize(
    ("tzid", "hour"),
    [
        ("tzone://Microsoft/Utc", 12),
        ("UTC", 12),
        ("utc", 12),
        ("W. Europe Standard Time", 10),
        ("w. europe standard time", 10),
        ("europe/london", 11),
        ('"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"', 10),
        ('"(GMT+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"', 10),
        ('"(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rome\\, Stockholm\\, Vienna"', 10),
        ("(UTC-05:00) Eastern Time (US & Canada)", 16),
        ("(GMT-05.00) Eastern Time (US & Canada)", 16),
        ("(UTC) Coordinated Universal Time", 12),
        ('"(UTC+02:00) Helsinki, Kiev, Riga, Sofia, Tallinn, Vilnius"', 9),
    ],
)
def test_a_zone_of_windows_needs_no_definition(tzid, hour):
    row, skipped = only(f"DUE;TZID={tzid}:20300701T120000")
    assert (row["due_at"], skipped) == (datetime(2030, 7, 1, hour, tzinfo=UTC), [])


@pytest.mark.parametrize(
    "tzid", ["Mars/Base", "tzone://Microsoft/Custom", "(UTC+01:00) Atlantis", "Mitteleuropa"]
)
def test_a_time_in_an_unknown_zone_is_one_in_the_zone_of_the_account_and_that_is_told(tzid):
    row, skipped = only(f"DUE;TZID={tzid}:20300701T120000")
    assert row["due_at"] == datetime(2030, 7, 1, 10, tzinfo=UTC)
    assert skipped == [("DUE", UNKNOWN.format(tzid), [8])]


@pytest.mark.parametrize("name", DISPLAY_NAMES)
def test_each_display_name_of_windows_stands_for_a_zone(name):
    row, skipped = only(f'DUE;TZID="(UTC+01:00) {name}":20300701T120000')
    assert row["due_at"]
    assert skipped == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FREQ=YEARLY;", "FREQ=SECONDLY;"),
        (";BYMONTH=10", ";BYHOUR=1,2,3"),
        (";BYMONTH=10", ""),
        ("BYDAY=-1SU;BYMONTH=10", "BYMONTHDAY=1,2,3,4,5,6;BYMONTH=10"),
        ("BYMONTH=10", "BYMONTH=13"),
        ("BYDAY=-1SU", "BYDAY=-9SU"),
        ("DTSTART:16010101T030000\n", ""),
        ("DTSTART:16010101T030000", "DTSTART:16011301T030000"),
        ("TZOFFSETTO:+0230", "TZOFFSETTO:+9999"),
        ("BEGIN:STANDARD", "BEGIN:VTIMEZONE\nEND:VTIMEZONE\nBEGIN:STANDARD"),
        ("TZNAME:A", "RDATE:" + ",".join(["20300101T000000"] * 100)),
        (PARTS, PARTS * 6),
        ("TZID:Somewhere", "TZID:Nowhere"),
    ],
)
def test_a_zone_that_no_program_would_define_is_not_worked_out(old, new):
    assert old in CUSTOM
    lines = CUSTOM.replace(old, new).splitlines()
    started = time.perf_counter()
    (row,), skipped = load(calendar(*lines, *todo(IN_CUSTOM % "0101")))
    assert time.perf_counter() - started < 5
    assert row["due_at"] == datetime(2030, 1, 1, 11, tzinfo=UTC)
    assert [each[:2] for each in skipped] == [("DUE", UNKNOWN.format("Somewhere, else"))]


def test_a_zone_may_turn_on_each_sunday_of_a_month():
    zone = CUSTOM.replace("BYDAY=-1SU;BYMONTH=10", "BYDAY=SU;BYMONTH=10").splitlines()
    tasks = [line for day in ("1005", "1006") for line in todo(IN_CUSTOM % day)]
    (summer, winter), skipped = load(calendar(*zone, *tasks))
    assert (summer["due_at"].hour, winter["due_at"].hour, skipped) == (8, 9, [])


def test_a_zone_is_not_worked_out_for_centuries():
    zone = CUSTOM.splitlines()
    for year, is_known in ((2100, True), (2101, False)):
        line = (IN_CUSTOM % "0701").replace("2030", str(year))
        _, skipped = load(calendar(*zone, *todo(line)))
        assert (skipped == []) is is_known


def test_only_so_many_zones_are_worked_out():
    lines = [
        line
        for number in range(21)
        for line in CUSTOM.replace("Somewhere\\, else", f"Z{number}").splitlines()
    ]
    lines += todo("DUE;TZID=Z19:20300101T120000") + todo("DUE;TZID=Z20:20300101T120000")
    (first, last), skipped = load(calendar(*lines))
    assert (first["due_at"].minute, last["due_at"].minute) == (30, 0)
    assert [each[:2] for each in skipped] == [("DUE", UNKNOWN.format("Z20"))]


def test_one_calendars_zones_are_not_the_next_ones():
    line = IN_CUSTOM % "0701"
    assert due(line) == (datetime(2030, 7, 1, 10, tzinfo=UTC), ["DUE"])
    load(calendar(*CUSTOM.splitlines(), *todo(line)))
    assert due(line) == (datetime(2030, 7, 1, 10, tzinfo=UTC), ["DUE"])
    assert tzp.timezone("Somewhere, else") is None


@pytest.mark.parametrize(
    ("start", "moment"),
    [
        ("DTSTART;VALUE=DATE:20300701", date(2030, 7, 1)),
        ("DTSTART:20300701T120000", datetime(2030, 7, 1, 10, tzinfo=UTC)),
        ("DTSTART;TZID=Europe/London:20300701T120000", datetime(2030, 7, 1, 11, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("due_line", [[], ["DUE:"], ["DUE: "]])
def test_a_start_without_a_due_date_is_one(start, moment, due_line):
    row, skipped = only(start, *due_line)
    assert (row["due_on"] or row["due_at"]) == moment
    assert ("DTSTART", START_IS_DUE, [8]) in skipped


def test_a_start_is_no_due_date_in_place_of_a_wrong_one():
    assert due("DTSTART:20300701", "DUE:99991231") == (None, ["DTSTART", "DUE"])


@pytest.mark.parametrize(
    ("lines", "moment"),
    [
        (["DTSTART:20300701T120000Z", "DURATION:PT90M"], datetime(2030, 7, 1, 13, 30, tzinfo=UTC)),
        (["DTSTART:20300701", "DURATION:P1W"], date(2030, 7, 8)),
        (["DTSTART:20300331T000000", "DURATION:P1D"], datetime(2030, 3, 31, 22, tzinfo=UTC)),
        (
            ["DTSTART;TZID=Europe/Berlin:20300331T000000", "DURATION:P1D"],
            datetime(2030, 3, 31, 22, tzinfo=UTC),
        ),
        (
            ["DTSTART;TZID=Europe/Berlin:20300331T000000", "DURATION:PT24H"],
            datetime(2030, 3, 31, 23, tzinfo=UTC),
        ),
    ],
)
def test_a_duration_from_the_start_on_is_a_due_date(lines, moment):
    assert due(*lines) == (moment, ["DTSTART"])


def test_a_day_and_some_hours_are_no_due_date():
    _, (_, skipped) = only("DTSTART:20300701", "DURATION:PT1H")
    assert skipped == ("DURATION", "It is no number of days.", [9])


def test_a_duration_beside_a_due_date_is_skipped():
    lines = ["DTSTART:20300701", "DUE:20300702", "DURATION:P1W"]
    assert due(*lines) == (date(2030, 7, 2), ["DTSTART", "DURATION"])


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART:20300701", "DURATION:PT1H"],
        ["DTSTART:20300701", "DURATION:1 hour"],
        ["DTSTART:20300701", f"DURATION:P{'9' * 5000}D"],
        ["DTSTART:20300701", "DURATION:P9999999D"],
        ["DTSTART:20300701", "DURATION:P999999999999D"],
        ["DTSTART:20300701T120000", "DURATION:P9999999D"],
    ],
)
def test_a_duration_that_leads_nowhere_is_skipped(lines):
    assert due(*lines) == (None, ["DTSTART", "DURATION"])


def versions(*many):
    """Return what is taken of VTODOs of one UID, which have these lines, and what is told."""
    lines = [
        line
        for number, each in enumerate(many)
        for line in ("BEGIN:VTODO", "UID:same", f"SUMMARY:{number}", *each, "END:VTODO")
    ]
    rows, skipped = load(calendar(*lines))
    return [row["name"] for row in rows], skipped


def test_of_two_tasks_of_one_uid_the_last_one_counts_and_that_is_told():
    assert versions([], []) == (["1"], [("VTODO", OLDER, [4])])
    assert versions([], [], []) == (["2"], [("VTODO", OLDER, [4, 8])])


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (["SEQUENCE:2"], ["SEQUENCE:1"], "0"),
        (["SEQUENCE:10"], ["SEQUENCE:9"], "0"),
        (["SEQUENCE:1"], [], "0"),
        (["SEQUENCE:x"], [], "1"),
        (["LAST-MODIFIED:20260102T000000Z"], ["LAST-MODIFIED:20260101T000000Z"], "0"),
        (["DTSTAMP:20260102T000000Z"], ["DTSTAMP:20260101T000000Z"], "0"),
        (["LAST-MODIFIED:20260102T000000Z"], ["LAST-MODIFIED:never"], "0"),
        (["LAST-MODIFIED:20260102T000000Z"], ["SEQUENCE:1"], "1"),
    ],
)
def test_of_two_tasks_of_one_uid_the_newer_one_counts(first, second, kept):
    names, skipped = versions(first, second)
    assert names == [kept]
    assert [each[:2] for each in skipped] == [("VTODO", OLDER)]


def test_tasks_without_a_uid_are_tasks_of_their_own():
    rows, skipped = load(calendar(*["BEGIN:VTODO", "SUMMARY:x", "END:VTODO"] * 2))
    assert (len(rows), skipped) == (2, [])


def series(rule, *repetitions, start="DTSTART;TZID=Europe/Paris:20300107T090000", lines=()):
    """Return when a series is due that has these repetitions, its others, and what is told."""
    content = [
        "BEGIN:VTODO",
        "UID:r",
        "SUMMARY:series",
        f"RRULE:{rule}",
        start,
        *lines,
        "END:VTODO",
    ]
    for each in repetitions:
        content += ["BEGIN:VTODO", "UID:r", "SUMMARY:one", *each, "END:VTODO"]
    rows, skipped = load(calendar(*content))
    opened = [row["due_on"] or row["due_at"] for row in rows if row["name"] == "series"]
    return opened, [row for row in rows if row["name"] == "one"], {each[:2] for each in skipped}


def done(when, tzid=";TZID=Europe/Paris"):
    return [
        f"RECURRENCE-ID{tzid}:{when}",
        f"DUE{tzid}:{when}",
        "STATUS:COMPLETED",
        "COMPLETED:20300107T081500Z",
    ]


def paris(month, day, year=2030, hour=9):
    return datetime(year, month, day, hour, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)


def test_a_repetition_that_is_done_is_a_done_task_and_the_series_is_due_next():
    opened, (one,), told = series("FREQ=WEEKLY", done("20300107T090000"))
    assert opened == [paris(1, 14)]
    assert one["due_at"] == paris(1, 7)
    assert one["completed_date"] == datetime(2030, 1, 7, 8, 15, tzinfo=UTC)
    assert told == {
        ("RRULE", NOTHING_LIKE_IT),
        ("RRULE", NEXT),
        ("RECURRENCE-ID", OF_ITSELF),
        ("DTSTART", START_IS_DUE),
    }


@pytest.mark.parametrize(
    ("rule", "taken", "due_next"),
    [
        ("FREQ=DAILY", ["0107", "0108"], paris(1, 9)),
        ("FREQ=DAILY", ["0107", "0109"], paris(1, 8)),
        ("FREQ=DAILY", ["0108"], paris(1, 7)),
        ("FREQ=DAILY;INTERVAL=10", ["0107"], paris(1, 17)),
        ("freq=weekly;interval=2;", ["0107"], paris(1, 21)),
        ("FREQ=WEEKLY;BYDAY=MO,TH", ["0107"], paris(1, 10)),
        ("FREQ=WEEKLY;BYDAY=TH,MO", ["0107", "0110"], paris(1, 14)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO", ["0107"], paris(1, 13)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU", ["0107"], paris(1, 20)),
        ("FREQ=MONTHLY", ["0107"], paris(2, 7)),
        ("FREQ=MONTHLY;BYMONTHDAY=7,-1", ["0107"], paris(1, 31)),
        ("FREQ=MONTHLY;BYDAY=1MO", ["0107"], paris(2, 4)),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["0107"], paris(1, 25)),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", ["0107"], paris(2, 4)),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["0107"], paris(1, 31)),
        ("FREQ=YEARLY", ["0107"], paris(1, 7, 2031)),
        ("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=7", ["0107"], paris(1, 7, 2031)),
        ("FREQ=YEARLY;BYMONTH=1;BYDAY=1MO", ["0107"], paris(1, 6, 2031)),
        ("FREQ=MONTHLY;INTERVAL=3", ["0107", "0407"], paris(7, 7)),
        ("FREQ=DAILY;COUNT=3", ["0107", "0108"], paris(1, 9)),
        ("FREQ=DAILY;UNTIL=20300108T080000Z", ["0107"], paris(1, 8)),
        ("FREQ=DAILY;UNTIL=20300108", ["0107"], paris(1, 8)),
    ],
)
def test_a_series_is_due_at_its_first_repetition_that_is_not_done(rule, taken, due_next):
    opened, ones, told = series(rule, *(done(f"2030{day}T090000") for day in taken))
    assert opened == [due_next]
    assert len(ones) == len(taken)
    assert ("RRULE", NOT_WORKED_OUT) not in told
    assert (("RRULE", NEXT) in told) is (due_next != paris(1, 7))


WEEKDAYS = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
PLACES = st.sampled_from(["1", "2", "3", "4", "5", "-1", "-2", "-5", "+1"])
MONTH_DAYS = st.integers(-31, 31).filter(bool).map(str)


def listed(each):
    return st.lists(each, min_size=1, max_size=3).map(",".join)


def in_month(**more):
    """Return the parts of a rule that choose days of a month, in one of the ways that there are."""
    placed = listed(st.builds(lambda place, day: f"{place}{day}", PLACES, WEEKDAYS))
    position = {"BYSETPOS": st.sampled_from(["1", "2", "-1", "-2"])}
    ways = ({}, {"BYDAY": listed(WEEKDAYS)}, {"BYDAY": placed}, {"BYMONTHDAY": listed(MONTH_DAYS)})
    friday_13 = {"BYDAY": st.just("FR"), "BYMONTHDAY": st.just("13")}
    return st.one_of(
        st.fixed_dictionaries({**more, **way}, optional=position) for way in (*ways, friday_13)
    )


RULES = st.one_of(
    st.just({"FREQ": "DAILY"}),
    st.fixed_dictionaries(
        {"FREQ": st.just("WEEKLY")}, optional={"BYDAY": listed(WEEKDAYS), "WKST": WEEKDAYS}
    ),
    in_month(FREQ=st.just("MONTHLY")),
    in_month(FREQ=st.just("YEARLY"), BYMONTH=st.integers(1, 12)),
)


@settings(max_examples=40, deadline=None)
@given(
    parts=RULES,
    interval=st.sampled_from([1, 1, 2, 3]),
    first=st.dates(date(1999, 1, 1), date(2004, 12, 31)),
)
def test_a_rule_has_the_days_that_another_library_finds(parts, interval, first):
    text = ";".join(f"{name}={value}" for name, value in {**parts, "INTERVAL": interval}.items())
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - A wall time.
    other = rrulestr(f"{text};UNTIL=20200101T000000", dtstart=start)
    expected = [first, *(each.date() for each in other if each > start)][:20]
    days = itertools.takewhile(
        lambda day: day < date(2020, 1, 2), calendar_rules.parse(text).days(first)
    )
    found = list(itertools.islice(days, 20))
    # A Friday 13 of each third month is too rare to be worked out.
    assert found == expected[: len(found)]
    assert len(found) == len(expected) or (interval > 1 and "BYMONTHDAY" in parts)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;COUNT=1",
        "FREQ=DAILY;UNTIL=20300107",
        "FREQ=DAILY;UNTIL=20300107T080000Z",
        "FREQ=DAILY;UNTIL=20300107T090000",
    ],
)
def test_a_series_of_which_all_is_done_is_no_task_more(rule):
    opened, ones, told = series(rule, done("20300107T090000"))
    assert (opened, len(ones)) == ([], 1)
    assert ("VTODO", ALL_TAKEN) in told


@pytest.mark.parametrize(
    "rule",
    [
        *("x", "FREQ=SECONDLY", "FREQ=DAILY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=1MO", "FREQ=DAILY;X=1"),
        *("FREQ=YEARLY;BYDAY=1MO", "FREQ=YEARLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYMONTH=1"),
        *("FREQ=DAILY;FREQ=DAILY", "INTERVAL=1", "FREQ=DAILY;INTERVAL=0", "FREQ=MONTHLY;BYDAY=9MO"),
        *(
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;UNTIL=never",
            "FREQ=DAILY;INTERVAL=5000000",
        ),
        *("FREQ=WEEKLY;BYMONTH=1", "FREQ=YEARLY;BYMONTH=13", "FREQ=MONTHLY;BYSETPOS=0;BYDAY=MO"),
    ],
)
def test_a_series_of_a_rule_that_is_not_worked_out_stays_as_it_is(rule):
    opened, ones, told = series(rule, done("20300107T090000"))
    assert (opened, len(ones)) == ([paris(1, 7)], 1)
    assert ("RRULE", NOT_WORKED_OUT) in told


@pytest.mark.parametrize(
    ("start", "when", "tzid", "due_next"),
    [
        ("DUE;TZID=Europe/Paris:20300107T090000", "20300107T080000Z", "", paris(1, 8)),
        ("DTSTART:20300107T080000Z", "20300107T090000", ";TZID=Europe/Paris", paris(1, 8)),
        ("DTSTART;TZID=Europe/Paris:20300107T090000", "20300107", ";VALUE=DATE", paris(1, 8)),
        ("DTSTART;VALUE=DATE:20300107", "20300107", ";VALUE=DATE", date(2030, 1, 8)),
        ("DTSTART;VALUE=DATE:20300107", "20300106T230000Z", "", date(2030, 1, 8)),
        ("DTSTART:20300107T090000", "20300107T090000", "", paris(1, 8)),
    ],
)
def test_a_repetition_is_found_however_it_is_written(start, when, tzid, due_next):
    opened, _, _ = series("FREQ=DAILY", done(when, tzid), start=start)
    assert opened == [due_next]


def test_a_series_is_due_as_long_after_its_start_as_before():
    for later in ("DUE;TZID=Europe/Paris:20300108T120000", "DURATION:P1DT3H"):
        opened, _, _ = series("FREQ=WEEKLY", done("20300107T090000"), lines=[later])
        assert opened == [paris(1, 15, hour=12)]
    opened, _, _ = series(
        "FREQ=MONTHLY;BYMONTHDAY=7",
        *(done(f"2030{month}07T090000") for month in ("01", "02", "03")),
    )
    assert opened == [paris(4, 7)]


def test_an_open_repetition_is_an_open_task_and_a_cancelled_one_is_none():
    moved = ["RECURRENCE-ID;TZID=Europe/Paris:20300107T090000", "DUE:20300109"]
    cancelled = ["RECURRENCE-ID;TZID=Europe/Paris:20300114T090000", "STATUS:CANCELLED"]
    opened, (one,), told = series("FREQ=WEEKLY", moved, cancelled)
    assert opened == [paris(1, 21)]
    assert (one["due_on"], one["completed_date"]) == (date(2030, 1, 9), None)
    assert ("VTODO", "It is cancelled.") in told


def test_what_a_series_leaves_out_is_not_due():
    excluded = [
        "EXDATE;TZID=Europe/Paris:20300107T090000,20300114T090000",
        "EXDATE:20300121T080000Z",
    ]
    opened, _, told = series("FREQ=WEEKLY", lines=excluded)
    assert opened == [paris(1, 28)]
    assert ("EXDATE", NOTHING_LIKE_IT) in told


def test_a_series_that_is_done_is_done():
    row, _ = only(
        *("RRULE:FREQ=DAILY", "EXDATE:20300107", "DUE;VALUE=DATE:20300107"),
        *("STATUS:COMPLETED", "COMPLETED:20260101T000000Z"),
    )
    assert row["due_on"] == date(2030, 1, 7)


def test_a_repetition_without_its_series_is_a_task():
    row, skipped = only(*done("20300107T090000"))
    assert row["due_at"] == paris(1, 7)
    assert skipped == [("RECURRENCE-ID", OF_ITSELF, [8])]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\r\n\r\n",
        "<html></html>",
        "{}",
        "name\nx\n",
        "SUMMARY:x",
        "END:VCALENDAR",
        "BEGIN:VCALENDAR",
        "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\nEND:VTODO",
        "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\nEND:VCALENDAR\nEND:VTODO",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR",
        "BEGIN:VTODO\n" * 200_000,
    ],
    ids=range(12),
)
def test_what_is_no_calendar_or_not_all_of_one_is_refused(content):
    with pytest.raises(Invalid):
        load(content)


def test_a_calendar_is_in_utf_8():
    assert load(b"\xef\xbb\xbfBEGIN:VCALENDAR\nEND:VCALENDAR") == ([], [])
    with pytest.raises(Malformed):
        load(b"BEGIN:VTODO\nSUMMARY:\xe4\nEND:VTODO")


def test_a_calendar_has_no_more_lines_than_a_file_may(monkeypatch):
    monkeypatch.setattr(calendar_lines, "MOST_LINES", 3_000)
    for blank, taken in ((2_900, True), (3_000, False)):
        content = "BEGIN:VTODO\nSUMMARY:x\n" + "\n" * blank + "END:VTODO\n"
        with nullcontext() if taken else pytest.raises(Invalid, match="more than 3,000 lines"):
            assert len(load(content)[0]) == 1


def test_many_components_within_each_other_are_no_task():
    deep = "BEGIN:VEVENT\n" * 100_000 + "END:VEVENT\n" * 100_000
    rows, skipped = load(calendar(deep + "\r\n".join(todo())))
    assert len(rows) == 1
    assert [what for what, *_ in skipped] == ["VEVENT"]


def test_what_is_told_of_what_was_skipped_has_an_end():
    many = [f"X-{number}:x" for number in range(1000)]
    same = ["PRIORITY:1"] * 1000
    _, skipped = task_calendar.load(calendar(*todo(*same, *many)).encode(), BERLIN)
    assert len(skipped.told) == 101
    assert sum(kind["count"] for kind in skipped.told) == 2000
    assert max(len(kind["lines"]) for kind in skipped.told) == 20


def test_of_a_long_name_the_beginning_is_told():
    _, ((what, *_),) = only(f"X-{'A' * 200}:1")
    assert what == f"X-{'A' * 98}"


NAMES = st.sampled_from(
    [
        *("BEGIN", "END", "SUMMARY", "DUE", "DTSTART", "DURATION", "COMPLETED", "CREATED"),
        *("STATUS", "PERCENT-COMPLETE", "X-TODO-API-PAID-PRICE", "X-TODO-API-EXACT-DUE"),
        *("TZID", "RRULE", "RDATE", "TZOFFSETTO", "TZOFFSETFROM"),
        *("UID", "RECURRENCE-ID", "EXDATE", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "DESCRIPTION"),
    ]
)
VALUES = st.text(max_size=5) | st.sampled_from(
    [
        *("VCALENDAR", "VTODO", "VTIMEZONE", "STANDARD", "DAYLIGHT", "Z", "1"),
        *("20300101", "20300101T120000", "20300101T120000Z", "00010101T000000"),
        *("99991231T235959", "P1D", "-P1D", "PT1H", "+0100", "-9959"),
        "FREQ=YEARLY;BYMONTH=2;BYDAY=5SU",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=1;UNTIL=20300101T000000Z",
        *("FREQ=DAILY", "FREQ=MONTHLY;INTERVAL=9999;BYDAY=5MO", "FREQ=YEARLY;UNTIL=99991231"),
        *("20300101,20300102", "99991230", "COMPLETED", "=C3=A4=", "x" * 300),
    ]
)
LINES = st.builds(
    lambda name, parameter, value: f"{name}{parameter}:{value}",
    NAMES,
    st.sampled_from(
        ["", "", ";TZID=Z", ";VALUE=DATE", ";X", ';X="', ";ENCODING=B", ";QUOTED-PRINTABLE"]
    ),
    VALUES,
)
ZONE_LINES = st.lists(LINES, max_size=4)


@settings(max_examples=300)
@given(
    around=st.lists(LINES | st.text(max_size=5), max_size=5),
    standard=ZONE_LINES,
    part=st.sampled_from(["DAYLIGHT", "VTIMEZONE", "VEVENT", "X", "X;Y"]),
    daylight=ZONE_LINES,
    inside=st.lists(LINES, max_size=6),
)
def test_no_calendar_makes_it_stumble(around, standard, part, daylight, inside):
    zone = ["TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "DTSTART:20000101T000000"]
    content = calendar(
        *("BEGIN:VTIMEZONE", "TZID:Z"),
        *("BEGIN:STANDARD", *zone, *standard, "END:STANDARD"),
        *(f"BEGIN:{part}", *zone, *daylight, f"END:{part}"),
        "END:VTIMEZONE",
        *todo("DUE;TZID=Z:20300701T120000"),
        *todo(*inside),
        *around,
    )
    try:
        rows, skipped = load(content.encode(errors="replace"))
    except Problem:
        return
    assert len(rows) + len(skipped) >= 1


def zone_lines(tzid, *parts):
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}"]
    for kind, begins, before, after, *more in parts:
        lines += [f"BEGIN:{kind}", f"DTSTART:{begins}"]
        lines += [f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}", *more, f"END:{kind}"]
    return [*lines, "END:VTIMEZONE"]


YEARLY = "RRULE:FREQ=YEARLY;"

DEFINED = {
    # As Apple, Google and most others write it.
    "Europe/Berlin": (
        ("DAYLIGHT", "19810329T020000", "+0100", "+0200", f"{YEARLY}BYMONTH=3;BYDAY=-1SU"),
        ("STANDARD", "19961027T030000", "+0200", "+0100", f"{YEARLY}BYMONTH=10;BYDAY=-1SU"),
    ),
    # As Outlook writes it.
    "Asia/Nicosia": (
        ("STANDARD", "16010101T040000", "+0300", "+0200", f"{YEARLY}BYDAY=-1SU;BYMONTH=10"),
        ("DAYLIGHT", "16010101T030000", "+0200", "+0300", f"{YEARLY}BYDAY=-1SU;BYMONTH=3"),
    ),
    # As libical and Thunderbird write it: one part for each time of other rules.
    "America/New_York": (
        *(
            ("DAYLIGHT", "19870405T020000", "-0500", "-0400", f"{YEARLY}{rule}")
            for rule in ["BYMONTH=4;BYDAY=1SU;UNTIL=20060402T070000Z"]
        ),
        *(
            ("STANDARD", "19671029T020000", "-0400", "-0500", f"{YEARLY}{rule}")
            for rule in ["BYMONTH=10;BYDAY=-1SU;UNTIL=20061029T060000Z"]
        ),
        ("DAYLIGHT", "20070311T020000", "-0500", "-0400", f"{YEARLY}BYMONTH=3;BYDAY=2SU"),
        ("STANDARD", "20071104T020000", "-0400", "-0500", f"{YEARLY}BYMONTH=11;BYDAY=1SU"),
    ),
    # The second Sunday, told by days of the month.
    "America/Chicago": (
        (
            *("DAYLIGHT", "20070311T020000", "-0600", "-0500"),
            f"{YEARLY}BYMONTH=3;BYDAY=SU;BYMONTHDAY=8,9,10,11,12,13,14",
        ),
        (
            *("STANDARD", "20071104T020000", "-0500", "-0600"),
            f"{YEARLY}BYMONTH=11;BYDAY=SU;BYMONTHDAY=1,2,3,4,5,6,7",
        ),
    ),
    # South of the equator.
    "Australia/Sydney": (
        ("STANDARD", "20080406T030000", "+1100", "+1000", f"{YEARLY}BYMONTH=4;BYDAY=1SU"),
        ("DAYLIGHT", "20081005T020000", "+1000", "+1100", f"{YEARLY}BYMONTH=10;BYDAY=1SU"),
    ),
    # Each turn by itself.
    "Europe/London": (
        (
            *("DAYLIGHT", "20100328T010000", "+0000", "+0100"),
            "RDATE:20110327T010000,20120325T010000,20130331T010000",
        ),
        (
            *("STANDARD", "20101031T020000", "+0100", "+0000"),
            "RDATE:20111030T020000,20121028T020000,20131027T020000",
        ),
    ),
    "Asia/Kolkata": (("STANDARD", "19700101T000000", "+0530", "+0530"),),
}


def is_near_a_change(zone, wall):
    """Return whether the zone changes its offset from UTC within a day of a wall time."""
    day = timedelta(days=1)
    around = [(wall + shift).replace(tzinfo=zone).utcoffset() for shift in (-day, day)]
    return around[0] != around[1]


@pytest.mark.parametrize("name", DEFINED)
def test_a_zone_that_a_file_defines_means_what_the_zone_of_its_name_means(name):
    defined, known = zone_lines("Defined", *DEFINED[name]), ZoneInfo(name)
    years = (2011, 2012, 2013) if name == "Europe/London" else (2009, 2012, 2024, 2031)
    months = [(year, month) for year in years for month in (3, 4, 10, 11)]
    first = [datetime.strptime(f"{year} {month}", "%Y %m") for year, month in months]  # noqa: DTZ007 - Wall times.
    hours = [
        start + timedelta(hours=hour, minutes=30) for start in first for hour in range(24 * 31)
    ]
    walls = [wall for wall in hours if wall.hour % 12 == 0 or is_near_a_change(known, wall)]
    lines = [f"DUE;TZID=Defined:{wall:%Y%m%dT%H%M%S}" for wall in walls]
    rows, skipped = load(calendar(*defined, *(each for line in lines for each in todo(line))))
    assert skipped == []
    found = [row["due_at"] for row in rows]
    assert found == [wall.replace(tzinfo=known).astimezone(UTC) for wall in walls]


MONTH = ",".join(map(str, range(1, 32)))


def in_year_one(parts):
    """Return parts of a zone with as many turns in a year as a rule may have."""
    rule = f"{YEARLY}BYMONTH=1;BYDAY=SU"
    return [("STANDARD", "00010101T000000", "+0000", "+0100", rule)] * parts


def before_a_zone(rule):
    """Return as many times as are asked for, in the year in which a zone begins but before that."""
    turns = [f"{YEARLY}{rule}"] * 2
    zone = zone_lines("Z", *[("STANDARD", "20301231T235959", "+0000", "+0100", *turns)] * 10)
    return lambda size: zone + excluding(f"203012{1 + each % 30:02}T120000" for each in range(size))


def excluding(times, tzid="Z", rule="FREQ=DAILY", start="DTSTART;TZID=Z:20301201T000000"):
    return todo(start, f"RRULE:{rule}", f"EXDATE;TZID={tzid}:{','.join(times)}")


def days_of(rule, first, size):
    """Return the first days of a rule, as an EXDATE says them."""
    days = calendar_rules.parse(rule).days(first)
    return [f"{day:%Y%m%d}" for day in itertools.islice(days, size)]


def rare(rule, first):
    """Return series of which all is excluded, the more of them the more is asked for."""
    days, start = days_of(rule, first, 100), f"DTSTART:{first:%Y%m%d}"
    return lambda size: [
        line for _ in range(size // 50) for line in excluding(days, "", rule, start)
    ]


BOMBS = {
    "a rule of each Sunday of a month since the year 1": lambda size: (
        [
            line
            for number in range(size // 100)
            for line in zone_lines(f"Z{number}", *in_year_one(10))
        ]
        + [
            line
            for number in range(size // 100)
            for line in todo(f"DUE;TZID=Z{number}:20300101T000000")
        ]
    ),
    "equal properties": lambda size: todo(*["DTSTART:20300101"] * size),
    "unknown properties": lambda size: todo(*["X-FOO;A=b;C=d:bar"] * size),
    "many zones of one name": lambda size: (
        zone_lines("Z", *in_year_one(1)) * size + todo("DUE;TZID=Z:20300101T000000")
    ),
    "folds": lambda size: todo("DESCRIPTION:x", *[" y"] * size),
    "nested components": lambda size: ["BEGIN:X"] * size + ["END:X"] * size,
    "quoted parameters": lambda size: todo("DESCRIPTION;X=" + '"a"' * size),
    "parameters": lambda size: todo("DESCRIPTION;" + "A=b;" * size + "A=b:x"),
    "lines of quoted-printable": lambda size: todo(
        "DESCRIPTION;ENCODING=QUOTED-PRINTABLE:x=", *["y=C3=A4="] * size
    ),
    "digits of a duration": lambda size: todo("DTSTART:20300101", "DURATION:P" + "9" * size + "D"),
    "versions of one task": lambda size: ["BEGIN:VTODO", "UID:1", "SUMMARY:x", "END:VTODO"] * size,
    "repetitions of one task": lambda size: [
        *("BEGIN:VTODO", "UID:1", "SUMMARY:x", "RRULE:FREQ=DAILY", "DTSTART:19700101", "END:VTODO"),
        *(
            line
            for each in range(size)
            for line in (
                *("BEGIN:VTODO", "UID:1", "SUMMARY:x"),
                f"RECURRENCE-ID:{date(1970, 1, 1) + timedelta(each):%Y%m%d}",
                "END:VTODO",
            )
        ),
    ],
    "excluded repetitions": lambda size: todo(
        *("RRULE:FREQ=MONTHLY;BYMONTHDAY=31;INTERVAL=12", "DTSTART:20300201"),
        *["EXDATE:20300201,20300202"] * size,
    ),
    "rules without a turn": lambda size: [
        line
        for _ in range(size // 10)
        for line in todo(
            "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;INTERVAL=1",
            *("DTSTART:20300201", "EXDATE:20300201"),
        )
    ],
    "one zone of many tasks": lambda size: (
        zone_lines("Z", *in_year_one(2))
        + [
            line
            for each in range(size // 10)
            for line in todo(f"DUE;TZID=Z:{1970 + each % 130}0101T000000")
        ]
    ),
    "times before a zone of a turn on each day of a month": before_a_zone(
        f"BYMONTH=12;BYMONTHDAY={MONTH}"
    ),
    "times before a zone of a turn on each Sunday of a month": before_a_zone("BYMONTH=12;BYDAY=SU"),
    "many years of many zones": lambda size: [
        line
        for number in range(20)
        for line in (
            *zone_lines(f"Z{number}", *in_year_one(10)),
            *excluding(
                (f"{1970 + each % 131}0101T000000" for each in range(size // 4)), f"Z{number}"
            ),
        )
    ],
    "many names of zones beside many zones": lambda size: (
        ["BEGIN:VTIMEZONE", "END:VTIMEZONE"] * size * 2
        + todo(
            *("RRULE:FREQ=DAILY", "DTSTART:20300101"),
            *(f"EXDATE;TZID=Z{number}:20300101T000000" for number in range(size)),
        )
    ),
    "days in a zone's own list": lambda size: (
        zone_lines(
            "Z",
            *[
                (
                    *("STANDARD", "20000101T000000", "+0000", "+0100"),
                    *[f"RDATE:{','.join(['20300101T000000'] * 60)}"] * min(90, size // 50),
                )
            ]
            * 10,
        )
        + excluding(["20301201T120000"] * size)
    ),
    "a fifth Monday of February in each second year": rare(
        "FREQ=YEARLY;BYMONTH=2;BYDAY=5MO;INTERVAL=2", date(2032, 2, 29)
    ),
    "a fifth Monday of each month": rare("FREQ=MONTHLY;BYDAY=5MO", date(2030, 1, 1)),
    "each Friday 13": rare("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", date(2030, 1, 1)),
    "each week": rare("FREQ=WEEKLY", date(2030, 1, 1)),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_calendar_takes_time_by_its_bytes(kind):
    def cost(size):
        content = calendar(*BOMBS[kind](size))
        return least_seconds(lambda: load(content), 3), len(content)

    (small, few), (large, many) = cost(500), cost(4_000)
    assert large / max(small, 0.002) < 3 * max(8, many / few)


@pytest.mark.parametrize("kind", BOMBS)
def test_no_calendar_takes_many_times_as_long_as_an_ordinary_one_of_as_many_bytes(kind):
    usual = ("DUE:20300101T000000Z", "CREATED:20250101T000000Z", "DESCRIPTION:x")
    ordinary = calendar(*(line for _ in range(100) for line in todo(*usual)))
    odd = calendar(*BOMBS[kind](4_000))
    seconds = least_seconds(lambda: load(odd), 3)
    assert seconds / len(odd) < 6 * least_seconds(lambda: load(ordinary), 3) / len(ordinary)


def test_a_zone_of_old_rules_costs_no_more_than_one_of_new_ones():
    def cost(begins):
        parts = [(kind, begins, *more) for kind, _, *more in in_year_one(10)]
        content = calendar(*zone_lines("Z", *parts), *todo("DUE;TZID=Z:20300101T000000"))
        return least_seconds(lambda: load(content), 5)

    assert cost("00010101T000000") < 5 * cost("20200101T000000")


ENDS_WITH_TIME = f"{YEARLY}BYMONTH=1;UNTIL=99991231T235959Z"


def test_a_zone_may_end_in_the_last_year_that_there_is():
    zone = zone_lines(
        "Z",
        ("STANDARD", "20000101T000000", "+0100", "+0100", ENDS_WITH_TIME),
    )
    (row,), skipped = load(calendar(*zone, *todo("DUE;TZID=Z:20300101T120000")))
    assert (row["due_at"], skipped) == (datetime(2030, 1, 1, 11, tzinfo=UTC), [])


def test_a_zone_may_begin_with_a_turn_back_in_the_first_year_that_there_is():
    zone = zone_lines("Z", ("STANDARD", "00010101T000000", "+0200", "+0100"))
    (row,), skipped = load(calendar(*zone, *todo("DUE;TZID=Z:20300101T120000")))
    assert (row["due_at"], skipped) == (datetime(2030, 1, 1, 11, tzinfo=UTC), [])


def test_the_reason_why_something_is_skipped_does_not_send_the_file_back():
    _, skipped = load(calendar(*todo("DTSTART:20300101", f"DURATION:P{'x' * 12_000}D")))
    assert max(len(reason) for _, reason, _ in skipped) <= 1_000
