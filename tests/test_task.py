from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from todo_api.models import Task

FIELDS = [
    "id",
    "name",
    "note",
    "creation_date",
    "due_date",
    "completed",
    "completed_date",
    "item",
    "quantity",
    "paid",
    "revision",
    "etag",
]


def test_a_new_task_is_answered_flat_with_a_word_beside_it(alice):
    answer = alice.post(alice.tasks, json={"name": "milk"})
    assert answer.status_code == 201
    assert list(answer.json) == [*FIELDS, "msg"]
    assert answer.json["msg"] == "posted"
    task_id = answer.json["id"]
    assert answer.headers["Location"] == f"{alice.tasks}/{task_id}"
    shown = alice.get(answer.headers["Location"])
    assert shown.headers["ETag"] == answer.headers["ETag"]
    assert {**shown.json, "msg": "posted"} == answer.json
    created = answer.json["creation_date"]
    assert created.endswith("Z")
    assert abs((datetime.now().astimezone() - datetime.fromisoformat(created)).seconds) < 60


def test_a_task_has_its_defaults(alice):
    task = alice.task().json
    nulls = ("note", "due_date", "completed_date", "item", "paid")
    assert [task[name] for name in nulls] == [None] * 5
    assert task["completed"] is False
    assert task["quantity"] == 1


def test_a_form_makes_a_task_as_json_does(alice):
    form = {
        "name": "Käse \N{CHEESE WEDGE}",
        "note": " two\r\nlines ",
        "due_date": "24/12/2026 18:00:00",
        "completed": "ON",
        "item": "",
        "quantity": "1.5",
    }
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        task = alice.post(alice.tasks, data=form, content_type=content_type).json
        assert task["name"] == form["name"]
        assert task["note"] == form["note"]
        assert task["due_date"] == "2026-12-24T18:00:00Z"
        assert task["completed"] is True
        assert task["item"] is None
        assert task["quantity"] == 1.5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " \t"),
        ("name", "x" * 256),
        ("name", None),
        ("name", 7),
        ("name", "a\0b"),
        ("name", "\ufdfa" * 100),
        ("note", "x" * 10_001),
        ("note", 7),
        ("due_date", "tomorrow"),
        ("due_date", "31/02/2026 10:00:00"),
        ("due_date", "2026-02-30"),
        ("due_date", "2026-01-01T25:00:00Z"),
        ("due_date", "2026-01-01T00:00:00.1234567Z"),
        ("due_date", "0001-01-01T00:00:00+14:00"),
        ("due_date", "9999-12-31T23:59:59-14:00"),
        ("due_date", "1969-12-31"),
        ("due_date", "1969-12-31T23:59:59Z"),
        ("due_date", "9999-01-01"),
        ("due_date", "\uff12026-01-01"),
        ("due_date", 1767225600),
        ("completed", "yes"),
        ("completed", 1),
        ("item", ""),
        ("item", "x" * 256),
        ("quantity", 0),
        ("quantity", -1),
        ("quantity", 10_000.5),
        ("quantity", 0.00001),
        ("quantity", True),
        ("quantity", "1e999999"),
        ("quantity", "NaN"),
        ("quantity", "1_0"),
        ("quantity", [1]),
        ("paid", "x"),
        ("id", 99),
        ("id", None),
        ("creation_date", "2020-01-01T00:00:00Z"),
        ("completed_date", "2020-01-01T00:00:00Z"),
        ("paid", {"amount": 1, "currency": "EUR"}),
        ("revision", 99),
        ("account_id", 1),
        ("deleted_date", None),
        ("msg", "posted"),
        ("msg", "other"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_no_row_is_written(backend, alice, field, value):
    answer = alice.post(alice.tasks, json={"name": "x", field: value})
    assert answer.status_code == 422, answer.json
    assert list(answer.json["errors"]) == [field]
    assert backend.count(Task) == 0
    assert alice.get(alice.tasks).status_code == 200


def test_an_error_in_the_text_of_a_form_is_an_error_too(alice):
    for form in ({"completed": "yes"}, {"quantity": "many"}, {"revision": "x"}, {"paid": "x"}):
        answer = alice.post(alice.tasks, data={"name": "x", **form})
        assert (answer.status_code, list(answer.json["errors"])) == (422, list(form))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-07-01", "2026-07-01"),
        ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
        ("2026-07-01T12:00:00.250+02:00", "2026-07-01T10:00:00.250000Z"),
        ("2026-07-01 12:00", "2026-07-01T10:00:00Z"),
        ("2026-07-01T12:00:00", "2026-07-01T10:00:00Z"),
        ("01/07/2026 12:00:00", "2026-07-01T10:00:00Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("9998-12-31T23:59:59Z", "9998-12-31T23:59:59Z"),
        ("1970-01-01", "1970-01-01"),
    ],
)
def test_a_due_date_is_placed_in_the_accounts_time_zone(alice, text, shown):
    alice.put(alice.path, json={"timezone": "Europe/Berlin"})
    location = alice.task(due_date=text).headers["Location"]
    assert alice.get(location).json["due_date"] == shown


def test_a_bare_date_is_sorted_by_where_its_day_begins_also_in_a_new_time_zone(alice):
    for due in ("2026-07-01", "2026-06-30T20:00:00Z", "2026-07-01T00:00:00Z"):
        alice.task(due_date=due)

    def order():
        return [task["id"] for task in alice.get(f"{alice.tasks}?sort=due_date").json["tasks"]]

    assert order() == [3, 2, 4]
    tags = [alice.get(f"{alice.tasks}/{number}").headers["ETag"] for number in (2, 3)]
    assert alice.put(alice.path, json={"timezone": "Asia/Tokyo"}).status_code == 200
    assert order() == [2, 3, 4]
    assert tags == [alice.get(f"{alice.tasks}/{number}").headers["ETag"] for number in (2, 3)]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_is_absent_stays_and_null_sets_back(alice, method):
    fields = {"note": "n", "due_date": "2026-07-01", "item": "milk", "quantity": 2.5}
    path = alice.task(**fields).headers["Location"]
    assert alice(method, path, json={"name": "other"}).json.items() >= fields.items()
    cleared = alice(method, path, json=dict.fromkeys(fields)).json
    assert [cleared[name] for name in fields] == [None, None, None, 1]
    assert cleared["name"] == "other"
    refused = alice(method, path, json={"name": None})
    assert refused.status_code == 422


def test_an_empty_value_of_a_form_sets_back(alice):
    path = alice.task(note="n", due_date="2026-07-01", quantity=3, completed=True).headers[
        "Location"
    ]
    form = {"note": "", "due_date": "", "quantity": "", "completed": ""}
    task = alice.put(path, data=form).json
    assert [task[name] for name in form] == [None, None, 1, False]


def test_what_was_received_may_be_sent_back_in_json_and_in_a_form(backend, alice):
    backend.price("milk", 13500)
    path = alice.task(item="milk", due_date="2026-07-01T10:00:00Z").headers["Location"]
    alice.patch(path, json={"completed": True})
    task = alice.get(path)
    answer = alice.put(path, json=task.json)
    assert answer.json == task.json
    assert answer.headers["ETag"] == task.headers["ETag"]
    texts = {name: "" if value is None else str(value) for name, value in task.json.items()}
    del texts["paid"]
    assert alice.put(path, data=texts).json == task.json
    assert alice.put(path, json={"creation_date": "2026-01-01"}).status_code == 422
    later = task.json["creation_date"].replace("Z", "+00:00")
    assert alice.put(path, json={"creation_date": later}).status_code == 200


def test_a_time_that_comes_back_cut_to_milliseconds_is_no_change(backend, alice):
    """A Date of JavaScript carries no more, and a row of an older version may have more."""
    path = alice.task(completed=True).headers["Location"]
    exact = datetime(2026, 7, 1, 10, 0, 0, 123_456, tzinfo=UTC)
    with backend.database.transaction() as session:
        task = session.scalars(select(Task)).one()
        task.creation_date = task.completed_date = exact
    etag = alice.get(path).headers["ETag"]
    sent = dict.fromkeys(("creation_date", "completed_date"), "2026-07-01T10:00:00.123Z")
    answer = alice.put(path, json=sent)
    assert (answer.status_code, answer.headers["ETag"]) == (200, etag)
    assert answer.json["creation_date"] == "2026-07-01T10:00:00.123456Z"
    assert alice.put(path, json={"creation_date": "2026-07-01T10:00:00.122Z"}).status_code == 422


def test_a_put_that_wants_nothing_to_be_there_changes_nothing(alice):
    task = alice.task(name="milk")
    path = task.headers["Location"]
    for tag in ("*", task.headers["ETag"], "W/" + task.headers["ETag"]):
        headers = {"If-None-Match": tag}
        assert alice.put(path, json={"name": "x"}, headers=headers).status_code == 412
        assert alice.delete(path, headers=headers).status_code == 412
    other = {"json": {"note": "x"}, "headers": {"If-None-Match": '"other"'}}
    assert alice.put(path, **other).json["name"] == "milk"


@pytest.mark.parametrize("tag", ["17", "x y", '"open', "", ",", '* , "a"'])
def test_an_if_match_that_is_no_tag_is_told_what_one_looks_like(alice, tag):
    path = alice.task(name="milk").headers["Location"]
    answer = alice.put(path, json={"name": "x"}, headers={"If-Match": tag})
    assert answer.status_code == 400
    assert "with its quotes" in answer.json["message"]


def test_a_new_task_may_be_sent_back_as_it_was_answered(alice):
    task = alice.task()
    answer = alice.put(task.headers["Location"], json={**task.json, "name": "other"})
    assert (answer.status_code, answer.json["name"]) == (200, "other")
    refused = alice.put(task.headers["Location"], json={**task.json, "msg": "else"})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["msg"])


@pytest.mark.parametrize("field", ["id", "creation_date", "completed_date", "paid", "revision"])
def test_a_read_only_field_with_another_value_changes_nothing(alice, field):
    path = alice.task().headers["Location"]
    before = alice.get(path).json
    values = {"paid": {"amount": 1, "currency": "EUR"}, "id": 99, "revision": 99}
    value = values.get(field, "2020-01-01T00:00:00Z")
    answer = alice.put(path, json={"name": "new", field: value})
    assert (answer.status_code, answer.json["errors"]) == (422, {field: ["Read-only."]})
    assert alice.get(path).json == before


def test_the_id_of_a_task_is_the_revision_that_created_it_and_never_comes_again(alice):
    first, second = alice.task().json, alice.task().json
    assert first["id"] == first["revision"]
    assert second["id"] == first["id"] + 1
    alice.delete(f"{alice.tasks}/{second['id']}")
    assert alice.task().json["id"] == second["id"] + 2


def test_every_change_takes_the_next_revision_and_no_change_takes_none(alice):
    task = alice.task()
    path, revision = task.headers["Location"], task.json["revision"]
    assert alice.patch(path, json={"note": "x"}).json["revision"] == revision + 1
    assert alice.patch(path, json={"note": "x"}).json["revision"] == revision + 1
    assert alice.patch(path, json={}).json["revision"] == revision + 1
    assert alice.patch(path, json={"completed": True}).json["revision"] == revision + 2


def test_completing_keeps_the_price_of_that_moment(backend, alice, admin):
    backend.price("Apples", 13450, "JPY")
    path = alice.task(item=" apples", quantity=3).headers["Location"]
    done = alice.patch(path, json={"completed": True}).json
    assert done["paid"] == {"amount": 4, "currency": "JPY"}
    assert done["completed_date"] >= done["creation_date"]
    admin.put("/api/v1/prices/apples", json={"price": 99})
    assert alice.get(path).json["paid"] == done["paid"]
    again = alice.put(path, json={"completed": True, "name": "other"}).json
    assert again["completed_date"] == done["completed_date"]
    assert again["paid"] == done["paid"]
    undone = alice.patch(path, json={"completed": False}).json
    assert [undone[name] for name in ("completed_date", "paid")] == [None, None]
    redone = alice.patch(path, json={"completed": True}).json
    assert redone["paid"] == {"amount": 297, "currency": "JPY"}


def test_what_has_no_price_was_paid_with_nothing_known(alice):
    for fields in ({"item": "unknown"}, {}):
        assert alice.task(completed=True, **fields).json["paid"] is None


def test_a_task_of_somebody_else_is_as_if_it_had_never_existed(alice, bob):
    bob.task()
    bob.task()
    task_id = bob.task().json["id"]
    there, never = alice.get(f"{alice.tasks}/{task_id}"), alice.get(f"{alice.tasks}/999")
    assert there.status_code == never.status_code == 404
    assert there.data == never.data
    assert alice.get(f"{bob.tasks}/{task_id}").status_code == 403
    for method in ("PUT", "PATCH", "DELETE"):
        assert alice(method, f"{alice.tasks}/{task_id}", json={}).status_code == 404


def test_a_deleted_task_is_gone_for_its_owner_and_stays_as_a_tombstone(backend, alice):
    path = alice.task().headers["Location"]
    answer = alice.delete(path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert alice(method, path, json={}).status_code == 404
    assert alice.get(alice.tasks).json["tasks"] == []
    with backend.session() as session:
        tombstone = session.query(Task).one()
    assert tombstone.deleted_date is not None
    assert tombstone.revision == tombstone.id + 1


@pytest.mark.parametrize("task_id", ["0", "01", "-1", "1.0", "x", "\uff11", "1" * 19, "1 ", "%00"])
def test_an_id_is_a_positive_number_in_ascii(alice, task_id):
    answer = alice.get(f"{alice.tasks}/{task_id}")
    assert (answer.status_code, answer.json) == (
        404,
        {"status": 404, "message": "Invalid endpoint"},
    )


def test_the_largest_id_is_only_not_there(alice):
    assert alice.get(f"{alice.tasks}/{'9' * 18}").json["message"] == "No such task"


def test_the_list_has_the_name_of_its_account_and_pages(alice):
    made = [alice.task(name=f"task {number}").json["id"] for number in range(5)]
    whole = alice.get(alice.tasks)
    assert list(whole.json) == ["username", "tasks", "next", "etag"]
    assert whole.json["username"] == "alice"
    assert [task["id"] for task in whole.json["tasks"]] == made
    assert list(whole.json["tasks"][0]) == FIELDS
    assert whole.json["next"] is None
    assert "Link" not in whole.headers

    seen, path = [], f"{alice.tasks}/?limit=2"
    while path:
        page = alice.get(path)
        assert len(page.json["tasks"]) <= 2
        seen += [task["id"] for task in page.json["tasks"]]
        path = page.json["next"]
        if path:
            assert path.startswith("/api/v1/accounts/alice/tasks?limit=2&after=")
            assert page.headers["Link"] == f'<{path}>; rel="next"'
    assert seen == made


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1&limit=2",
        "limit=",
        "after=",
        "after=x",
        "x=1",
        "after=WyJhIl0",
        "after=WzFd%00",
        "after=WzEwMDAwMDAwMDAwMDAwMDAwMDAwMF0",
        "after=%F0%9F%90%A7",
    ],
)
def test_a_query_that_is_wrong_is_named(alice, query):
    answer = alice.get(f"{alice.tasks}?{query}")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [query.split("=")[0]]


def test_the_lists_etag_changes_with_anything_in_it(alice):
    def etag():
        return alice.get(alice.tasks).headers["ETag"]

    seen = [etag()]
    path = alice.task().headers["Location"]
    seen.append(etag())
    alice.patch(path, json={"note": "x"})
    seen.append(etag())
    alice.delete(path)
    seen.append(etag())
    assert len(set(seen)) == 4
    unchanged = alice.get(alice.tasks, headers={"If-None-Match": f'"other", W/{seen[-1]}'})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert unchanged.headers["ETag"] == seen[-1]
    assert alice.get(alice.tasks, headers={"If-None-Match": seen[0]}).status_code == 200


def test_if_none_match_is_looked_at_after_access_and_query(alice, bob):
    etag = alice.get(alice.tasks).headers["ETag"]
    known = {"If-None-Match": etag}
    assert bob.get(alice.tasks, headers=known).status_code == 403
    for query in ("limit=0", "after=garbage", "due_before=9999-01-01"):
        assert alice.get(f"{alice.tasks}?{query}", headers=known).status_code == 422
    total = {"If-None-Match": alice.get(f"{alice.tasks}/total").headers["ETag"]}
    assert alice.get(f"{alice.tasks}/total?due_after=0001-01-01", headers=total).status_code == 422


@pytest.mark.parametrize("etag", ['"x"', 'W/"{etag}"', '"{etag}x"', '"", "y"'])
def test_an_if_match_that_does_not_match_changes_nothing(alice, etag):
    task = alice.task()
    path, stored = task.headers["Location"], task.headers["ETag"].strip('"')
    for method in ("PUT", "PATCH", "DELETE"):
        sent = {"If-Match": etag.format(etag=stored)}
        answer = alice(method, path, json={"note": "lost"}, headers=sent)
        assert answer.status_code == 412
    assert alice.get(path).json["note"] is None


def test_an_if_match_that_matches_lets_in(alice):
    task = alice.task()
    path, sent = task.headers["Location"], {"If-Match": f'"x", {task.headers["ETag"]}'}
    assert alice.patch(path, json={"note": "kept"}, headers=sent).json["note"] == "kept"
