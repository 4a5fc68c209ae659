"""A creating POST with an Idempotency-Key happens once, however often it is sent."""

import threading
import uuid
from datetime import timedelta
from ipaddress import ip_network

import httpx
import pytest
from conftest import serving
from document import operation, success
from sqlalchemy import select, text
from support import PASSWORD

from todo_api.models import Account, Attempt, Base, Message, Replay, Task
from todo_api.openapi import headers
from todo_api.services import replays
from todo_api.urls import ROUTES
from todo_api.values import moments

ACCOUNTS = "/api/v1/accounts"
NEW = {"username": "carol", "email": "carol@example.com", "password": PASSWORD}


def key(value=None):
    return {"Idempotency-Key": value or str(uuid.uuid4())}


def same(first, again):
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (first.status_code, first.data) == (again.status_code, again.data)
    for name in ("Location", "ETag", "Content-Type", "Cache-Control"):
        assert first.headers.get(name) == again.headers.get(name)


def test_a_repeat_gets_the_first_answer_byte_for_byte(backend, alice):
    sent = key()
    first = alice.post(alice.tasks, json={"name": "milk", "quantity": 1.5}, headers=sent)
    alice.patch(first.headers["Location"], json={"name": "changed"})
    again = alice.post(f"{alice.tasks}/", json={"quantity": 1.5, "name": "milk"}, headers=sent)
    assert first.status_code == 201
    same(first, again)
    assert backend.count(Task) == 1


def test_every_creating_post_takes_a_key(backend, alice, admin, nobody):
    for client, path, body in (
        (alice, alice.tasks, {"name": "milk"}),
        (admin, "/api/v1/prices", {"name": "milk", "price": 1}),
        (nobody, "/users", {"data": "hi"}),
        (nobody, "/api/v1/accounts", NEW),
    ):
        sent = key()
        first, again = (client.post(path, json=body, headers=sent) for _ in range(2))
        assert first.status_code == 201, first.json
        same(first, again)
    assert backend.count(Message) == 1


TAKING = {
    (route.path, verb)
    for route in ROUTES
    for verb in route.names
    if "Idempotency-Key" in headers.sent(route.resource, verb)
}
"""The operations that the OpenAPI document lets take a key."""

WRITING = [(route.path, verb) for route in ROUTES for verb in route.names if verb != "get"]


def test_only_creating_posts_take_a_key():
    assert {
        ("/users", "post"),
        ("/api/v1/accounts", "post"),
        ("/api/v1/accounts/<username>/tasks", "post"),
        ("/api/v1/accounts/<username>/tasks/batch", "post"),
        ("/api/v1/accounts/<username>/import", "post"),
        ("/api/v1/prices", "post"),
        ("/api/v1/prices/import", "post"),
    } == TAKING


@pytest.mark.parametrize(("path", "verb"), WRITING)
def test_the_document_says_of_each_write_that_it_takes_a_key_or_ignores_it(path, verb):
    sent = {each["name"] for each in operation(path, verb)["parameters"] if each["in"] == "header"}
    answered = success(path, verb)["headers"]
    assert ("Idempotency-Key" in sent) is ((path, verb) in TAKING)
    assert ("Idempotency-Key-Ignored" in answered) is ((path, verb) not in TAKING)


@pytest.mark.parametrize(("path", "verb"), WRITING)
def test_an_answer_says_whether_a_key_that_was_sent_is_ignored(backend, path, verb):
    boss = backend.admin()
    for name, value in {"username": "boss", "id": "2", "name": "x", "text": "x"}.items():
        path = path.replace(f"<{name}>", value)
    takes = (path.replace("/boss", "/<username>"), verb) in TAKING
    for client in (backend.nobody, boss):
        for sent, told in (({}, None), (key(), None if takes else "true")):
            answer = client(verb.upper(), path, json={}, headers=sent)
            assert answer.headers.get("Idempotency-Key-Ignored") == told, answer.status_code
            exposed = answer.headers["Access-Control-Expose-Headers"]
            assert "Idempotency-Key-Ignored" in exposed.split(", ")
    assert "Idempotency-Key-Ignored" not in boss.get(boss.path, headers=key()).headers


def test_a_token_that_is_made_under_a_key_is_made_each_time_and_said_to_be(backend, alice):
    sent, path = key(), f"{alice.path}/tokens"
    first, again = (alice.post(path, json={"name": "phone"}, headers=sent) for _ in range(2))
    assert [first.status_code, again.status_code] == [201, 201]
    assert first.json["token"] != again.json["token"]
    for answer in (first, again):
        assert answer.headers["Idempotency-Key-Ignored"] == "true"
        assert "Idempotent-Replayed" not in answer.headers
    assert backend.count(Replay) == 0


def test_without_a_key_each_one_counts(backend, alice):
    for _ in range(2):
        alice.post(alice.tasks, json={"name": "milk"})
    assert backend.count(Task) == 2


def test_another_request_under_the_same_key_is_refused(backend, alice):
    sent = key()
    alice.post(alice.tasks, json={"name": "milk"}, headers=sent)
    other = alice.post(alice.tasks, json={"name": "bread"}, headers=sent)
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json["message"]
    assert backend.count(Task) == 1


def test_keys_belong_to_accounts(backend, alice, bob):
    sent = key()
    for client in (alice, bob):
        answer = client.post(client.tasks, json={"name": "milk"}, headers=sent)
        assert "Idempotent-Replayed" not in answer.headers
    assert backend.count(Task) == 2


def test_only_success_is_kept(alice):
    sent = key()
    assert alice.post(alice.tasks, json={"name": ""}, headers=sent).status_code == 422
    answer = alice.post(alice.tasks, json={"name": "milk"}, headers=sent)
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers


@pytest.mark.parametrize("value", ["", "a b", "é", "x" * 256])
def test_a_key_is_visible_ascii(backend, alice, value):
    sent = {"Idempotency-Key": value}
    assert alice.post(alice.tasks, json={"name": "x"}, headers=sent).status_code == 400
    assert backend.count(Task) == 0
    longest = alice.post(alice.tasks, json={"name": "x"}, headers=key("~" * 255))
    assert longest.status_code == 201


def test_a_repeated_registration_needs_the_password_that_was_stored(backend, nobody):
    sent = key()
    first = nobody.post("/api/v1/accounts", json=NEW, headers=sent)
    same(first, nobody.post("/api/v1/accounts", json=NEW, headers=sent))
    other = nobody.post("/api/v1/accounts", json={**NEW, "password": "another-horse"}, headers=sent)
    assert (other.status_code, list(other.json["errors"])) == (409, ["username"])
    another = nobody.post("/api/v1/accounts", json={**NEW, "username": "dave"}, headers=sent)
    assert another.status_code == 201
    assert "Idempotent-Replayed" not in another.headers
    assert backend.count(Account) == 2


def test_no_secret_is_kept(backend, nobody):
    nobody.post("/api/v1/accounts", json=NEW, headers=key())
    login = {"username": "carol", "password": PASSWORD}
    first, again = (
        nobody.post("/api/v1/accounts/login", json=login, headers=key("same")) for _ in range(2)
    )
    assert first.json["token"] != again.json["token"]
    with backend.session() as session:
        kept = session.execute(text("SELECT * FROM replay")).all()
    assert len(kept) == 1
    assert PASSWORD not in str(kept)
    assert first.json["token"] not in str(kept)


def test_a_key_is_forgotten_after_a_day(backend, alice):
    sent = key()
    first = alice.post(alice.tasks, json={"name": "milk"}, headers=sent)
    with backend.database.transaction() as session:
        kept = session.query(Replay).one()
        kept.created_date = moments.now() - replays.KEPT - timedelta(seconds=1)
    second = alice.post(alice.tasks, json={"name": "milk"}, headers=sent)
    assert "Idempotent-Replayed" not in second.headers
    assert second.json["id"] != first.json["id"]
    assert backend.count(Replay) == 1


def test_once_an_hour_what_is_too_old_of_others_is_forgotten_too(backend, alice, bob):
    alice.post(alice.tasks, json={"name": "milk"}, headers=key("a"))
    with backend.database.transaction() as session:
        session.query(Replay).one().created_date = moments.days_from(moments.now(), -2)
    bob.post(bob.tasks, json={"name": "milk"}, headers=key("b"))
    assert backend.count(Replay) == 2
    with backend.database.transaction() as session:
        session.query(Attempt).one().at = moments.days_from(moments.now(), -1)
    bob.post(bob.tasks, json={"name": "milk"}, headers=key("c"))
    with backend.session() as session:
        assert {kept.key for kept in session.query(Replay)} == {"b", "c"}


def test_the_answers_given_to_an_account_go_with_it_and_nobody_elses(backend, alice, bob):
    sent = key()
    first = bob.post(bob.tasks, json={"name": "milk"}, headers=sent)
    alice.post(alice.tasks, json={"name": "milk"}, headers=sent)
    alice.delete(alice.path)
    assert backend.count(Replay) == 1
    same(first, bob.post(bob.tasks, json={"name": "milk"}, headers=sent))


def test_the_answer_to_a_registration_goes_with_the_account(backend, nobody):
    sent = key()
    first = nobody.post(ACCOUNTS, json=NEW, headers=sent)
    other = nobody.post(ACCOUNTS, json={**NEW, "username": "dave"}, headers=sent)
    carol = backend.login("carol")
    assert carol.delete(carol.path).status_code == 204
    assert backend.count(Replay) == 1
    anew = nobody.post(ACCOUNTS, json=NEW, headers=sent)
    assert (anew.status_code, "Idempotent-Replayed" in anew.headers) == (201, False)
    assert anew.headers["ETag"] != first.headers["ETag"]
    same(anew, nobody.post(ACCOUNTS, json=NEW, headers=sent))
    same(other, nobody.post(ACCOUNTS, json={**NEW, "username": "dave"}, headers=sent))


def test_a_name_that_another_has_taken_over_is_a_conflict_under_the_old_key(backend, nobody):
    sent = key()
    nobody.post(ACCOUNTS, json=NEW, headers=sent)
    carol = backend.login("carol")
    carol.delete(carol.path)
    backend.register("carol", "another-horse")
    for password in (PASSWORD, "another-horse"):
        answer = nobody.post(ACCOUNTS, json={**NEW, "password": password}, headers=sent)
        assert (answer.status_code, list(answer.json["errors"])) == (409, ["username"])


def test_an_account_that_is_deleted_leaves_nothing_about_its_person(backend):
    """No row of any table holds what the account was, or the address from which it came."""
    backend = backend.with_settings(trusted_proxies=(ip_network("127.0.0.1"),))
    there = {"X-Forwarded-For": "198.51.100.7"}
    told = {"username": "canary-name", "email": "canary@email.example", "pets": ["canary-pet"]}
    registration = {**told, "password": PASSWORD, "listed": True}
    made = backend.nobody.post(ACCOUNTS, json=registration, headers={**there, **key("canary-key")})
    assert made.status_code == 201
    login = {"username": "canary-name", "password": "wrong-horse"}
    assert backend.nobody.post(f"{ACCOUNTS}/login", json=login, headers=there).status_code == 401
    assert backend.nobody.post("/users", json={"data": "hi"}, headers=there).status_code == 201
    carol = backend.login("canary-name")
    task = carol.post(carol.tasks, json={"name": "canary-task"}, headers=key("canary-key"))
    deleted = carol.post(carol.tasks, json={"name": "canary-deleted"})
    assert carol.delete(deleted.headers["Location"]).status_code == 204
    assert carol.post(f"{carol.path}/tokens", json={"name": "canary-token"}).status_code == 201

    def traces():
        with backend.session() as session:
            rows = [
                (table.name, str(row))
                for table in Base.metadata.sorted_tables
                for row in session.execute(select(table)).all()
            ]
        return {name for name, row in rows if "canary" in row or "198.51.100.7" in row}

    assert task.status_code == 201
    assert traces() == {"account", "username", "replay", "task", "token"}
    assert carol.delete(carol.path).status_code == 204
    assert traces() == set()


def test_a_repeat_is_let_in_as_the_first_one_was(alice, bob):
    sent = key()
    alice.post(alice.tasks, json={"name": "milk"}, headers=sent)
    assert bob.post(alice.tasks, json={"name": "milk"}, headers=sent).status_code == 403
    alice.get("/api/v1/accounts/logout")
    assert alice.post(alice.tasks, json={"name": "milk"}, headers=sent).status_code == 401


def test_twenty_parallel_repeats_across_processes_and_a_restart_happen_once(
    backend, database_url, tmp_path
):
    alice = backend.someone()
    bearer = {"Authorization": f"Bearer {alice.token}", **key()}
    answers = []
    barrier = threading.Barrier(20)

    def send(url):
        with httpx.Client() as client:
            barrier.wait()
            answer = client.post(
                url + alice.tasks, json={"name": "milk"}, headers=bearer, timeout=60
            )
            answers.append(answer)

    with serving(tmp_path / "log", DATABASE_URL=database_url, LOCK_TIMEOUT=30) as live:
        threads = [threading.Thread(target=send, args=(live.url,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with serving(tmp_path / "log2", DATABASE_URL=database_url) as live:
        last = httpx.post(live.url + alice.tasks, json={"name": "milk"}, headers=bearer)
    assert [answer.status_code for answer in answers] == [201] * 20
    assert {answer.content for answer in [*answers, last]} == {answers[0].content}
    replayed = [answer for answer in answers if "Idempotent-Replayed" in answer.headers]
    assert len(replayed) == 19
    assert last.headers["Idempotent-Replayed"] == "true"
    assert backend.count(Task) == 1


def test_parallel_registrations_under_one_key_happen_once(backend):
    sent, answers = key(), []

    def register(password):
        body = {**NEW, "password": password}
        answers.append(backend.nobody.post("/api/v1/accounts", json=body, headers=sent))

    threads = [
        threading.Thread(target=register, args=(password,))
        for password in [PASSWORD, PASSWORD, PASSWORD]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 3
    assert backend.count(Account) == 1
