"""The access matrix: every route, method and actor, generated from the URL table.

What each actor may do is written here a second time, on purpose: a route that is missing in RULES,
or whose resource declares another access, fails.
"""

from contextlib import closing

import pytest
from sqlalchemy import select
from support import Backend, Client

from todo_api.models import Base
from todo_api.resources.auth import ADMIN as ADMIN_ONLY
from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Endpoint
from todo_api.resources.of_account import AccountEndpoint
from todo_api.services import tokens
from todo_api.settings import Settings
from todo_api.urls import ROUTES

ANYBODY, ANY_LOGIN, ANY_ACCOUNT, OWNER, OWNER_OR_ADMIN, ADMIN, SCRAPER = range(7)
BY_LOGIN_ONLY = {
    ("/api/v1/accounts/<username>", "delete"),
    ("/api/v1/me", "delete"),
    ("/api/v1/accounts/<username>/tokens", "get"),
    ("/api/v1/accounts/<username>/tokens", "post"),
    ("/api/v1/accounts/<username>/tokens", "delete"),
    ("/api/v1/accounts/<username>/tokens/<id>", "delete"),
}

_ACCOUNT = "/api/v1/accounts/<username>"
RULES = {
    "/": {"get": ANYBODY},
    "/web/<asset>": {"get": ANYBODY},
    "/sw.js": {"get": ANYBODY},
    "/manifest.webmanifest": {"get": ANYBODY},
    "/api/v1": {"get": ANYBODY},
    "/itemprice": {"get": ANYBODY},
    "/sum": {"get": ANYBODY, "post": ANYBODY},
    "/sum/<number1>/<number2>": {"get": ANYBODY},
    "/echo": dict.fromkeys(["get", "post", "put", "patch", "delete"], ANYBODY),
    "/echo/<text>": {"get": ANYBODY},
    "/docs": {"get": ANYBODY},
    "/docs/<file>": {"get": ANYBODY},
    "/openapi.json": {"get": ANYBODY},
    "/postman.json": {"get": ANYBODY},
    "/health": {"get": ANYBODY},
    "/ready": {"get": ANYBODY},
    "/metrics": {"get": SCRAPER},
    "/users": {"get": ANYBODY, "post": ANYBODY},
    "/api/v1/accounts": {"post": ANYBODY},
    "/api/v1/accounts/login": {"post": ANYBODY},
    "/api/v1/accounts/logout": {"get": ANY_LOGIN, "post": ANY_LOGIN},
    _ACCOUNT: dict.fromkeys(["get", "put", "patch", "delete"], OWNER_OR_ADMIN),
    "/api/v1/me": dict.fromkeys(["get", "put", "patch", "delete"], ANY_ACCOUNT),
    f"{_ACCOUNT}/tasks/<id>/restore": {"post": OWNER},
    f"{_ACCOUNT}/changes": {"get": OWNER},
    f"{_ACCOUNT}/export": {"get": OWNER},
    f"{_ACCOUNT}/import": {"post": OWNER},
    f"{_ACCOUNT}/events": {"get": OWNER},
    f"{_ACCOUNT}/tokens": {"get": OWNER, "post": OWNER, "delete": OWNER},
    f"{_ACCOUNT}/tokens/<id>": {"delete": OWNER},
    f"{_ACCOUNT}/tasks": {"get": OWNER, "post": OWNER},
    f"{_ACCOUNT}/tasks/batch": {"post": OWNER},
    f"{_ACCOUNT}/tasks/total": {"get": OWNER},
    f"{_ACCOUNT}/tasks/<id>": dict.fromkeys(["get", "put", "patch", "delete"], OWNER),
    "/api/v1/prices": {"get": ANYBODY, "post": ADMIN},
    "/api/v1/prices/import": {"post": ADMIN},
    "/api/v1/prices/<name>": {"get": ANYBODY, "put": ADMIN, "patch": ADMIN, "delete": ADMIN},
    "/api/v1/messages": {"get": ADMIN},
    "/api/v1/messages/<id>": {"get": ADMIN, "delete": ADMIN},
}

# Where a word of ours stands in the place of a name, that name has the other methods.
SHARED = {"/api/v1/prices/import": "/api/v1/prices/<name>"}

ACTORS = {
    "nobody": None,
    "another user": ("bob", {}),
    "owner": ("alice", {}),
    "owner's read token": ("alice", {"scope": "read"}),
    "owner's hand-made token": ("alice", {"origin": "made"}),
    "owner's revoked token": None,
    "owner's expired token": ("alice", {"days": 0}),
    "admin": ("boss", {"is_admin": True}),
    "admin's read token": ("boss", {"is_admin": True, "scope": "read"}),
    "admin's hand-made token": ("boss", {"is_admin": True, "origin": "made"}),
}

VERBS = [(route.path, verb) for route in ROUTES for verb in route.names]


def allowed(path, verb, actor):
    rule = RULES[path][verb]
    if rule == ANYBODY:
        return True
    if actor == "nobody" or "revoked" in actor or "expired" in actor:
        return False
    owns, manages = actor.startswith("owner"), actor.startswith("admin")
    fits = {
        SCRAPER: False,
        ANY_LOGIN: True,
        ANY_ACCOUNT: True,
        OWNER: owns,
        OWNER_OR_ADMIN: owns or manages,
        ADMIN: manages,
    }[rule]
    if "read" in actor and verb != "get" and rule != ANY_LOGIN:
        return False
    return fits and not ("hand-made" in actor and (path, verb) in BY_LOGIN_ONLY)


def denial(actor, path):
    unknown = actor == "nobody" or "revoked" in actor or "expired" in actor
    return 401 if unknown or RULES[path].get("get") == SCRAPER else 403


def code_of_denial(actor, path, verb):
    """Return the code that says what the actor lacks."""
    if actor == "nobody":
        return "token_missing"
    if denial(actor, path) == 401:
        is_of_an_account = RULES[path][verb] != SCRAPER
        return "token_expired" if is_of_an_account and "expired" in actor else "token_unknown"
    owns, manages = actor.startswith("owner"), actor.startswith("admin")
    rule = RULES[path][verb]
    if rule == ADMIN and not manages:
        return "admin_required"
    if (rule == OWNER and not owns) or (rule == OWNER_OR_ADMIN and not owns and not manages):
        return "not_owner"
    return "read_only_token" if "read" in actor and verb != "get" else "login_required"


def filled(backend):
    """Store everything that a path can name; return the backend that knows it."""
    alice = backend.someone("alice")
    assert alice.task().json["id"] == 2
    backend.token_of_id(1, "alice")
    backend.someone("bob").task()
    backend.price("apples", 13500)
    backend = backend.with_settings(metrics_token="of-the-scraper-alone")
    assert backend.nobody.post("/users", json={"data": "hi"}).headers["Location"].endswith("/1")
    return backend


@pytest.fixture
def world(backend):
    return filled(backend)


@pytest.fixture(scope="module")
def shared(databases):
    """A backend for what ends nothing."""
    url = databases.migrated()
    with closing(Backend(Settings(database_url=url), databases.open(url))) as backend:
        yield filled(backend)


def client(world, actor):
    if "revoked" in actor:
        revoked = world.someone("alice")
        revoked.get("/api/v1/accounts/logout")
        return revoked
    if ACTORS[actor] is None:
        return Client(world.app)
    username, options = ACTORS[actor]
    return world.someone(username, **options)


def path_of(path, verb):
    task = "2" if "tasks" in path else "1"
    values = {"username": "alice", "id": task, "name": "apples", "text": "x", "file": "start.js"}
    values |= {"number1": "1", "number2": "2", "asset": "views/tasks.js"}
    for name, value in values.items():
        path = path.replace(f"<{name}>", value)
    return path + ("?number1=1&number2=2" if (path, verb) == ("/sum", "get") else "")


def stored(world):
    with world.session() as session:
        return [session.execute(select(table)).all() for table in Base.metadata.sorted_tables]


def test_the_matrix_knows_every_route_and_no_other():
    assert {(path, verb) for path, verbs in RULES.items() for verb in verbs} == set(VERBS)


@pytest.mark.parametrize(("path", "verb"), VERBS)
def test_who_is_not_allowed_is_told_so_and_changes_nothing(shared, path, verb):
    refused = [actor for actor in ACTORS if not allowed(path, verb, actor)]
    clients = {actor: client(shared, actor) for actor in refused}
    before = stored(shared)
    for actor, sender in clients.items():
        methods = [verb.upper(), "HEAD"] if verb == "get" and "logout" not in path else [verb]
        for method in methods:
            answer = sender(method.upper(), path_of(path, verb), json={})
            assert answer.status_code == denial(actor, path), (actor, method)
            if method != "HEAD":
                assert answer.json["code"] == code_of_denial(actor, path, verb)
            if denial(actor, path) == 401:
                assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert stored(shared) == before


ENDING = [(path, verb) for path, verb in VERBS if verb == "delete" or path.endswith("/logout")]
"""What ends something, so that it cannot be done twice."""


def answered(world, path, verb, actor):
    """Return the status that the actor gets, and the one that is right."""
    answer = client(world, actor)(verb.upper(), path_of(path, verb), json={})
    without_fields = ("/echo", "/api/v1/accounts/logout", "/sum", f"{_ACCOUNT}/tasks/<id>/restore")
    creating = verb == "post" and path not in without_fields
    expected = 422 if creating else 204 if verb == "delete" and path != "/echo" else 200
    return answer.status_code, 400 if (path, verb) == ("/sum", "post") else expected


@pytest.mark.parametrize(("path", "verb"), [each for each in VERBS if each not in ENDING])
def test_who_is_allowed_gets_an_answer(shared, path, verb):
    for actor in ACTORS:
        if allowed(path, verb, actor):
            status, expected = answered(shared, path, verb, actor)
            assert status == expected, actor


ENDINGS = [(path, verb, actor) for path, verb in ENDING for actor in ACTORS]


@pytest.mark.parametrize(("path", "verb", "actor"), [it for it in ENDINGS if allowed(*it)])
def test_who_is_allowed_can_end_what_is_there(world, path, verb, actor):
    status, expected = answered(world, path, verb, actor)
    assert status == expected


@pytest.mark.parametrize("path", RULES)
def test_options_needs_no_login_and_tells_the_methods(doorstep, path):
    for suffix in ("", "/"):
        url = path_of(path, "options") + ("" if path == "/" else suffix)
        answer = doorstep("OPTIONS", url)
        assert (answer.status_code, answer.data) == (204, b"")
        methods = set(answer.headers["Allow"].split(", "))
        verbs = {*RULES[path], *RULES.get(SHARED.get(path), ())}
        expected = {verb.upper() for verb in verbs} | {"OPTIONS"}
        if "get" in verbs and "logout" not in path:
            expected.add("HEAD")
        assert methods == expected


def test_a_resource_that_forgets_a_verbs_access_cannot_be_written():
    with pytest.raises(TypeError, match="does not say who has access"):

        class Forgetful(Endpoint):
            access = {"get": PUBLIC}

            def get(self):
                return {}

            def put(self):
                return {}


def test_a_resource_that_cannot_tell_who_calls_lets_everybody_in_or_cannot_be_written():
    with pytest.raises(TypeError, match="cannot tell who calls"):

        class Careless(Endpoint):
            access = {"get": ADMIN_ONLY}

            def get(self):
                return {}


def test_a_resource_that_writes_for_others_than_who_calls_is_whole_or_cannot_be_written():
    with pytest.raises(TypeError, match="it must be whole"):

        class Meddling(AccountEndpoint):
            access = {"get": ADMIN_ONLY, "put": ADMIN_ONLY}

            def get(self, account):
                return account

            def put(self, account):
                return account


@pytest.mark.parametrize("scope", [tokens.READ, tokens.WRITE])
def test_an_admin_learns_that_an_account_is_missing_and_others_do_not(world, scope):
    missing = "/api/v1/accounts/missing"
    assert world.someone("boss", is_admin=True, scope=scope).get(missing).status_code == 404
    assert world.someone("bob", scope=scope).get(missing).status_code == 403
