"""A creating POST with an Idempotency-Key happens once, however often it is sent."""

import threading
import uuid
from datetime import timedelta

import httpx
import pytest
from conftest import serving
from sqlalchemy import text
from support import PASSWORD

from todo_api.models import Account, Attempt, Message, Replay, Task
from todo_api.services import replays
from todo_api.values import moments

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
