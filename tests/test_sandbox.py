"""A sandbox stops its clock, fails when it is told to and empties itself; no other server does."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from support import PASSWORD, Client

from todo_api import openapi, sandbox
from todo_api.services import accounts, tokens
from todo_api.settings import Settings
from todo_api.values.clock import CLOCK

CONTROL = "the-token-of-who-controls-it"
VERBS = [(route, verb) for route in sandbox.ROUTES for verb in route.names]
CLOCK_PATH, FAILURES, RESET = (route.path for route in sandbox.ROUTES)
SENT = {FAILURES: {"status": 503}}


@pytest.fixture
def box(sqlite_databases):
    """The application of a sandbox, with an admin: as a client that controls it."""
    url = sqlite_databases.migrated()
    database = sqlite_databases.open(url)
    with database.transaction() as session:
        boss = accounts.register(
            session, {"username": "boss", "email": "b@example.com", "is_admin": True}
        )
        secret = tokens.issue(session, boss, expires=tokens.in_days(30)).secret
    box = Client(sandbox.create(Settings(database_url=url), CONTROL), CONTROL)
    box.boss = Client(box.app, secret)
    box.nobody = Client(box.app)
    with closing(box.app.extensions["todo_api"].database):
        yield box
    CLOCK.go_on()
    sqlite_databases.give_back(url)


def stop(box, **where):
    answer = box.post(CLOCK_PATH, json=where)
    assert answer.status_code == 200, answer.json
    return answer.json["now"]


def register(box, username="alice"):
    new = {"username": username, "email": "a@example.com", "password": PASSWORD}
    assert box.nobody.post("/api/v1/accounts", json=new).status_code == 201
    return login(box, username)


def login(box, username="alice"):
    sent = {"username": username, "password": PASSWORD}
    answer = box.nobody.post("/api/v1/accounts/login", json=sent)
    assert answer.status_code == 200, answer.json
    client = Client(box.app, answer.json["token"])
    client.tasks = f"/api/v1/accounts/{username}/tasks"
    return client


@pytest.mark.parametrize(("route", "verb"), VERBS)
def test_only_who_has_its_token_controls_it(box, route, verb):
    for other in (box.nobody, box.boss, register(box), Client(box.app, CONTROL + "x")):
        answer = other(verb.upper(), route.path, json=SENT.get(route.path, {}))
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not CLOCK.is_stopped
    for path in (route.path, f"{route.path}/"):
        answer = box(verb.upper(), path, json=SENT.get(route.path, {}))
        assert answer.status_code == (200 if verb in route.resource.gives else 204)
        assert answer.status_code in openapi.statuses(route.resource, verb, route.path)
        assert answer.headers["Cache-Control"] == "no-store"
    assert box(verb.upper(), f"{route.path}?x=1", json={}).status_code == 422


@pytest.mark.parametrize(("route", "verb"), VERBS)
def test_another_server_has_no_such_routes(backend, route, verb):
    answer = backend.nobody(verb.upper(), route.path, json={})
    assert answer.json == {"status": 404, "message": "Invalid endpoint"}
    assert not [rule for rule in backend.app.url_map.iter_rules() if "sandbox" in rule.rule]


def test_its_document_tells_of_its_routes_and_that_of_others_does_not(box):
    told = box.nobody.get("/openapi.json").json
    OpenAPIV31SpecValidator(told).validate()
    assert {path for path in told["paths"] if "sandbox" in path} == {
        route.path for route in sandbox.ROUTES
    }
    assert "sandbox" not in str(openapi.document())
    assert "POST /sandbox/clock" in box.nobody.get("/api/v1").json.values()


def test_a_stopped_clock_stands_still_and_moves_when_it_is_told_to(box):
    alice = register(box)
    assert stop(box, now="2031-02-03T04:05:06+02:00") == "2031-02-03T02:05:06Z"
    alice = login(box)
    first, second = (alice.post(alice.tasks, json={"name": "x"}).json for _ in range(2))
    assert first["creation_date"] == second["creation_date"] == "2031-02-03T02:05:06Z"
    assert stop(box, advance=60) == "2031-02-03T02:06:06Z"
    assert stop(box, now="2030-01-01T00:00:00", advance=-1) == "2029-12-31T23:59:59Z"
    assert stop(box) == "2029-12-31T23:59:59Z"
    assert box.get(CLOCK_PATH).json == {"now": "2029-12-31T23:59:59Z", "is_stopped": True}
    box.delete(CLOCK_PATH)
    told = box.get(CLOCK_PATH).json
    assert told["is_stopped"] is False
    assert abs(datetime.fromisoformat(told["now"]) - datetime.now(UTC)).total_seconds() < 60


def test_without_a_time_the_clock_stops_where_it_is(box):
    # The server's own times have whole milliseconds.
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    now = stop(box)
    assert before <= datetime.fromisoformat(now) <= datetime.now(UTC)
    assert box.get(CLOCK_PATH).json["now"] == now


@pytest.mark.parametrize(
    "where",
    [
        {"now": "1970-12-31T23:59:59Z"},
        {"now": "9991-01-01T00:00:00Z"},
        {"now": "2026-01-01"},
        {"now": "soon"},
        {"now": 1},
        {"now": "0001-01-01T00:00:00+14:00"},
        {"now": "9990-12-31T23:59:59Z", "advance": 1},
        {"now": "9000-01-01T00:00:00Z", "advance": 10**11},
        {"now": "2030-01-01T00:00:00Z", "advance": -(10**11)},
        {"advance": 10**30},
        {"advance": 1.5},
        {"after": 1},
        [],
    ],
)
def test_a_time_that_makes_no_sense_is_refused(box, where):
    assert box.post(CLOCK_PATH, json=where).status_code == 422
    assert not CLOCK.is_stopped


def test_all_that_is_counted_by_time_follows_the_clock(box):
    alice = register(box)
    stop(box, now="2030-01-01T00:00:00Z")
    alice = login(box)
    key = {"Idempotency-Key": "k"}
    task = alice.post(alice.tasks, json={"name": "x", "due_date": "2030-01-02"}, headers=key)
    overdue = f"{alice.tasks}?overdue=true"
    assert alice.get(overdue).json["tasks"] == []
    stop(box, advance=86_399)
    again = alice.post(alice.tasks, json={"name": "x", "due_date": "2030-01-02"}, headers=key)
    assert again.json == task.json
    stop(box, advance=1)
    other = alice.post(alice.tasks, json={"name": "y"}, headers=key)
    assert (other.status_code, other.json["name"]) == (201, "y")
    assert alice.get(overdue).json["tasks"] == []
    stop(box, now="2030-01-03T00:00:01Z")
    assert [each["id"] for each in alice.get(overdue).json["tasks"]] == [task.json["id"]]
    alice.delete(task.headers["Location"])
    alice.delete(other.headers["Location"])
    stop(box, advance=20 * 86_400)
    assert alice.post(f"{task.headers['Location']}/restore").status_code == 200
    stop(box, now="2030-01-31T00:00:00Z")
    assert alice.get(alice.tasks).status_code == 401, "A login lasts for thirty days."
    alice = login(box)
    stop(box, now="2030-02-02T00:00:02Z")
    assert alice.post(f"{other.headers['Location']}/restore").status_code == 404


def test_a_limit_opens_when_the_clock_has_moved_on(box):
    register(box)
    stop(box)
    wrong = {"username": "alice", "password": "wrong-horse"}
    sent = [box.nobody.post("/api/v1/accounts/login", json=wrong) for _ in range(11)]
    assert [answer.status_code for answer in sent] == [401] * 10 + [429]
    stop(box, advance=15 * 60 - 1)
    assert box.nobody.post("/api/v1/accounts/login", json=wrong).status_code == 429
    stop(box, advance=1)
    login(box)


def fail(box, **how):
    answer = box.post(FAILURES, json=how)
    assert answer.status_code == 200, answer.json
    return answer.json["failures"]


def test_the_next_requests_fail_and_do_nothing(box):
    alice = register(box)
    fail(box, status=503, times=2)
    for _ in range(2):
        answer = alice.post(alice.tasks, json={"name": "x"})
        assert answer.json == {"status": 503, "message": "Service Unavailable", "code": "busy"}
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["X-Request-ID"]
        assert answer.headers["Content-Type"] == "application/json"
    assert alice.get(alice.tasks).json["tasks"] == []


def test_failures_are_chosen_by_method_and_path(box):
    alice = register(box)
    tasks = "/api/v1/accounts/<username>/tasks"
    fail(box, status=429, method="POST", path=tasks)
    fail(box, status=500, path="/users")
    assert fail(box, status=401, times=3, path="/") == [
        {"status": 429, "times": 1, "method": "POST", "path": tasks},
        {"status": 500, "times": 1, "method": None, "path": "/users"},
        {"status": 401, "times": 3, "method": None, "path": "/"},
    ]
    assert alice.get(alice.tasks).status_code == 200
    assert box.nobody("OPTIONS", "/users").status_code == 204
    failed = alice.post(f"{alice.tasks}/", json={"name": "x"})
    assert (failed.status_code, failed.headers["Retry-After"]) == (429, "1")
    assert alice.post(alice.tasks, json={"name": "x"}).status_code == 201
    assert [box.nobody.get("/users/").status_code for _ in range(2)] == [500, 200]
    assert box.nobody.get("/").headers["WWW-Authenticate"] == "Bearer"
    assert [each["times"] for each in box.get(FAILURES).json["failures"]] == [2]
    box.delete(FAILURES)
    assert box.nobody.get("/").status_code == 200


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"status": 200},
        {"status": 399},
        {"status": 600},
        {"status": 499},
        {"status": "503"},
        {"status": 503, "times": 0},
        {"status": 503, "method": "OPTIONS"},
        {"status": 503, "path": "\0"},
        {"status": 503, "x": 1},
    ],
)
def test_a_failure_that_makes_no_sense_is_refused(box, how):
    assert box.post(FAILURES, json=how).status_code == 422
    assert box.get(FAILURES).json == {"failures": []}


def test_a_reset_leaves_what_was_there_at_the_start(box):
    etag = box.nobody.get("/api/v1/prices").headers["ETag"]
    alice = register(box)
    assert alice.post(alice.tasks, json={"name": "x"}).json["id"] == 2
    box.boss.post("/api/v1/prices", json={"name": "apples", "price": 1})
    first = box.nobody.post("/users", json={"data": "hi"}).headers["Location"]
    stop(box, now="2026-01-01T00:00:00Z")
    fail(box, status=500, times=9)
    assert box.post(RESET).status_code == 204
    assert not CLOCK.is_stopped
    assert box.nobody.get("/api/v1/prices").json["prices"] == []
    assert alice.get(alice.tasks).status_code == 401
    assert box.boss.get("/api/v1/messages").json["messages"] == []
    assert box.nobody.post("/users", json={"data": "hi"}).headers["Location"] == first
    asked = {"If-None-Match": etag}
    assert box.nobody.get("/api/v1/prices", headers=asked).status_code == 200
    alice = register(box)
    assert alice.post(alice.tasks, json={"name": "x"}).json["id"] == 2
