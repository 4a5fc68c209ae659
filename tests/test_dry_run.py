"""A dry run (Prefer: dry-run) is answered as the write would be, and leaves nothing."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from support import PASSWORD

from todo_api.models import Account, Attempt, Base, Replay, Task
from todo_api.resources.stored import StoredEndpoint
from todo_api.services import accounts, tokens
from todo_api.urls import ROUTES

DRY = {"Prefer": "dry-run"}
ALICE = "/api/v1/accounts/alice"
ME = "/api/v1/me"
TASK = {"name": "milk", "quantity": 1.5, "completed": True}
CSV = {"data": b"name,price\nmilk,1\napples,2\n", "content_type": "text/csv"}
NEW_PASSWORD = {"password": "another-horse", "current_password": PASSWORD}

WRITES = {
    ("/users", "post"): ("nobody", {"json": {"data": "hi"}}),
    ("/api/v1/accounts", "post"): (
        "nobody",
        {"json": {"username": "carol", "email": "c@example.com", "password": PASSWORD}},
    ),
    ("/api/v1/accounts/login", "post"): (
        "nobody",
        {"json": {"username": "alice", "password": PASSWORD}},
    ),
    ("/api/v1/accounts/logout", "get"): ("alice", {}),
    ("/api/v1/accounts/logout", "post"): ("alice", {}),
    (ALICE, "put"): ("alice", {"json": {"timezone": "Asia/Tokyo", **NEW_PASSWORD}}),
    (ALICE, "patch"): ("alice", {"json": {"pets": ["dog"]}}),
    (ALICE, "delete"): ("alice", {}),
    (ME, "put"): ("alice", {"json": {"timezone": "Asia/Tokyo", **NEW_PASSWORD}}),
    (ME, "patch"): ("alice", {"json": {"pets": ["dog"]}}),
    (ME, "delete"): ("alice", {}),
    (f"{ALICE}/tokens", "post"): ("alice", {"json": {"name": "phone"}}),
    (f"{ALICE}/tokens", "delete"): ("alice", {}),
    (f"{ALICE}/tokens/1", "delete"): ("alice", {}),
    (f"{ALICE}/tasks", "post"): ("alice", {"json": TASK}),
    (f"{ALICE}/tasks/batch", "post"): (
        "alice",
        {"json": {"operations": [{"method": "POST", "body": TASK}, {"method": "DELETE", "id": 2}]}},
    ),
    (f"{ALICE}/tasks/2", "put"): ("alice", {"json": TASK}),
    (f"{ALICE}/tasks/2", "patch"): ("alice", {"json": {"completed": True}}),
    (f"{ALICE}/tasks/2", "delete"): ("alice", {}),
    (f"{ALICE}/tasks/3/restore", "post"): ("alice", {}),
    (f"{ALICE}/import", "post"): ("alice", {"json": {"tasks": [{"name": "a"}, {"name": "b"}]}}),
    ("/api/v1/prices", "post"): ("boss", {"json": {"name": "milk", "price": 1}}),
    ("/api/v1/prices/import", "post"): ("boss", CSV),
    ("/api/v1/prices/apples", "put"): ("boss", {"json": {"name": "pears", "price": 3}}),
    ("/api/v1/prices/apples", "patch"): ("boss", {"json": {"price": 3}}),
    ("/api/v1/prices/apples", "delete"): ("boss", {}),
    ("/api/v1/messages/1", "delete"): ("boss", {}),
}
"""By path and verb: who may, and what is sent."""

# What is by chance, by the clock, or by a sequence of PostgreSQL's, which no rollback takes back.
BY_ITSELF = ("token", "secret", "id", "creation_date", "completed_date", "date_joined")
BY_ITSELF += ("created_date", "updated_date", "expires_at", "etag")


def template(path):
    """Return the route that a path belongs to."""
    names = {"alice": "<username>", "apples": "<name>"}
    parts = [names.get(part, "<id>" if part.isdigit() else part) for part in path.split("/")]
    return "/".join(parts)


@pytest.fixture
def world(backend):
    """A backend in which everything that a path of WRITES names is there."""
    backend.alice = backend.register("alice")
    assert backend.alice.task(item="apples").json["id"] == 2
    assert backend.alice.task().json["id"] == 3
    backend.alice.delete(f"{ALICE}/tasks/3")
    backend.boss = backend.admin()
    backend.price("apples", 13500)
    assert backend.nobody.post("/users", json={"data": "hi"}).headers["Location"].endswith("/1")
    backend.token_of_id(1, "alice")
    return backend


def stored(backend):
    """Return every row of every table."""
    with backend.session() as session:
        return {
            table.name: sorted(map(repr, session.execute(select(table)).all()))
            for table in Base.metadata.sorted_tables
        }


def test_every_write_is_among_them():
    assert {(template(path), verb) for path, verb in WRITES} == {
        (route.path, verb)
        for route in ROUTES
        if issubclass(route.resource, StoredEndpoint)
        for verb in route.names
        if verb in route.resource.writes
    }


def told(answer):
    """Return what of an answer does not differ by itself."""
    fields = answer.get_json(silent=True) or {}
    fields = {name: value for name, value in fields.items() if name not in BY_ITSELF}
    for each in fields.get("results", []):
        for name in BY_ITSELF:
            each.pop(name, None)
    return answer.status_code, fields, "ETag" in answer.headers, "Location" in answer.headers


@pytest.mark.parametrize(("path", "verb"), WRITES)
def test_a_dry_run_is_answered_as_the_write_is_and_leaves_nothing(world, path, verb):
    who, sent = WRITES[path, verb]
    client = getattr(world, who)
    before = stored(world)
    dry = client(verb.upper(), path, headers=DRY, **sent)
    assert 200 <= dry.status_code < 300, dry.json
    assert dry.headers["Preference-Applied"] == "dry-run"
    if path == "/api/v1/accounts":
        del before["attempt"]
    after = stored(world)
    assert {name: after[name] for name in before} == before
    real = client(verb.upper(), path, **sent)
    assert "Preference-Applied" not in real.headers
    assert told(real) == told(dry)
    if path.startswith((f"{ALICE}/tasks", "/api/v1/prices")):
        for name in ("ETag", "Location"):
            assert real.headers.get(name) == dry.headers.get(name)
    assert stored(world) != before


def test_what_would_be_refused_is_refused(alice):
    alice.task()
    for headers, body, status in (
        ({}, {"name": ""}, 422),
        ({"If-Match": '"other"'}, {"name": "x"}, 412),
        ({"Authorization": "Bearer x"}, {"name": "x"}, 401),
    ):
        answer = alice.patch(f"{alice.tasks}/2", json=body, headers={**headers, **DRY})
        assert answer.status_code == status
        assert answer.headers["Preference-Applied"] == "dry-run"


def test_a_dry_run_keeps_no_key_and_gives_the_answer_of_one_that_is_known(backend, alice):
    key = {"Idempotency-Key": "k"}
    dry = alice.post(alice.tasks, json=TASK, headers={**key, **DRY})
    assert (dry.status_code, backend.count(Replay), backend.count(Task)) == (201, 0, 0)
    real = alice.post(alice.tasks, json=TASK, headers=key)
    assert "Idempotent-Replayed" not in real.headers
    again = alice.post(alice.tasks, json=TASK, headers={**key, **DRY})
    assert again.data == real.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Preference-Applied"] == "dry-run"
    other = alice.post(alice.tasks, json={"name": "x"}, headers={**key, **DRY})
    assert other.status_code == 422


def test_a_dry_login_gives_no_token_that_works_and_a_dry_logout_ends_none(backend):
    alice = backend.register()
    for path, body in (
        ("/api/v1/accounts/login", {"username": "alice", "password": PASSWORD}),
        (f"{alice.path}/tokens", {"name": "phone"}),
    ):
        token = alice.post(path, json=body, headers=DRY).json["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert backend.nobody.get(alice.tasks, headers=bearer).status_code == 401
    assert alice.post("/api/v1/accounts/logout", headers=DRY).json == {"msg": "Logged out."}
    assert alice.get(alice.tasks).status_code == 200


def test_wrong_passwords_count_in_a_dry_run(backend):
    backend.register()
    few = backend.with_settings(login_failures=2).nobody
    wrong = {"username": "alice", "password": "wrong-horse"}
    statuses = [
        few.post("/api/v1/accounts/login", json=wrong, headers=DRY).status_code for _ in range(3)
    ]
    assert statuses == [401, 401, 429]


def test_nobody_learns_more_names_by_dry_registrations_than_by_real_ones(backend):
    few = backend.with_settings(registrations_per_hour=2).nobody
    new = {"email": "c@example.com", "password": PASSWORD}
    statuses = [
        few.post(
            "/api/v1/accounts", json={**new, "username": f"name{number}"}, headers=headers
        ).status_code
        for number, headers in enumerate([DRY, DRY, DRY, {}])
    ]
    assert statuses == [201, 201, 429, 429]
    assert (backend.count(Account), backend.count(Attempt)) == (0, 2)


def test_nobody_is_told_of_a_dry_run(backend, alice):
    with backend.session() as session:
        account = accounts.named(session, "alice").id
    subscription = backend.feed.subscribe(account)
    subscription.wait(1)
    subscription.look()
    alice.post(alice.tasks, json=TASK, headers=DRY)
    assert not subscription.wait(1)
    alice.post(alice.tasks, json=TASK)
    assert subscription.wait(10)
    subscription.close()


@pytest.mark.parametrize(
    ("prefer", "is_dry"),
    [
        ("dry-run", True),
        ("DRY-RUN", True),
        (' respond-async, wait=100 , dry-run; why="a, b"', True),
        ('dry-run=""', True),
        ("dry-run = false", True),
        ('foo="x", dry-run', True),
        ("", False),
        ("dry-running", False),
        ("dryrun", False),
        ('"dry-run"', False),
        ('foo="a, dry-run"', False),
        ('foo="a, dry-run', False),
        ("foo; dry-run", False),
        ("foo=dry-run", False),
        (",;=\\", False),
        ("return=minimal", False),
    ],
)
def test_a_preference_is_known_by_its_name_alone(backend, alice, prefer, is_dry):
    answer = alice.post(alice.tasks, json=TASK, headers={"Prefer": prefer})
    assert answer.status_code == 201
    assert ("Preference-Applied" in answer.headers) is is_dry
    assert backend.count(Task) == (not is_dry)


def test_of_several_prefer_headers_each_counts(backend, alice):
    sent = [("Authorization", f"Bearer {alice.token}"), ("Prefer", "x"), ("Prefer", "dry-run")]
    answer = backend.app.test_client().post(alice.tasks, json=TASK, headers=sent)
    assert answer.headers["Preference-Applied"] == "dry-run"


def test_where_nothing_is_stored_there_is_no_dry_run(alice):
    sum_of_two = alice.post("/sum", json={"number1": 1, "number2": 2}, headers=DRY)
    for answer in (sum_of_two, alice.get(alice.tasks, headers=DRY)):
        assert answer.status_code == 200
        assert "Preference-Applied" not in answer.headers


def test_a_dry_transaction_fails_as_its_commit_would(backend, alice):
    with pytest.raises(IntegrityError), backend.database.transaction(dry=True) as session:
        session.add(Task(account_id=10**9, id=1, creation_date=tokens.in_days(0)))
    with backend.database.transaction(dry=True) as session:
        account = accounts.named(session, "alice")
        account.email = "other@example.com"
    assert account.email == "other@example.com", "What was read is there after the end, too."
    assert alice.get(alice.path).json["email"] == "alice@example.com"
