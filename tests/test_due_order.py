"""Lists by due date, where bare dates and moments are merged by the account's time zone."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, text

from todo_api.models import Account, Task
from todo_api.services import tasks
from todo_api.services.task_filter import Filter
from todo_api.values import moments

# Clocks that were set back over midnight; a day that was left out; a day without a midnight.
NIGHTS = [
    ("America/St_Johns", date(2010, 11, 7)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("UTC", date(1970, 1, 2)),
]


def dates_around(day):
    return st.integers(-1, 3).map(lambda days: max(day + timedelta(days), date(1970, 1, 1)))


def moments_around(day):
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    halves = st.integers(-30, 60).map(lambda half: start + timedelta(minutes=30 * half))
    return st.tuples(halves, st.sampled_from((0, 1, -1))).map(
        lambda drawn: max(drawn[0] + drawn[1] * timedelta(microseconds=1), moments.EARLIEST)
    )


@st.composite
def cases(draw):
    zone, day = draw(st.sampled_from(NIGHTS))
    due = st.one_of(dates_around(day), moments_around(day))
    dues = draw(st.lists(st.one_of(due, st.none()), max_size=25))
    bounds = draw(st.tuples(st.one_of(st.none(), due), st.one_of(st.none(), due)))
    return zone, dues, bounds, draw(st.booleans()), draw(st.integers(1, 7))


def place(due, zone):
    """Return when a due date begins, and a bare date before the moment of its start."""
    is_moment = isinstance(due, datetime)
    return (moments.at(due, zone), is_moment, date.min if is_moment else due)


def expected(dues, zone, before, after, *, descending):
    dated = [(place(due, zone), number) for number, due in dues if due is not None]
    if before is not None:
        dated = [each for each in dated if each[0] < place(before, zone)]
    if after is not None:
        dated = [each for each in dated if each[0] > place(after, zone)]
    undated = [number for number, due in dues if due is None and before is None and after is None]
    ids = [number for _, number in sorted(dated, reverse=descending)]
    return ids + sorted(undated, reverse=descending)


NEWFOUNDLAND, NOVEMBER_7 = NIGHTS[0]
BETWEEN = datetime(2010, 11, 7, 3, tzinfo=UTC)
"""The clock says half past eleven for the second time, and the next day has begun before."""


@given(cases())
@example((NEWFOUNDLAND, [NOVEMBER_7, BETWEEN], (None, None), False, 1))
@example((NEWFOUNDLAND, [NOVEMBER_7, BETWEEN], (None, None), True, 1))
@example((NEWFOUNDLAND, [NOVEMBER_7], (BETWEEN, None), False, 1))
@example((NEWFOUNDLAND, [NOVEMBER_7], (None, BETWEEN), False, 1))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_by_due_date_have_the_order_that_the_time_zone_says(backend, case):
    zone, dues, (before, after), descending, limit = case
    if not backend.count(Account):
        backend.someone()
    numbered = list(zip(count(2), dues))
    with backend.database.transaction() as session:
        session.execute(delete(Task))
        session.execute(text("UPDATE account SET timezone = :zone"), {"zone": zone})
        rows = [
            {
                "account_id": 1,
                "id": number,
                "revision": number,
                "name": "x",
                "name_key": "x",
                "quantity": 10_000,
                "creation_date": datetime.now(UTC),
                **tasks.due_columns(due, ZoneInfo(zone)),
            }
            for number, due in numbered
        ]
        if rows:
            session.execute(insert(Task), rows)
    wanted = Filter(due_before=before, due_after=after)
    sort, cursor, seen = "-due_date" if descending else "due_date", None, []
    with backend.session() as session:
        account = session.get(Account, 1)
        while not seen or cursor:
            plan = tasks.listing(account, wanted, sort=sort, limit=limit, after=cursor)
            page = plan.page(session)
            cursor = page.after
            seen += [row.id for row in page.rows]
            assert len(seen) <= len(dues)
            if not page.rows:
                break
    found = expected(numbered, ZoneInfo(zone), before, after, descending=descending)
    assert seen == found


@pytest.mark.parametrize("due", ["2026-07-01", "2026-06-30T22:00:00.000001Z", None])
def test_a_page_goes_on_where_the_one_before_ended_also_after_a_change_of_the_time_zone(alice, due):
    """The cursor holds the due date itself, and not where it was in a time zone."""
    alice.put(alice.path, json={"timezone": "Europe/Berlin"})
    alice.task(due_date=due)
    alice.task(due_date=due)
    first = alice.get(f"{alice.tasks}?sort=due_date&limit=1")
    alice.put(alice.path, json={"timezone": "America/New_York"})
    then = alice.get(next_of(first))
    assert [task["id"] for task in then.json["tasks"]] == [4]


def next_of(answer):
    return answer.headers["Link"].partition("<")[2].partition(">")[0]


@contextmanager
def no_update_of_a_task(database):
    """Let the database refuse each update of a task meanwhile."""
    if database.is_sqlite:
        made = (
            "CREATE TRIGGER untouched BEFORE UPDATE ON task"
            " BEGIN SELECT RAISE(ABORT, 'touched'); END"
        )
        dropped = "DROP TRIGGER untouched"
    else:
        made = "ALTER TABLE task ADD CONSTRAINT untouched CHECK (id < 0) NOT VALID"
        dropped = "ALTER TABLE task DROP CONSTRAINT untouched"
    with database.transaction() as session:
        session.execute(text(made))
    yield
    with database.transaction() as session:
        session.execute(text(dropped))


def test_a_change_of_the_time_zone_touches_no_task(backend, alice):
    """It would hold up all other writers of SQLite for as long as there are tasks."""
    path = alice.task(due_date="2026-07-01").headers["Location"]
    with no_update_of_a_task(backend.database):
        moved = alice.put(alice.path, json={"timezone": "Asia/Tokyo"})
        touched = alice.patch(path, json={"note": "x"})
    assert (moved.status_code, touched.status_code) == (200, 500)
    assert alice.get(alice.path).json["timezone"] == "Asia/Tokyo"
