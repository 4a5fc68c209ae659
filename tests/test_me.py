"""The caller's own account at /api/v1/me: found by the token, and the same as at its own path."""

import pytest
from support import PASSWORD

from todo_api.models import Account

ME = "/api/v1/me"


@pytest.fixture
def alice(backend):
    return backend.register("alice")


def without_token(shown):
    return {name: value for name, value in shown.items() if name != "token"}


def test_it_is_the_account_with_the_token_beside_it(backend, alice):
    made = {"name": "backup", "scope": "read", "expires_at": "2027-01-01T00:00:00Z"}
    token = alice.post(f"{alice.path}/tokens", json=made).json
    reader = backend.someone("alice")
    reader.token = token.pop("token")
    answer = reader.get(ME)
    assert answer.status_code == 200
    assert without_token(answer.json) == alice.get(alice.path).json
    del token["last_used_date"]
    assert answer.json["token"] == token
    assert {name: token[name] for name in made} == made
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_each_caller_sees_their_own(backend, alice):
    bob = backend.someone("bob", is_admin=True)
    for _ in range(2):
        assert alice.get(ME).json["username"] == "alice"
        assert bob.get(ME).json["username"] == "bob"
        assert bob.get(ME).json["is_admin"] is True


def test_its_etag_changes_with_the_profile_and_with_the_token(backend, alice):
    phone = backend.login("alice")
    first = alice.get(ME)
    assert first.headers["ETag"] not in (phone.get(ME).headers["ETag"], None)
    known = {"If-None-Match": first.headers["ETag"]}
    for _ in range(2):
        assert alice.get(ME, headers=known).status_code == 304
        other = phone.get(ME, headers=known)
        assert other.status_code == 200
        assert other.json["token"]["id"] != first.json["token"]["id"]
    changed = phone.patch(ME, json={"pets": ["cat"]})
    again = alice.get(ME, headers=known)
    assert (again.status_code, again.json["pets"]) == (200, ["cat"])
    assert changed.headers["ETag"] == phone.get(ME).headers["ETag"]
    assert changed.json == phone.get(ME).json


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_it_is_changed_as_at_its_own_path(alice, method):
    assert alice(method, ME, json={"pets": ["dog"], "timezone": "Asia/Tokyo"}).status_code == 200
    assert alice.get(alice.path).json["pets"] == ["dog"]
    shown = alice.get(ME).json
    again = alice(method, ME, json={**shown, "listed": True})
    changed = {**shown, "listed": True, "etag": again.json["etag"]}
    assert (again.status_code, again.json) == (200, changed)
    for wrong in ({"is_admin": True}, {"username": "bob"}, {"token": {"name": "x"}}, {"x": 1}):
        answer = alice(method, ME, json=wrong)
        assert (answer.status_code, [*answer.json["errors"]]) == (422, [*wrong]), wrong
    assert alice(method, ME, data={"listed": "off"}).json["listed"] is False


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_match_takes_the_etag_of_either_path(alice, method):
    body = {} if method == "DELETE" else {"json": {}}
    for path in (alice.path, ME):
        etag = alice.get(path).headers["ETag"]
        assert alice.patch(ME, json={"pets": [path]}).status_code == 200
        stale = alice(method, ME, headers={"If-Match": etag}, **body)
        assert (stale.status_code, stale.json["code"]) == (412, "revision_conflict")
    for path in (alice.path, ME):
        etag = alice.get(path).headers["ETag"]
        forbidden = alice(method, ME, headers={"If-None-Match": etag}, **body)
        assert (forbidden.status_code, forbidden.json["code"]) == (412, "already_exists")
    for path in (alice.path, ME) if method != "DELETE" else (ME,):
        etag = alice.get(path).headers["ETag"]
        assert alice(method, ME, headers={"If-Match": etag}, **body).status_code < 300


def test_a_new_password_ends_the_other_tokens(backend, alice):
    phone = backend.login("alice")
    wrong = {"password": "another-horse", "current_password": "wrong"}
    assert alice.patch(ME, json=wrong).json["code"] == "wrong_password"
    right = {"password": "another-horse", "current_password": PASSWORD}
    assert alice.patch(ME, json=right).status_code == 200
    assert phone.get(ME).status_code == 401
    assert alice.get(ME).status_code == 200
    backend.login("alice", "another-horse")


def test_a_deleted_account_is_gone(backend, alice):
    assert alice.delete(ME, headers={"Prefer": "dry-run"}).status_code == 204
    assert alice.get(ME).status_code == 200
    assert alice.delete(ME).status_code == 204
    assert alice.get(ME).status_code == 401
    assert backend.count(Account) == 0


def test_what_was_seen_before_a_change_at_the_other_path_is_not_shown_again(alice):
    assert alice.get(ME).json["listed"] is False
    assert alice.get(ME).json["listed"] is False
    assert alice.patch(alice.path, json={"listed": True}).status_code == 200
    assert alice.get(ME).json["listed"] is True
