"""Registration tells whether a name is taken only as often as its limit allows."""

import statistics
import threading
import time
import uuid
from collections import Counter

import httpx
import pytest
from conftest import serving
from support import PASSWORD

from todo_api.models import Account, Attempt
from todo_api.urls import ROUTES

ACCOUNTS = "/api/v1/accounts"
NEW = {"email": "carol@example.com", "password": PASSWORD}
DRY = {"Prefer": "dry-run"}

WRONG = {
    "an unknown field": {"revision": 7},
    "a read-only moment": {"date_joined": "2020-01-01T00:00:00Z"},
    "a read-only flag": {"is_admin": True},
    "two passwords that differ": {"password2": "another-horse"},
    "a short password": {"password": "short"},
    "no e-mail address": {"email": "nothing"},
    "an unknown time zone": {"timezone": "Mars/Olympus"},
    "pets that are no list": {"pets": "dog"},
    "pets that are too long together": {"pets": ["x" * 64] * 9},
    "a field that belongs to a change": {"current_password": PASSWORD},
}
"""Faults of a body, each by the fields that it adds to a right one."""


def register(client, username="carol", headers=(), **fields):
    return client.post(ACCOUNTS, json={**NEW, "username": username, **fields}, headers=headers)


def statuses(answers):
    return [answer.status_code for answer in answers]


def counted(backend):
    with backend.session() as session:
        return session.query(Attempt).where(Attempt.kind == "registration").count()


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("headers", [{}, DRY, {"Idempotency-Key": "k"}], ids=["", "dry", "key"])
def test_a_wrong_body_gets_the_same_answer_for_a_taken_name_as_for_a_free_one(
    backend, wrong, headers
):
    backend.someone("alice")
    taken, free = (
        register(backend.nobody, name, headers, **WRONG[wrong]) for name in ("alice", "bella")
    )
    assert (taken.status_code, taken.data) == (free.status_code, free.data)
    assert free.status_code == 422
    assert backend.count(Account) == 1


def test_every_attempt_counts_whatever_comes_of_it(backend):
    backend.someone("alice")
    key = {"Idempotency-Key": str(uuid.uuid4())}
    attempts = [
        ({"username": "bella", "headers": key}, 201),
        ({"username": "bella", "headers": key}, 201),
        ({"username": "bella", "headers": key, "password": "wrong-horse"}, 409),
        ({"username": "alice"}, 409),
        ({"username": "alice", "headers": DRY}, 409),
        ({"username": "carol", "headers": DRY}, 201),
        ({"username": "no name"}, 422),
        *(({"username": "alice", **wrong}, 422) for wrong in WRONG.values()),
    ]
    exact = backend.with_settings(registrations_per_hour=len(attempts)).nobody
    assert statuses(register(exact, **sent) for sent, _ in attempts) == [
        status for _, status in attempts
    ]
    assert register(exact, "dora").status_code == 429


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {**NEW, "username": "alice"}},
        {"json": {**NEW, "username": "bella"}},
        {"json": {**NEW, "username": "bella"}, "headers": DRY},
        {"json": {**NEW, "username": "first"}, "headers": {"Idempotency-Key": "first"}},
        {"json": {"unknown": 1}},
        {"json": [1]},
        {"data": b"{", "content_type": "application/json"},
        {"data": b"text", "content_type": "text/plain"},
        {},
    ],
)
def test_beyond_the_limit_every_body_gets_the_same_refusal(backend, sent):
    backend.someone("alice")
    limited = backend.with_settings(registrations_per_hour=1).nobody
    first = register(limited, "first", {"Idempotency-Key": "first"})
    assert first.status_code == 201
    refused = limited.post(ACCOUNTS, **sent)
    assert refused.status_code == 429
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert ("Preference-Applied" in refused.headers) is (sent.get("headers") == DRY)
    assert counted(backend) == 1


def test_a_body_that_cannot_be_read_counts_too(backend):
    limited = backend.with_settings(registrations_per_hour=2).nobody
    for status in (400, 415, 429):
        broken = "application/json" if status == 400 else "text/plain"
        assert limited.post(ACCOUNTS, data=b"{", content_type=broken).status_code == status


def test_a_closed_registration_tells_nothing_about_a_name_and_counts_nothing(backend):
    backend.someone("alice")
    closed = backend.with_settings(registration="closed", registrations_per_hour=1).nobody
    answers = [register(closed, name) for name in ("alice", "bella")] + [closed.post(ACCOUNTS)]
    assert statuses(answers) == [403] * 3
    assert len({answer.data for answer in answers}) == 1
    assert counted(backend) == 0


def test_attempts_at_a_taken_name_on_two_processes_do_not_pass_the_limit_together(
    backend, database_url, tmp_path
):
    backend.someone("alice")
    limited = {"DATABASE_URL": database_url, "WORKERS": 2, "REGISTRATIONS_PER_HOUR": 10}
    with serving(tmp_path / "log", **limited) as live:
        answers = []

        def attempt(number):
            wrong = WRONG["a read-only flag"] if number % 2 else {}
            sent = {**NEW, "username": "alice", **wrong}
            answers.append(httpx.post(live.url + ACCOUNTS, json=sent, timeout=30))

        threads = [threading.Thread(target=attempt, args=(number,)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = Counter(statuses(answers))
    assert found[429] == 20, found
    assert found[409] + found[422] == 10, found


def test_a_taken_name_costs_as_much_of_the_processor_as_a_free_one(backend):
    backend.someone("alice")
    open_to_many = backend.with_settings(registrations_per_hour=1_000).nobody
    took = {"alice": [], "bella": []}
    for number in range(22):
        for name in sorted(took, reverse=number % 2):
            begun = time.process_time()
            register(open_to_many, name, DRY)
            if number >= 2:
                took[name].append(time.process_time() - begun)
    taken, free = (statistics.median(seconds) for seconds in took.values())
    assert 2 / 3 < taken / free < 3 / 2, (taken, free)


@pytest.mark.parametrize(
    ("path", "verb"),
    [(route.path, verb) for route in ROUTES for verb in route.names if "<username>" in route.path],
)
def test_no_route_of_an_account_tells_others_whether_there_is_one(backend, path, verb):
    backend.someone("alice").task()
    for caller in (backend.nobody, backend.someone("bob")):
        there, not_there = (
            caller(
                verb.upper(),
                path.replace("<username>", name).replace("<id>", "2"),
                json=None if verb == "get" else {},
                headers={"If-Match": '"x"', "If-None-Match": "*", **DRY},
            )
            for name in ("alice", "nobody-of-that-name")
        )
        assert (there.status_code, there.data) == (not_there.status_code, not_there.data)
        assert {*there.headers.keys()} == {*not_there.headers.keys()}
        assert there.status_code in (401, 403)
