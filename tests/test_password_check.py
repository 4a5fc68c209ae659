"""Wrong passwords: only so many of them are looked at, on all processes and addresses together."""

import threading
import uuid
from collections import Counter
from datetime import timedelta
from ipaddress import ip_network

import httpx
import pytest
from conftest import serving
from sqlalchemy import select
from support import PASSWORD

from todo_api.models import Attempt
from todo_api.services import passwords

LOGIN = "/api/v1/accounts/login"


@pytest.fixture
def proxied(backend):
    """The backend behind a proxy that says where each request came from."""
    return backend.with_settings(trusted_proxies=(ip_network("127.0.0.1"),))


def login(backend, username="alice", password="wrong-horse", address="192.0.2.1"):
    return backend.nobody.post(
        LOGIN,
        json={"username": username, "password": password},
        headers={"X-Forwarded-For": address},
    )


def statuses(answers):
    return Counter(answer.status_code for answer in answers)


def test_after_ten_wrong_passwords_no_more_are_looked_at(backend, monkeypatch):
    alice = backend.register("alice")
    computed = []
    matches = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda *given: computed.append(1) or matches(*given))
    assert statuses(login(backend) for _ in range(10)) == {401: 10}
    assert len(computed) == 10
    for password in ("wrong-horse", PASSWORD):
        refused = login(backend, password=password)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert len(computed) == 10
    assert alice.get(alice.path).status_code == 200


def test_they_count_for_a_quarter_of_an_hour(backend):
    backend.register("alice")
    assert statuses(login(backend) for _ in range(11)) == {401: 10, 429: 1}

    def let_pass(minutes, many):
        with backend.database.transaction() as session:
            for row in session.scalars(select(Attempt).order_by(Attempt.id).limit(many)):
                row.at -= timedelta(minutes=minutes)

    let_pass(15, many=1 + 3)
    assert statuses(login(backend) for _ in range(2)) == {401: 1, 429: 1}
    let_pass(14, many=100)
    assert login(backend, password=PASSWORD).status_code == 429
    let_pass(1, many=100)
    assert login(backend, password=PASSWORD).status_code == 200
    assert backend.count(Attempt) == 1, "the registration's own"


def test_what_a_clock_that_was_ahead_has_counted_holds_nobody_up(backend):
    backend.register("alice")
    assert statuses(login(backend) for _ in range(11)) == {401: 10, 429: 1}
    with backend.database.transaction() as session:
        for row in session.scalars(select(Attempt)):
            row.at += timedelta(days=3650)
    assert login(backend, password=PASSWORD).status_code == 200


def test_right_passwords_do_not_count(backend):
    backend.register("alice")
    assert statuses(login(backend, password=PASSWORD) for _ in range(12)) == {200: 12}
    assert backend.count(Attempt) == 1, "the registration's own"


def test_another_address_and_another_account_are_not_held_up(proxied):
    proxied.register("alice")
    proxied.register("bob")
    assert statuses(login(proxied) for _ in range(11)) == {401: 10, 429: 1}
    assert login(proxied, password=PASSWORD, address="192.0.2.2").status_code == 200
    assert login(proxied, "bob", PASSWORD).status_code == 200
    assert login(proxied, " ALICE ", PASSWORD).status_code == 429


def test_an_address_that_anybody_can_make_up_does_not_help(backend):
    backend.register("alice")
    made_up = (f"192.0.2.{number}" for number in range(12))
    assert statuses(login(backend, address=each) for each in made_up) == {401: 10, 429: 2}


@pytest.mark.parametrize("username", ["alice", "unknown"])
def test_an_account_is_held_up_for_all_addresses_after_more(proxied, username):
    proxied.register("alice")
    narrow = proxied.with_settings(account_login_failures=5)
    sent = [login(narrow, username, address=f"192.0.2.{number}") for number in range(7)]
    assert statuses(sent) == {401: 5, 429: 2}


def test_an_address_is_held_up_for_all_accounts_after_more(proxied):
    proxied.register("alice")
    narrow = proxied.with_settings(address_login_failures=5)
    assert statuses(login(narrow, f"user{number}") for number in range(7)) == {401: 5, 429: 2}
    assert login(narrow, "alice", PASSWORD).status_code == 429
    assert login(narrow, "alice", PASSWORD, address="192.0.2.2").status_code == 200


def test_a_wrong_current_password_counts_too(backend):
    alice = backend.register("alice")
    change = {"password": "another-horse", "current_password": "wrong-horse"}
    assert statuses(alice.put(alice.path, json=change) for _ in range(11)) == {422: 10, 429: 1}
    right = {**change, "current_password": PASSWORD}
    assert alice.patch(alice.path, json=right).status_code == 429
    assert alice.put(alice.path, json={"listed": True}).status_code == 200


def test_a_wrong_password_in_a_repeated_registration_counts_too(backend):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    sent = {"username": "alice", "email": "a@example.com", "password": PASSWORD}

    def register(**changes):
        return backend.nobody.post("/api/v1/accounts", json={**sent, **changes}, headers=key)

    assert register().status_code == 201
    guesses = [register(password="wrong-horse") for _ in range(11)]
    assert statuses(guesses) == {409: 10, 429: 1}


def test_what_is_counted_does_not_tell_who_it_was(backend):
    login(backend, "alice")
    with backend.session() as session:
        subjects = session.scalars(select(Attempt.subject)).all()
    assert len(subjects) == 3
    assert not [subject for subject in subjects if "alice" in subject or "127.0.0.1" in subject]


def test_many_at_once_on_two_processes_do_not_pass_the_limit_together(database_url, tmp_path):
    with serving(tmp_path / "log", DATABASE_URL=database_url, WORKERS=2) as live:
        sent = {"username": "alice", "password": PASSWORD}
        made = httpx.post(f"{live.url}/api/v1/accounts", json={**sent, "email": "a@example.com"})
        assert made.status_code == 201
        answers = []

        def guess():
            wrong = {"username": "alice", "password": "wrong-horse"}
            answers.append(httpx.post(f"{live.url}{LOGIN}", json=wrong, timeout=30))

        threads = [threading.Thread(target=guess) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses(answers) == {401: 10, 429: 20}
