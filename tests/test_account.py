from datetime import datetime
from ipaddress import ip_network

import pytest
from support import PASSWORD

from todo_api.models import Account, Task, Token

SHOWN = ["username", "email", "date_joined", "timezone", "pets", "listed", "is_admin", "etag"]
NEW = {"username": "carol", "email": "carol@example.com", "password": PASSWORD}


def register(nobody, **fields):
    return nobody.post("/api/v1/accounts", json={**NEW, **fields})


@pytest.mark.parametrize("kind", ["json", "data"])
def test_registering_answers_with_the_account_and_no_secret(nobody, kind):
    answer = nobody.post("/api/v1/accounts", **{kind: {**NEW, "password2": PASSWORD}})
    assert answer.status_code == 201
    assert list(answer.json) == SHOWN
    assert answer.json["username"] == "carol"
    assert answer.json["email"] == "carol@example.com"
    assert answer.json["timezone"] == "UTC"
    assert answer.json["pets"] == []
    assert answer.json["listed"] is False
    assert answer.json["is_admin"] is False
    assert datetime.fromisoformat(answer.json["date_joined"])
    assert answer.json["date_joined"].endswith("Z")
    assert answer.headers["Location"] == "/api/v1/accounts/carol"
    assert answer.headers["ETag"].startswith('"')
    assert PASSWORD not in answer.text
    assert "argon2" not in answer.text


def test_the_profile_may_be_filled_in_while_registering(nobody):
    fields = {"timezone": "Europe/Berlin", "pets": ["cat"], "listed": True, "is_admin": False}
    answer = register(nobody, **fields)
    assert answer.status_code == 201
    assert answer.json.items() >= fields.items()


def test_two_passwords_that_differ_are_refused(backend, nobody):
    answer = register(nobody, password2="another-horse")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["password2"]
    assert backend.count(Account) == 0


@pytest.mark.parametrize("name", ["alice", "ALICE", "\uff41lice", " alice "])
def test_a_taken_name_is_a_conflict_in_whatever_form(alice, nobody, name):
    answer = register(nobody, username=name)
    assert answer.status_code == (422 if " " in name else 409)
    if answer.status_code == 409:
        assert list(answer.json["errors"]) == ["username"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "ab"),
        ("username", "a" * 65),
        ("username", "a b c"),
        ("username", "slash/slash"),
        ("username", "ålice"),
        ("username", "login"),
        ("username", "Logout"),
        ("username", None),
        ("username", 12345),
        ("email", "nothing"),
        ("email", ""),
        ("email", None),
        ("email", "a" * 250 + "@b.cc"),
        ("password", "short67"),
        ("password", "x" * 257),
        ("password", 12345678),
        ("password", "nul\0nul-nul"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "localtime"),
        ("timezone", "posixrules"),
        ("timezone", "../etc/passwd"),
        ("pets", "dog"),
        ("pets", ["dog"] * 51),
        ("pets", [""]),
        ("pets", ["x" * 65]),
        ("pets", [1]),
        ("listed", "yes"),
        ("is_admin", True),
        ("date_joined", "2020-01-01T00:00:00Z"),
        ("current_password", "x"),
        ("revision", 7),
    ],
)
def test_a_field_that_is_wrong_is_named_and_nobody_is_registered(backend, nobody, field, value):
    answer = register(nobody, **{field: value})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]
    assert backend.count(Account) == 0


@pytest.mark.parametrize("missing", list(NEW))
def test_what_is_required_must_be_there(nobody, missing):
    fields = {name: value for name, value in NEW.items() if name != missing}
    answer = nobody.post("/api/v1/accounts", json=fields)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [missing]


def test_a_name_is_brought_into_nfkc(nobody):
    assert register(nobody, username="\uff43arol").json["username"] == "carol"


def test_registration_may_be_closed(backend):
    closed = backend.with_settings(registration="closed")
    assert register(closed.nobody).status_code == 403


def test_registration_is_limited_by_address(backend):
    limited = backend.with_settings(registrations_per_hour=2)
    for number in range(2):
        assert register(limited.nobody, username=f"carol{number}").status_code == 201
    answer = register(limited.nobody, username="carol2")
    assert answer.status_code == 429
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert register(limited.nobody, username="carol0").status_code == 429
    other = limited.app.test_client().post(
        "/api/v1/accounts", json=NEW, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert other.status_code == 201


def test_registration_is_limited_by_the_address_that_a_trusted_proxy_tells(backend):
    proxies = (ip_network("127.0.0.1"),)
    limited = backend.with_settings(registrations_per_hour=1, trusted_proxies=proxies)
    for number, (address, status) in enumerate([("7", 201), ("7", 429), ("8", 201)]):
        answer = limited.nobody.post(
            "/api/v1/accounts",
            json={**NEW, "username": f"carol{number}"},
            headers={"X-Forwarded-For": f"192.0.2.{address}"},
        )
        assert answer.status_code == status


def test_the_owner_sees_the_profile(alice):
    answer = alice.get(alice.path)
    assert answer.status_code == 200
    assert list(answer.json) == SHOWN
    assert answer.headers["ETag"]


def test_an_admin_manages_a_profile_but_not_the_tasks(alice, admin):
    alice.task()
    assert admin.get(alice.path).json["username"] == "alice"
    assert admin.put(alice.path, json={"listed": True}).status_code == 200
    assert admin.get(alice.tasks).status_code == 403
    assert admin.delete(alice.path).status_code == 204
    missing = admin.get(alice.path)
    assert (missing.status_code, missing.json["message"]) == (404, "No such account")


def test_another_account_is_forbidden_whether_or_not_it_exists(alice, bob):
    there = alice.get(bob.path)
    not_there = alice.get("/api/v1/accounts/nobody-of-that-name")
    assert there.status_code == not_there.status_code == 403
    assert there.data == not_there.data


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_is_absent_stays_and_null_sets_back(alice, method):
    alice(method, alice.path, json={"timezone": "Asia/Tokyo", "pets": ["dog"], "listed": True})
    assert alice(method, alice.path, json={"listed": False}).json["pets"] == ["dog"]
    assert alice(method, alice.path, json={"pets": None}).json["pets"] == []
    answer = alice(method, alice.path, json={"timezone": None})
    assert answer.json["timezone"] == "UTC"
    assert alice(method, alice.path, json={"email": None}).status_code == 422


def test_what_was_received_may_be_sent_back(alice):
    profile = alice.get(alice.path)
    answer = alice.put(alice.path, json=profile.json)
    assert answer.status_code == 200
    assert answer.json == profile.json
    assert answer.headers["ETag"] == profile.headers["ETag"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("username", "bob"), ("date_joined", "2020-01-01T00:00:00Z"), ("is_admin", True)],
)
def test_a_read_only_field_with_another_value_changes_nothing(alice, field, value):
    before = alice.get(alice.path).json
    answer = alice.put(alice.path, json={"listed": True, field: value})
    assert (answer.status_code, answer.json["errors"]) == (422, {field: ["Read-only."]})
    assert alice.get(alice.path).json == before


def test_pets_may_repeat_in_a_form_and_an_empty_one_is_none(alice):
    assert alice.put(alice.path, data={"pets": ["duck", "duck", "goose"]}).json["pets"] == [
        "duck",
        "duck",
        "goose",
    ]
    assert alice.put(alice.path, data={"pets": ""}).json["pets"] == []
    assert alice.put(alice.path, data={"email": ["a@b.cc", "c@d.ee"]}).status_code == 422


def test_a_new_password_needs_the_old_one_and_ends_other_tokens(backend):
    here = backend.register("alice")
    there = backend.login("alice")
    new = "another-horse-battery"
    assert here.put(here.path, json={"password": new}).status_code == 422
    wrong = here.put(here.path, json={"password": new, "current_password": "wrong-horse"})
    assert list(wrong.json["errors"]) == ["current_password"]
    right = here.put(here.path, json={"password": new, "current_password": PASSWORD})
    assert right.status_code == 200
    assert here.get(here.path).status_code == 200
    assert there.get(there.path).status_code == 401
    assert backend.login("alice", new)
    sent = {"username": "alice", "password": PASSWORD}
    assert backend.nobody.post("/api/v1/accounts/login", json=sent).status_code == 401


def test_only_a_login_changes_email_or_password_or_deletes(backend):
    by_hand = backend.someone("alice", origin="made")
    email = by_hand.get(by_hand.path).json["email"]
    assert by_hand.put(by_hand.path, json={"email": email, "listed": True}).status_code == 200
    assert by_hand.put(by_hand.path, json={"email": "new@example.com"}).status_code == 403
    passwords = {"password": "another-horse", "current_password": PASSWORD}
    assert by_hand.put(by_hand.path, json=passwords).status_code == 403
    assert by_hand.delete(by_hand.path).status_code == 403
    assert by_hand.get(by_hand.path).json["email"] == email


def test_deleting_an_account_takes_tasks_and_tokens_along(backend, alice, bob):
    alice.task()
    kept = bob.task().headers["Location"]
    assert alice.delete(alice.path).status_code == 204
    assert alice.get(alice.path).status_code == 401
    assert backend.count(Task) == 1
    assert backend.count(Token) == 1
    assert bob.get(kept).status_code == 200


def test_a_change_takes_a_stale_if_match_for_what_it_is(alice):
    old = alice.get(alice.path).headers["ETag"]
    fresh = alice.put(alice.path, json={"listed": True}, headers={"If-Match": old})
    assert fresh.status_code == 200
    assert fresh.headers["ETag"] != old
    for method in ("PUT", "PATCH", "DELETE"):
        stale = alice(method, alice.path, json={"listed": False}, headers={"If-Match": old})
        assert stale.status_code == 412
    assert alice.get(alice.path).json["listed"] is True
    anything = alice.put(alice.path, json={"listed": False}, headers={"If-Match": "*"})
    assert anything.status_code == 200


def test_a_task_leaves_the_profiles_etag_alone(alice):
    before = alice.get(alice.path).headers["ETag"]
    alice.task()
    assert alice.get(alice.path).headers["ETag"] == before
    assert alice.get(alice.path, headers={"If-None-Match": before}).status_code == 304


def test_a_name_that_comes_again_begins_another_era(backend):
    before = backend.someone("alice")
    etag = before.get(before.path).headers["ETag"]
    before.delete(before.path)
    after = backend.someone("alice")
    assert after.get(after.path, headers={"If-None-Match": etag}).status_code == 200
    assert before.get(before.path).status_code == 401
