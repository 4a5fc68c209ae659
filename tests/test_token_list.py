"""Tokens that are made by hand, listed and ended."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from support import Someone
from test_database import held_by_another

from todo_api.models import Token

SHOWN = ["id", "name", "scope", "origin", "creation_date", "expires_at", "last_used_date"]


def tokens(client):
    return f"{client.path}/tokens"


def make(client, **fields):
    answer = client.post(tokens(client), json={"name": "phone", **fields})
    assert answer.status_code == 201, answer.json
    return answer


def of(answer, client):
    return Someone(client.app, answer.json["token"], client.username)


def test_a_token_is_made_by_hand_and_its_secret_shown_once(alice):
    made = make(alice, scope="read")
    assert list(made.json) == [*SHOWN, "token"]
    assert [made.json[name] for name in ("name", "scope", "origin")] == ["phone", "read", "made"]
    assert made.headers["Location"] == f"{tokens(alice)}/{made.json['id']}"
    assert made.headers["ETag"]
    assert made.headers["Cache-Control"] == "no-store"
    phone = of(made, alice)
    assert phone.get(alice.tasks).status_code == 200
    assert phone.post(alice.tasks, json={"name": "x"}).status_code == 403
    listed = alice.get(tokens(alice))
    assert made.json["token"] not in listed.text
    assert [token["origin"] for token in listed.json["tokens"]] == ["login", "made"]
    assert list(listed.json["tokens"][0]) == SHOWN


def test_a_token_has_its_defaults(alice):
    made = make(alice).json
    lives = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(
        made["creation_date"]
    )
    assert (made["scope"], made["last_used_date"]) == ("write", None)
    assert timedelta(days=29, hours=23) < lives <= timedelta(days=30, seconds=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "x" * 256),
        ("scope", "admin"),
        ("scope", 1),
        ("expires_at", "2020-01-01"),
        ("expires_at", "2090-01-01"),
        ("expires_at", "0001-01-01T00:00:00Z"),
        ("expires_at", "soon"),
        ("origin", "login"),
        ("id", 7),
        ("last_used_date", "2026-01-01T00:00:00Z"),
        ("token", "x"),
        ("digest", "x"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_no_token_is_made(backend, alice, field, value):
    answer = alice.post(tokens(alice), json={"name": "x", field: value})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert backend.count(Token) == 1


def test_a_lifetime_is_in_the_accounts_time_zone_and_at_most_a_year(alice):
    alice.put(alice.path, json={"timezone": "Asia/Tokyo"})
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date()
    made = make(alice, expires_at=tomorrow.isoformat()).json
    assert made["expires_at"] == f"{tomorrow - timedelta(days=1)}T15:00:00Z"
    year = datetime.now(UTC) + timedelta(days=365)
    for moment, status in ((year - timedelta(hours=1), 201), (year + timedelta(hours=1), 422)):
        sent = {"name": "x", "expires_at": moment.isoformat()}
        assert alice.post(tokens(alice), json=sent).status_code == status


def test_the_id_of_a_token_is_a_number_that_javascript_holds_exactly(alice):
    ids = {make(alice).json["id"] for _ in range(20)}
    assert len(ids) == 20
    assert all(0 < each <= 2**53 - 1 for each in ids)


def test_tokens_end_one_by_one_or_all_at_once(backend, alice, bob):
    phone, laptop = (of(make(alice, name=name), alice) for name in ("phone", "laptop"))
    listed = alice.get(tokens(alice)).json["tokens"]
    (phone_id,) = [token["id"] for token in listed if token["name"] == "phone"]
    refused = bob.delete(f"{tokens(bob)}/{phone_id}")
    assert (refused.status_code, refused.json["message"]) == (404, "No such token")
    assert alice.delete(f"{tokens(alice)}/{phone_id}").status_code == 204
    assert alice.delete(f"{tokens(alice)}/{phone_id}").status_code == 404
    assert phone.get(alice.path).status_code == 401
    assert laptop.get(alice.path).status_code == 200
    assert alice.delete(tokens(alice)).status_code == 204
    for client in (alice, laptop):
        assert client.get(alice.path).status_code == 401
    assert bob.get(bob.path).status_code == 200


def test_a_token_may_end_itself(alice):
    own = alice.get(tokens(alice)).json["tokens"][0]["id"]
    assert alice.delete(f"{tokens(alice)}/{own}").status_code == 204
    assert alice.get(alice.path).status_code == 401


def test_tokens_are_paged_and_the_expired_are_not_among_them(backend, alice):
    backend.someone("alice", days=0)
    made = ["login", *(make(alice, name=f"n{number}").json["name"] for number in range(4))]
    seen, path = [], f"{tokens(alice)}?limit=2"
    while path:
        page = alice.get(path)
        seen += [token["name"] for token in page.json["tokens"]]
        path = page.json["next"]
    assert seen == made
    assert alice.get(f"{tokens(alice)}?x=1").status_code == 422


def last_use(client):
    return client.get(tokens(client)).json["tokens"][0]["last_used_date"]


def test_the_last_use_is_noted_to_the_hour_without_a_revision(backend, alice):
    etag = alice.get(alice.tasks).headers["ETag"]
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    assert last_use(alice) == f"{hour:%Y-%m-%dT%H:00:00Z}"
    for hours_ago in (3, -3):
        with backend.database.transaction() as session:
            session.query(Token).one().last_used_date = hour - timedelta(hours=hours_ago)
        assert alice.get(alice.tasks, headers={"If-None-Match": etag}).status_code == 304
        assert last_use(alice) == f"{hour:%Y-%m-%dT%H:00:00Z}"


def test_a_write_notes_the_use_too(alice):
    alice.post(alice.tasks, json={"name": "x"})
    assert last_use(alice) is not None


def test_noting_a_use_does_not_keep_a_reader_waiting(sqlite_databases, backend, database_url):
    alice = backend.someone()
    with held_by_another(database_url):
        start = datetime.now(UTC)
        assert alice.get(alice.tasks).status_code == 200
        assert datetime.now(UTC) - start < timedelta(seconds=1)
    with backend.session() as session:
        if backend.database.is_sqlite:
            assert session.scalar(text("PRAGMA busy_timeout")) == 2000
