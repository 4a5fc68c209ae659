"""Lists of tasks: sorted, filtered, paged, counted."""

import base64
import itertools
import json
import statistics
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, insert, literal_column, select, text
from support import Backend
from test_values import least_seconds

from todo_api.models import Account, Task
from todo_api.services import tasks
from todo_api.services.position import Position
from todo_api.services.task_filter import Filter
from todo_api.settings import Settings
from todo_api.values import names

SORTS = ["id", "name", "due_date", "creation_date"]


def walk(client, path):
    """Return the tasks of all pages."""
    seen = []
    while path:
        page = client.get(path)
        assert page.status_code == 200, page.json
        seen += page.json["tasks"]
        path = page.json["next"]
    return seen


def shown(client, query):
    return [task["name"] for task in walk(client, f"{client.tasks}?{query}")]


DUE = [
    ("none", None),
    ("day", "2026-07-02"),
    ("midnight", "2026-07-02T00:00:00"),
    ("noon", "2026-07-02T12:00:00"),
    ("eve", "2026-07-01T23:59:59.999999"),
    ("none again", None),
    ("next day", "2026-07-03"),
    ("day again", "2026-07-02"),
]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_due_dates_sort_with_bare_dates_first_and_nulls_last(alice, zone, limit):
    alice.put(alice.path, json={"timezone": zone})
    for name, due in DUE:
        alice.task(name=name, due_date=due)
    dated = ["eve", "day", "day again", "midnight", "noon", "next day"]
    assert shown(alice, f"sort=due_date&limit={limit}") == [*dated, "none", "none again"]
    backwards = [*reversed(dated), "none again", "none"]
    assert shown(alice, f"sort=-due_date&limit={limit}") == backwards


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_names_sort_as_they_are_compared_with_ties_by_id(alice, limit):
    made = ["b", "A", "a", "ä", "B", "\U0001f427", "a"]
    for name in made:
        alice.task(name=name)
    order = ["A", "a", "a", "b", "B", "ä", "\U0001f427"]
    assert shown(alice, f"sort=name&limit={limit}") == order
    ids = [task["id"] for task in walk(alice, f"{alice.tasks}?sort=-name&limit={limit}")]
    forwards = [task["id"] for task in walk(alice, f"{alice.tasks}?sort=name&limit={limit}")]
    assert ids == forwards[::-1]


@pytest.mark.parametrize("sort", ["id", "creation_date"])
def test_ids_and_creation_dates_sort_in_both_directions(alice, sort):
    made = [alice.task().json["id"] for _ in range(5)]
    assert [task["id"] for task in walk(alice, f"{alice.tasks}?sort={sort}&limit=2")] == made
    back = walk(alice, f"{alice.tasks}?sort=-{sort}&limit=2")
    assert [task["id"] for task in back] == made[::-1]


def test_a_page_after_a_deleted_row_goes_on_where_it_was(alice):
    paths = [alice.task(name=name).headers["Location"] for name in "abcd"]
    first = alice.get(f"{alice.tasks}?sort=name&limit=2").json
    alice.delete(paths[1])
    alice.task(name="aa")
    after = alice.get(first["next"]).json
    assert [task["name"] for task in after["tasks"]] == ["c", "d"]


def test_filters_say_which_tasks_are_meant(alice):
    alice.put(alice.path, json={"timezone": "Europe/Berlin"})
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    local = now.astimezone(tz=None)
    assert local
    alice.task(name="late", due_date=(now - hour).isoformat())
    alice.task(name="soon", due_date=(now + hour).isoformat())
    alice.task(name="old day", due_date="2020-01-01")
    alice.task(name="far day", due_date="2090-01-01")
    alice.task(name="late but done", due_date=(now - hour).isoformat(), completed=True)
    alice.task(name="whenever")
    assert shown(alice, "overdue=true") == ["late", "old day"]
    assert shown(alice, "overdue=false") == ["soon", "far day", "late but done", "whenever"]
    assert shown(alice, "completed=true") == ["late but done"]
    assert "late but done" not in shown(alice, "completed=0")
    assert shown(alice, "due_after=2090-01-01") == []
    assert shown(alice, "due_after=2089-12-31&due_before=2090-01-02") == ["far day"]
    assert shown(alice, "due_before=01/01/2020 00:00:00") == ["old day"]
    assert shown(alice, "due_before=2020-01-01") == []
    assert shown(alice, "completed=false&overdue=true&q=day") == ["old day"]


def test_a_bare_date_is_overdue_after_its_day_ends_where_the_account_is(alice):
    east, west = "Pacific/Kiritimati", "Pacific/Pago_Pago"
    today_in_the_east = (datetime.now(UTC) + timedelta(hours=14)).date()
    alice.put(alice.path, json={"timezone": east})
    alice.task(name="today", due_date=today_in_the_east.isoformat())
    alice.task(name="yesterday", due_date=(today_in_the_east - timedelta(1)).isoformat())
    assert shown(alice, "overdue=true") == ["yesterday"]
    alice.put(alice.path, json={"timezone": west})
    assert shown(alice, "overdue=true") == []


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("STRASSE", ["Straße"]),
        ("%", ["100 %"]),
        ("_", ["a_b"]),
        ("\\", ["back\\slash"]),
        ("/", ["a/b"]),
        ("É", ["café", "x"]),
        ("e\u0301", ["café", "x"]),
        ("\uff11\uff10\uff10", ["100 %"]),
        ("'", ["it's"]),
        ("nothing", []),
        (" A/B ", ["a/b"]),
        ("STRA\u00adSSE", ["Straße"]),
        ("heart \u2764", ["heart \u2764\ufe0f"]),
    ],
)
def test_q_is_a_substring_of_name_or_note_as_names_are_compared(alice, q, found):
    for name in (
        "Straße",
        "100 %",
        "a_b",
        "aXb",
        "back\\slash",
        "a/b",
        "café",
        "it's",
        "heart \u2764\ufe0f",
    ):
        alice.task(name=name)
    alice.task(name="x", note="au CAFÉ")
    answer = alice.get(alice.tasks, query_string={"q": q})
    assert [task["name"] for task in answer.json["tasks"]] == found


def test_the_total_counts_what_the_filter_leaves(alice):
    for number in range(5):
        alice.task(name=f"task {number}", completed=number > 2)
    assert "total" not in alice.get(alice.tasks).json
    assert alice.get(f"{alice.tasks}?total=true&limit=1").json["total"] == 5
    page = alice.get(f"{alice.tasks}?total=true&completed=true&limit=1")
    assert page.json["total"] == 2
    assert "total=true&completed=true&limit=1&after=" in page.json["next"]


@pytest.mark.parametrize(
    "query",
    [
        "sort=x",
        "sort=--name",
        "sort=",
        "completed=maybe",
        "due_before=soon",
        "due_after=9999-01-01",
        "due_before=0001-01-01T00:00:00Z",
        "overdue=1&overdue=0",
        "q=",
        "q=%00",
        "total=x",
    ],
)
def test_a_filter_that_is_wrong_is_named(alice, query):
    answer = alice.get(f"{alice.tasks}?{query}")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [query.split("=")[0]]


def test_a_cursor_belongs_to_its_order(alice):
    for name in "ab":
        alice.task(name=name)
    for one, other in itertools.permutations([*SORTS, "-name"], 2):
        path = alice.get(f"{alice.tasks}?sort={one}&limit=1").json["next"]
        moved = path.replace(f"sort={one}", f"sort={other}")
        assert alice.get(path).status_code == 200
        assert alice.get(moved).status_code == 422


@pytest.mark.parametrize(
    ("sort", "place", "status"),
    [
        ("id", [1], 200),
        ("id", [-(2**63)], 200),
        ("id", [-(2**63) - 1], 422),
        ("id", [2**63 - 1], 200),
        ("id", [2**63], 422),
        ("id", [True], 422),
        ("id", ["1"], 422),
        ("id", [], 422),
        ("id", [1, 2], 422),
        ("name", ["a", 1], 200),
        ("name", ["a\0b", 1], 422),
        ("name", [None, 1], 422),
        ("due_date", [None, 1], 200),
        ("creation_date", ["2030-01-01T00:00:00+00:00", 1], 200),
        ("creation_date", ["2030-01-01T00:00:00", 1], 422),
    ],
)
def test_a_cursor_is_a_place_in_the_list(alice, sort, place, status):
    after = base64.urlsafe_b64encode(json.dumps([sort, *place]).encode()).decode().rstrip("=")
    path = f"{alice.tasks}?sort={sort}&after="
    assert alice.get(path + after).status_code == status
    assert alice.get(f"{path}{after[:4]}!{after[4:]}").status_code == 422


def test_a_list_that_the_clock_filters_has_no_etag(alice):
    assert "ETag" in alice.get(f"{alice.tasks}?completed=true&q=x").headers
    for overdue in ("true", "false"):
        assert "ETag" not in alice.get(f"{alice.tasks}?overdue={overdue}").headers


DAY = date(2026, 1, 1)


ROWS = 8_000


@pytest.fixture(scope="module")
def stored(databases):
    """A backend of this file's own, with one account that has many tasks; a test may delete some.

    The tests share it, because most of their time would go into the rows.
    """
    url = databases.migrated()
    with closing(Backend(Settings(database_url=url), databases.open(url))) as backend:
        backend.someone()
        now = datetime.now(UTC)
        with backend.database.transaction() as session:
            session.execute(
                insert(Task),
                [
                    {
                        "account_id": 1,
                        "id": number,
                        "revision": number,
                        "name": f"task {number % 97}",
                        "name_key": names.key(f"task {number % 97}"),
                        "quantity": 10_000,
                        "creation_date": now + timedelta(seconds=number),
                        "due_at": now + timedelta(minutes=number // 3) if number % 5 > 1 else None,
                        "due_on": DAY + timedelta(number // 30) if number % 5 == 1 else None,
                    }
                    for number in range(2, ROWS + 2)
                ],
            )
            session.execute(text(f"UPDATE account SET revision = {ROWS + 1}"))
        analyze(backend)
        yield backend


def analyze(backend):
    with backend.database.transaction() as session:
        session.execute(text("ANALYZE"))


@pytest.fixture
def large(stored):
    """The account with many tasks, none of which is deleted."""
    return stored.someone()


def seconds(session, sort, after=None, limit=10):
    """Return the seconds that a page takes, and the page."""
    account = session.get(Account, 1)
    start = time.perf_counter()
    page = tasks.listing(account, Filter(), sort=sort, limit=limit, after=after).page(session)
    return time.perf_counter() - start, page


@pytest.mark.parametrize("sort", [*SORTS, "-name", "-due_date"])
def test_a_page_costs_the_same_at_any_depth(stored, sort):
    with stored.session() as session:
        _, skipped = seconds(session, sort, limit=ROWS - 100)
        ratios = [
            seconds(session, sort, skipped.after)[0] / seconds(session, sort)[0] for _ in range(40)
        ]
    assert statistics.median(ratios) < 1.7


def test_a_page_costs_the_same_however_many_tasks_were_deleted(stored, large):
    sorts = [*SORTS, "-name"]

    def cheapest():
        with stored.session() as session:
            return {sort: min(seconds(session, sort)[0] for _ in range(20)) for sort in sorts}

    before = cheapest()
    with stored.database.transaction() as session:
        deleted = f"creation_date WHERE id < {ROWS - 100}"
        session.execute(text(f"UPDATE task SET deleted_date = {deleted}"))
    analyze(stored)
    after = cheapest()
    with stored.session() as session:
        assert {len(seconds(session, sort)[1].rows) for sort in sorts} == {10}
    with stored.database.transaction() as session:
        session.execute(text("UPDATE task SET deleted_date = NULL"))
    analyze(stored)
    ratios = {sort: after[sort] / before[sort] for sort in sorts}
    assert max(ratios.values()) < 3, ratios


def test_walking_a_large_list_sees_each_task_once(large):
    for sort in ("name", "-due_date"):
        seen = walk(large, f"{large.tasks}?sort={sort}&limit=200")
        assert len(seen) == len({task["id"] for task in seen}) == ROWS


LETTERS = "aAé%_/\\\U0001f600"


@given(
    st.lists(
        st.text(alphabet="aAé%_/\\\U0001f600 ", min_size=1, max_size=6), min_size=1, max_size=4
    ),
    st.text(alphabet="aAé%_/\\\U0001f600", min_size=1, max_size=3),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_q_finds_the_texts_that_python_finds(database, texts, sought):
    table = f"(VALUES {', '.join(f'(:t{number})' for number in range(len(texts)))})"
    values = {f"t{number}": each for number, each in enumerate(texts)}
    with database.reading() as session:
        position = Position(literal_column("column1"), bindparam("q"))
        query = (
            select(literal_column("column1")).select_from(text(f"{table} AS t")).where(position > 0)
        )
        found = session.scalars(query, {**values, "q": sought}).all()
    assert sorted(found) == sorted(each for each in texts if sought in each)


def test_a_search_costs_little_more_for_a_long_text_than_for_a_short_one(alice, database):
    """The words of a note that nearly hold what is sought are no reason to read it many times."""
    with database.reading() as session:

        def cost(sought):
            query = select(Position(bindparam("note"), bindparam("q")))
            note = "a" * 9_999

            def work():
                for _ in range(20):
                    session.scalar(query, {"note": note, "q": sought})

            return least_seconds(work, clock=time.perf_counter)

        assert cost("a" * 250 + "b") < 30 * cost("b")
