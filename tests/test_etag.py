"""ETags in the body: each thing carries its own, wherever it is shown, for a proxy may weaken the
header."""

import json
import re

import pytest
from support import PASSWORD

PRICES = "/api/v1/prices"
TAG = re.compile(r'"[a-z0-9]{8}\.[0-9]+"')


@pytest.fixture
def dear(backend, admin):
    """A price, and the admin who may change it."""
    backend.price("apples", 13500)
    return admin


def tag_of(client, path):
    """Return the header ETag of what stands alone at a path."""
    tag = client.get(path).headers["ETag"]
    assert TAG.fullmatch(tag)
    return tag


def batch(client, *operations):
    return client.post(f"{client.tasks}/batch", json={"operations": operations})


def first_event(client, since):
    stream = client.get(f"{client.path}/events?since={since}").response
    text = b"".join(next(iter(stream)) for _ in range(2)).decode()
    stream.close()
    return json.loads(text.partition("data: ")[2])


def test_a_task_carries_its_etag_wherever_it_is_shown(alice):
    alice.task(name="other")
    since = alice.get(f"{alice.path}/changes").json["next"]
    made = alice.task(name="milk", item="nobody prices it")
    path, number = made.headers["Location"], made.json["id"]
    tag = tag_of(alice, path)
    assert made.json["etag"] == made.headers["ETag"] == tag
    assert alice.get(path).json["etag"] == tag
    for query in ("", "?overdue=false", "?sort=-due_date", "?q=milk", "?sort=name&completed=false"):
        listed = alice.get(f"{alice.tasks}{query}").json["tasks"]
        assert {task["id"]: task["etag"] for task in listed}[number] == tag, query
    (change,) = alice.get(f"{alice.path}/changes?since={since}").json["changes"]
    assert change["etag"] == tag
    assert first_event(alice, since)["changes"][0]["etag"] == tag
    (unpriced,) = alice.get(f"{alice.tasks}/total").json["unpriced"]
    assert unpriced == {"id": number, "name": "milk", "item": "nobody prices it", "etag": tag}


def test_every_write_answers_with_the_new_etag(alice):
    path = alice.task().headers["Location"]
    for method, where, sent in (
        ("PUT", path, {"note": "one"}),
        ("PATCH", path, {"note": "two"}),
        ("PATCH", path, {"note": "two"}),
        ("PATCH", path, {"completed": True}),
    ):
        answer = alice(method, where, json=sent)
        assert answer.json["etag"] == answer.headers["ETag"] == tag_of(alice, path)
    alice.delete(path)
    restored = alice.post(f"{path}/restore")
    assert restored.json["etag"] == restored.headers["ETag"] == tag_of(alice, path)
    operations = [
        {"method": "POST", "body": {"name": "new"}},
        {"method": "PATCH", "id": restored.json["id"], "body": {"note": "three"}},
        {"method": "DELETE", "id": restored.json["id"], "if_match": "*"},
    ]
    for task in batch(alice, *operations[:2]).json["results"]:
        assert task["etag"] == tag_of(alice, f"{alice.tasks}/{task['id']}")
    (gone,) = alice.post(f"{alice.tasks}/batch", json={"operations": operations[2:]}).json[
        "results"
    ]
    assert list(gone) == ["id", "deleted", "revision"]


def test_an_account_carries_its_etag_wherever_it_is_shown(backend):
    sent = {"username": "alice", "email": "a@example.com", "password": PASSWORD}
    made = backend.nobody.post("/api/v1/accounts", json=sent)
    alice = backend.login("alice")
    tag = tag_of(alice, alice.path)
    assert made.json["etag"] == made.headers["ETag"] == tag
    assert alice.get(alice.path).json["etag"] == tag
    assert alice.get(f"{alice.path}/changes").json["account"]["etag"] == tag
    login = {"username": "alice", "password": PASSWORD}
    told = backend.nobody.post("/api/v1/accounts/login", json=login).json["account"]
    assert told["etag"] == tag
    changed = alice.patch(alice.path, json={"pets": ["cat"]}, headers={"If-Match": tag})
    assert changed.json["etag"] == changed.headers["ETag"] == tag_of(alice, alice.path) != tag


def test_a_price_carries_its_etag_wherever_it_is_shown(dear):
    tag = tag_of(dear, f"{PRICES}/apples")
    for path in (PRICES, f"{PRICES}?q=app"):
        assert [price["etag"] for price in dear.get(path).json["prices"]] == [tag]
    assert dear.get(f"{PRICES}/apples").json["etag"] == tag
    made = dear.post(PRICES, json={"name": "pears", "price": 1})
    assert made.json["etag"] == made.headers["ETag"] == tag_of(dear, f"{PRICES}/pears") != tag
    changed = dear.put(f"{PRICES}/apples", json={"price": 2}, headers={"If-Match": tag})
    assert changed.json["etag"] == changed.headers["ETag"] == tag_of(dear, f"{PRICES}/apples")
    assert len({tag, made.json["etag"], changed.json["etag"]}) == 3


def test_a_message_carries_its_etag(dear, nobody):
    nobody.post("/users", json={"data": "hi"})
    (listed,) = dear.get("/api/v1/messages").json["messages"]
    alone = dear.get(f"/api/v1/messages/{listed['id']}")
    assert listed["etag"] == alone.json["etag"] == alone.headers["ETag"]


def test_a_page_carries_the_etag_of_its_list(alice, dear):
    alice.task()
    for client, path in ((alice, alice.tasks), (alice, f"{alice.tasks}?limit=1"), (dear, PRICES)):
        page = client.get(path)
        assert page.json["etag"] == page.headers["ETag"], path
    clock = alice.get(f"{alice.tasks}?overdue=false")
    assert (clock.json["etag"], clock.headers.get("ETag")) == (None, None)


def test_what_the_sources_have_fixed_has_no_etag(alice, dear, nobody):
    alice.put(alice.path, json={"listed": True, "pets": ["dog"]})
    assert nobody.get("/users").json == [{"username": "alice", "pets": ["dog"]}]
    assert nobody.get("/itemprice?itemname=apples").json == {"name": "apples", "price": 1.35}


def test_a_file_has_no_etag_and_a_page_with_etags_can_be_imported(alice, dear):
    alice.task(name="milk")
    for form in ("json", "csv", "ics"):
        assert "etag" not in alice.get(f"{alice.path}/export?format={form}").text.lower()
    page = alice.get(alice.tasks)
    assert alice.post(f"{alice.path}/import", json=page.json).json["imported"] == 1
    quoted = page.json["tasks"][0]["etag"].replace('"', '""')
    csv = f'name,etag\nbread,"{quoted}"\n'
    taken = alice.post(f"{alice.path}/import", data=csv, content_type="text/csv")
    assert taken.json["imported"] == 1
    prices = dear.get(PRICES).json
    same = dear.post(f"{PRICES}/import", json=prices)
    assert same.json == {"new": 0, "changed": 0, "unchanged": 1}
    dear.put(f"{PRICES}/apples", json={"unit": "kg"})
    (price,) = prices["prices"]
    del price["updated_date"]
    stale = dear.post(f"{PRICES}/import", json=prices)
    assert (stale.status_code, stale.json["errors"]) == (422, {"prices[0]": ["etag: Read-only."]})


def test_an_etag_is_sent_back_unchanged_or_not_at_all(alice, dear):
    task = alice.task()
    for client, path in (
        (alice, task.headers["Location"]),
        (alice, alice.path),
        (dear, f"{PRICES}/apples"),
    ):
        shown = client.get(path).json
        same = client.put(path, json=shown)
        assert (same.status_code, same.json) == (200, shown)
        for other in ('"x.1"', f"W/{shown['etag']}", shown["etag"].strip('"'), None, 1):
            refused = client.put(path, json={**shown, "etag": other})
            assert (refused.status_code, list(refused.json["errors"])) == (422, ["etag"]), other
    refused = alice.post(alice.tasks, json={"name": "x", "etag": task.json["etag"]})
    assert refused.json["errors"] == {"etag": ["Read-only."]}


@pytest.fixture
def guarded(alice, dear, nobody):
    """The kinds of resources that If-Match guards: a writer, the path and the methods of each."""
    nobody.post("/users", json={"data": "hi"})
    (message,) = dear.get("/api/v1/messages").json["messages"]
    return (
        (alice, alice.task().headers["Location"], ("PUT", "PATCH", "DELETE")),
        (alice, alice.path, ("PUT", "PATCH", "DELETE")),
        (dear, f"{PRICES}/apples", ("PUT", "PATCH", "DELETE")),
        (dear, f"/api/v1/messages/{message['id']}", ("DELETE",)),
    )


@pytest.mark.parametrize("weak", ["W/{}", '"x", W/{}', '"{}-gzip"', '"{}-br"', 'W/"x.1"'])
def test_a_weakened_etag_is_told_from_a_stale_one(guarded, weak):
    for client, path, methods in guarded:
        before = client.get(path)
        tag = before.json["etag"]
        sent = weak.format(tag.strip('"') if '"{}' in weak else tag)
        for method in methods:
            answer = client(method, path, json={}, headers={"If-Match": sent})
            assert answer.status_code == 412, (path, method)
            assert answer.json["code"] == "weak_etag"
            assert "`etag` of the body" in answer.json["message"]
            assert answer.json["current"] == before.json
        assert client.get(path).json == before.json


def test_a_weak_tag_beside_the_right_one_does_no_harm(alice):
    made = alice.task()
    sent = {"If-Match": f"W/{made.json['etag']}, {made.json['etag']}"}
    assert (
        alice.patch(made.headers["Location"], json={"note": "x"}, headers=sent).json["note"] == "x"
    )


def test_a_412_brings_along_what_is_stored(guarded):
    for client, path, methods in guarded:
        now = client.get(path).json
        for method in methods:
            for headers, code in (
                ({"If-Match": '"x.1"'}, "revision_conflict"),
                ({"If-None-Match": "*"}, "already_exists"),
                ({"If-None-Match": f"W/{now['etag']}"}, "already_exists"),
            ):
                answer = client(method, path, json={}, headers=headers)
                assert (answer.status_code, answer.json["code"]) == (412, code), (path, method)
                assert list(answer.json) == ["status", "message", "code", "current"]
                assert answer.json["current"] == now
        if "PATCH" in methods:
            change = {"pets": ["cat"]} if "email" in now else {"name": "pears"}
            sent = {"If-Match": answer.json["current"]["etag"]}
            assert client.patch(path, json=change, headers=sent).status_code == 200


def test_only_who_may_read_it_is_shown_what_is_stored(alice, bob, backend):
    path = alice.task(name="secret").headers["Location"]
    reader = backend.someone("alice", scope="read")
    for client in (bob, backend.admin(), reader, backend.nobody):
        answer = client.patch(path, json={}, headers={"If-Match": '"x.1"'})
        assert answer.status_code in (401, 403)
        assert "current" not in answer.json


@pytest.mark.parametrize("weak", [True, False])
def test_a_batch_shows_what_is_stored_and_not_what_it_would_have_made(alice, weak):
    made = alice.task(name="milk").json
    path = f"{alice.tasks}/{made['id']}"
    now = alice.patch(path, json={"note": "of another"}).json
    stale = {"method": "PATCH", "id": made["id"], "body": {"note": "mine"}}
    stale["if_match"] = f"W/{now['etag']}" if weak else made["etag"]
    unguarded = {"method": "PATCH", "id": made["id"], "body": {"name": "bread"}}
    for operations in ([stale], [unguarded, stale]):
        answer = batch(alice, *operations)
        assert (answer.status_code, answer.json["index"]) == (412, len(operations) - 1)
        assert answer.json["code"] == ("weak_etag" if weak else "revision_conflict")
        assert answer.json["current"] == now
    assert alice.get(path).json == now


def test_a_batch_shows_nothing_of_what_it_would_have_created(alice):
    old = alice.task()
    number = old.json["id"] + 1
    answer = batch(
        alice,
        {"method": "POST", "body": {"name": "new"}},
        {"method": "DELETE", "id": number, "if_match": '"x.1"'},
    )
    assert (answer.status_code, "current" in answer.json) == (412, False)


@pytest.mark.parametrize("tag", ["17", "x.1", '"open', "", 'W/"x', '"a", "b"'])
def test_an_if_match_of_a_batch_that_is_no_tag_is_told_what_one_looks_like(alice, tag):
    number = alice.task().json["id"]
    answer = batch(alice, {"method": "DELETE", "id": number, "if_match": tag})
    assert (answer.status_code, answer.json["index"]) == (422, 0)
    (text,) = answer.json["errors"]["if_match"]
    assert "with its quotes" in text


def test_a_tag_from_a_list_guards_a_change(alice, dear):
    alice.task()
    (task,) = alice.get(alice.tasks).json["tasks"]
    (price,) = dear.get(PRICES).json["prices"]
    for client, path, tag in (
        (alice, f"{alice.tasks}/{task['id']}", task["etag"]),
        (dear, f"{PRICES}/apples", price["etag"]),
    ):
        sent = {"headers": {"If-Match": tag}, "json": {"name": "new"}}
        assert client.patch(path, **sent).status_code == 200
        where = path if client is alice else f"{PRICES}/new"
        assert client.patch(where, **sent).status_code == 412
