"""Batches: all or none."""

import uuid

import pytest

from todo_api.models import Task


def batch(client, *operations, **headers):
    body = {"operations": list(operations)}
    return client.post(f"{client.tasks}/batch", json=body, headers=headers)


def test_a_batch_creates_changes_and_deletes(alice):
    old = alice.task(name="old")
    gone = alice.task(name="gone")
    counter = gone.json["revision"]
    answer = batch(
        alice,
        {"method": "POST", "body": {"name": "new"}},
        {
            "method": "PATCH",
            "id": old.json["id"],
            "if_match": old.headers["ETag"],
            "body": {"completed": True},
        },
        {"method": "PUT", "id": old.json["id"], "if_match": "*", "body": {"note": "x"}},
        {"method": "DELETE", "id": gone.json["id"]},
    )
    assert answer.status_code == 200, answer.json
    assert list(answer.json) == ["results", "revision"]
    new, done, noted, deleted = answer.json["results"]
    assert new["name"] == "new"
    assert (done["completed"], noted["note"]) == (True, "x")
    assert deleted == {"id": gone.json["id"], "deleted": True, "revision": counter + 4}
    assert answer.json["revision"] == counter + 4
    listed = alice.get(alice.tasks)
    assert answer.headers["ETag"] == listed.headers["ETag"]
    assert {task["id"] for task in listed.json["tasks"]} == {old.json["id"], new["id"]}


CREATE = {"method": "POST", "body": {"name": "new"}}


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"method": "POST", "body": {"name": ""}}, 422),
        ({"method": "POST"}, 422),
        ({"method": "POST", "id": 7, "body": {"name": "x"}}, 422),
        ({"method": "POST", "if_match": "*", "body": {"name": "x"}}, 422),
        ({"method": "POST", "body": {"name": "x", "id": 7}}, 422),
        ({"method": "POST", "body": []}, 422),
        ({"method": "PATCH", "body": {"name": "x"}}, 422),
        ({"method": "PATCH", "id": 2, "body": {"revision": 99}}, 422),
        ({"method": "PATCH", "id": 2, "body": {"due_date": "0001-01-01"}}, 422),
        ({"method": "PATCH", "id": 999, "body": {"name": "x"}}, 404),
        ({"method": "PUT", "id": 2, "if_match": '"x.1"', "body": {"name": "x"}}, 412),
        ({"method": "DELETE", "id": 2, "if_match": "x"}, 422),
        ({"method": "DELETE", "id": 2, "body": {}}, 422),
        ({"method": "DELETE", "id": 999}, 404),
        ({"method": "DELETE", "id": "2"}, 422),
        ({"method": "GET", "id": 2}, 422),
        ({"method": "delete", "id": 2}, 422),
        ({"id": 2}, 422),
        ({"method": "DELETE", "id": 2, "x": 1}, 422),
        ("DELETE", 422),
        (None, 422),
    ],
)
def test_an_error_names_its_operation_and_nothing_happens(backend, alice, operation, status):
    alice.task()
    before = alice.get(alice.tasks)
    answer = batch(alice, CREATE, {"method": "DELETE", "id": 2}, CREATE, operation)
    if status != 404 and isinstance(operation, dict) and operation.get("id") == 2:
        answer = batch(alice, CREATE, CREATE, CREATE, operation)
    assert (answer.status_code, answer.json["index"]) == (status, 3)
    after = alice.get(alice.tasks)
    assert (after.json, after.headers["ETag"]) == (before.json, before.headers["ETag"])
    assert backend.count(Task) == 1


def test_an_operation_that_there_is_not_is_told_which_there_are(alice):
    answer = batch(alice, {"method": "GET", "id": 2})
    assert answer.json["errors"] == {"method": ["Must be one of POST, PUT, PATCH, DELETE."]}


@pytest.mark.parametrize(
    "body",
    [{}, {"operations": []}, {"operations": [CREATE] * 101}, {"operations": CREATE}, {"x": 1}],
)
def test_a_batch_has_one_to_a_hundred_operations(backend, alice, body):
    answer = alice.post(f"{alice.tasks}/batch", json=body)
    assert answer.status_code == 422
    assert backend.count(Task) == 0
    assert len(batch(alice, *[CREATE] * 100).json["results"]) == 100


def test_a_task_of_somebody_else_is_not_there(alice, bob):
    ids = [bob.task().json["id"] for _ in range(3)]
    answer = batch(alice, {"method": "DELETE", "id": ids[-1]})
    assert (answer.status_code, answer.json["message"]) == (404, "No such task")
    assert len(bob.get(bob.tasks).json["tasks"]) == 3


def test_a_batch_can_be_repeated_under_a_key(backend, alice):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (batch(alice, CREATE, CREATE, **key) for _ in range(2))
    assert (first.status_code, first.data) == (again.status_code, again.data) == (200, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert backend.count(Task) == 2


@pytest.mark.parametrize(("number", "status"), [("2.0", 200), ("2e0", 200), ("2.5", 422)])
def test_a_whole_number_is_whole_however_json_writes_it(alice, number, status):
    alice.task()
    body = f'{{"operations": [{{"method": "DELETE", "id": {number}}}]}}'
    answer = alice.post(f"{alice.tasks}/batch", data=body, content_type="application/json")
    assert answer.status_code == status
