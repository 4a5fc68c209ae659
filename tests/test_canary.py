"""Nobody learns or changes what is another's, whatever they send.

One account's data is full of canaries. Others call every route of the URL table, as strangers and
with everything that could point at that account: its name, ids, cursors, sync tokens, ETags and
Idempotency-Keys, in paths, queries, headers and bodies. No answer may tell what its request did
not.
"""

import itertools
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

import pytest
from sqlalchemy import func, select
from support import Client

from todo_api.models import Account, Replay, Task, Token
from todo_api.schemas.json_schema import example_sent
from todo_api.urls import ROUTES

ACCOUNT = "/api/v1/accounts/<username>"
LOGOUT = "/api/v1/accounts/logout"
MESSAGES = "/api/v1/messages"
VICTIM = "canary-victim"
PASSWORD = "canary-password"
WRONG = "wrong-password"
KEY = "canary-key"
SCRAPER = "token-of-the-scraper"
PROFILE = {"username": VICTIM, "email": "canary@email.example", "pets": ["canary-pet"]}
LOGIN = {"username": VICTIM, "password": PASSWORD}
PAID = "7311.94"
TASKS = [
    {"name": "canary-open", "note": "canary-note", "item": "canary-unpriced"},
    {"name": "canary-done", "item": "canary-item", "due_date": "2031-07-19T03:17:00Z"},
    {"name": "canary-deleted", "quantity": 7.7331},
]


@dataclass
class Victim:
    """Somebody with data, and all that points at it."""

    client: Client
    ids: list
    token_id: int
    handles: dict = field(default_factory=dict)
    secrets: set = field(default_factory=set)

    @property
    def exports(self):
        """All that its owner sees."""
        paths = ("", "/tasks", "/changes", *(f"/export?format={each}" for each in ("json", "ics")))
        shown = [self.client.get(f"/api/v1/accounts/{VICTIM}{path}") for path in paths]
        assert {answer.status_code for answer in shown} == {200}
        return [(answer.data, answer.headers.get("ETag")) for answer in shown]


@pytest.fixture
def world(backend):
    many = {"messages_per_hour": 10_000, "login_failures": 10_000}
    many |= {"registrations_per_hour": 10_000, "account_login_failures": 10_000}
    many |= {"address_login_failures": 10_000}
    return backend.with_settings(**many, metrics_token=SCRAPER)


@pytest.fixture
def victim(world):
    key = {"Idempotency-Key": KEY}
    registration = {**PROFILE, "password": PASSWORD}
    made = world.nobody.post("/api/v1/accounts", json=registration, headers=key)
    assert made.status_code == 201, made.json
    client = world.login(VICTIM, PASSWORD)
    world.price("canary-item", 73_119_400)
    ids = []
    for number, task in enumerate(TASKS):
        sent = {"json": task, "headers": {"Idempotency-Key": f"{KEY}-{number}"}}
        ids.append(client.post(client.tasks, **sent).json["id"])
    assert client.patch(f"{client.tasks}/{ids[1]}", json={"completed": True}).json["paid"]
    assert client.delete(f"{client.tasks}/{ids[2]}").status_code == 204
    admin = world.admin()
    assert admin.delete("/api/v1/prices/canary-item").status_code == 204
    assert client.post("/users", json={"data": "canary-message"}).status_code == 201
    made = client.post(f"{client.path}/tokens", json={"name": "canary-token"}).json
    victim = Victim(client, ids, made["id"])
    page = client.get(f"{client.tasks}?limit=1&sort=name")
    profile = client.get(client.path)
    etags = [client.get(f"{client.tasks}/{ids[0]}").headers["ETag"], page.headers["ETag"]]
    since = client.get(f"{client.path}/changes").json["next"]
    victim.handles = {
        "after": page.json["next"].split("after=")[1].split("&")[0],
        "since": since,
        "etags": ", ".join([*etags, profile.headers["ETag"]]),
    }
    victim.secrets = {client.token, made["token"], PASSWORD, KEY, since.split(".")[0]}
    return victim


def markers(victim):
    """Return each text that only the victim may learn, and an admin where that is said."""
    texts = {value for task in TASKS for value in task.values() if isinstance(value, str)}
    texts |= {PAID, "7.7331", "canary-token", "canary-message", str(victim.token_id)}
    return {*texts, *PROFILE["pets"], PROFILE["email"], VICTIM, *victim.secrets} | {
        victim.handles["after"]
    }


def actors(world, victim):
    dead, own = world.someone(VICTIM), world.someone("bob")
    dead.get("/api/v1/accounts/logout")
    of_bob, of_victim = own.token, victim.client.token
    # A token holds its account's id, so that one can be made that holds another's.
    forged = of_victim[:11] + of_bob[11:]
    return {
        "nobody": world.nobody,
        "dead": dead,
        "expired": world.someone(VICTIM, days=0),
        "forged": Client(world.app, forged),
        "bob": own,
        "bob to read": world.someone("bob", scope="read"),
        "bob's made": world.someone("bob", origin="made"),
        "admin": world.admin(),
        "admin to read": world.someone("boss", scope="read"),
        "scraper": Client(world.app, SCRAPER),
    }


def path_of(path, username, number):
    """Fill the placeholders in; a new one has to be put in here."""
    values = {"username": username, "id": str(number), "name": "apples", "text": "x"}
    values |= {"number1": "1", "number2": "2", "file": "start.js", "asset": "app.js"}
    for name, value in values.items():
        path = path.replace(f"<{name}>", value)
    assert "<" not in path, "a placeholder that this test does not know"
    return path


def bodies(route, verb, victim):
    """Return bodies for `verb`: nothing, what the docs say, and what names the victim's things."""
    schema = route.resource.takes.get(verb)
    if schema is None:
        return [None]
    example = dict(example_sent(schema))
    if route.path.endswith("/login"):
        return [{**LOGIN, "password": WRONG}]
    if route.path.endswith("/accounts"):
        return [{**PROFILE, "password": WRONG}, {**example, "username": VICTIM.upper()}]
    if "operations" in schema.fields:
        return [{"operations": [each]} for each in operations(victim)]
    named = {name: value for name, value in pointing(victim).items() if name in schema.fields}
    return [{}, example, {**example, **named}]


def pointing(victim):
    return {"id": victim.ids[0], "username": VICTIM, "revision": victim.ids[0], "next": "x"}


def operations(victim):
    etag = victim.handles["etags"].split(", ")[0]
    for number in victim.ids:
        yield {"method": "DELETE", "id": number, "if_match": etag}
        yield {"method": "PUT", "id": number, "body": {"note": None}}


def requests_of(route, verb, victim, own):
    """Yield method, path, headers and body: at the victim's URLs, and from `own` at its things."""
    numbers = {*victim.ids} if "tasks/<id>" in route.path else {victim.token_id}
    names = [VICTIM, own] if own and ACCOUNT in route.path else [VICTIM]
    key = KEY if route.path.endswith("/accounts") else f"{KEY}-0"
    etags, since = victim.handles["etags"], victim.handles["since"]
    known = {"If-None-Match": etags, "If-Match": etags}
    known |= {"Last-Event-ID": since, "Idempotency-Key": key}
    for name, number in itertools.product(names, sorted(numbers)):
        path = path_of(route.path, name, number)
        *others, body = bodies(route, verb, victim)
        yield verb.upper(), path.replace(VICTIM, VICTIM.upper()), {}, body
        for each in (*others, body):
            yield verb.upper(), path + query(route, verb, victim), known, each
        if verb != "get":
            yield verb.upper(), path, {**known, "Prefer": "dry-run"}, body
        if verb == "get" and route.resource.with_head:
            yield "HEAD", path, {}, None


def query(route, verb, victim):
    """Return the parameters that point at the victim's place in a list, if `verb` takes them."""
    schema = route.resource.asks.get(verb)
    names = [name for name in ("after", "since") if schema and name in schema.fields]
    return "?" + "&".join(f"{name}={victim.handles[name]}" for name in names) if names else ""


def told(answer):
    """Return all of an answer, headers too; of an endless stream, what it begins with."""
    if answer.mimetype == "text/event-stream":
        body = b"".join(itertools.islice(answer.response, 2))
        answer.close()
    else:
        body = answer.data
    return f"{answer.headers}\n".encode() + body


def of_victim(world):
    """Return all rows that are the victim's."""
    with world.session() as session:
        account = session.scalars(select(Account).where(Account.username == VICTIM)).one().id
        owners = ((Account, Account.id), (Task, Task.account_id), (Token, Token.account_id))
        return [
            session.execute(select(table.__table__).where(column == account)).all()
            for table, column in (*owners, (Replay, Replay.owner))
        ] + [session.scalar(select(func.count()).where(Replay.key == KEY))]


def may_see(actor, route, verb):
    """Return whether the contract lets an admin see, or change, what the route is about."""
    return actor.startswith("admin") and (
        route.path == ACCOUNT or (route.path.startswith(MESSAGES) and verb == "get")
    )


def test_no_answer_tells_another_what_its_request_did_not(world, victim):
    seen = 0
    calls = actors(world, victim)
    known = {marker: marker.encode().lower() for marker in markers(victim)}
    before = of_victim(world), victim.exports
    for actor, route in itertools.product(calls, ROUTES):
        own = "bob" if actor.startswith("bob") else None
        for verb in route.names:
            if may_see(actor, route, verb) or ends_own(route, verb, own):
                continue
            for method, path, headers, body in requests_of(route, verb, victim, own):
                sent = {} if body is None else {"json": body}
                answer = calls[actor](method, path, headers=headers, buffered=False, **sent)
                where = (actor, method, path, body, answer.status_code)
                asked = unquote_plus(f"{path} {headers} {body}").lower().encode()
                shown = told(answer).lower()
                leaks = [text for text, raw in known.items() if raw in shown and raw not in asked]
                assert not leaks, where
                assert answer.status_code < 500, where
                if body and body.get("password") == WRONG:
                    assert answer.status_code in (401, 409, 422), where
                if path == "/metrics":
                    assert answer.status_code == (200 if actor == "scraper" else 401), where
                if f"/accounts/{VICTIM}" in path.lower():
                    assert answer.status_code in (401, 403), where
                seen += 1
    assert of_victim(world) == before[0]
    assert victim.exports == before[1]
    assert seen > 1_000
    live = {actor for actor, call in calls.items() if call.get(LOGOUT).status_code == 200}
    assert live == {"bob", "bob to read", "bob's made", "admin", "admin to read"}


def ends_own(route, verb, own):
    """Return whether `verb` would end the token that the actor calls with."""
    ending = {"/api/v1/me", *((f"{ACCOUNT}/tokens", ACCOUNT) if own else ())}
    return route.path == LOGOUT or (verb == "delete" and route.path in ending)


def test_an_admin_sees_profiles_and_messages_and_no_more(world, victim):
    admin = world.admin()
    known = markers(victim)
    profile = {VICTIM, PROFILE["email"], *PROFILE["pets"]}
    # The ETag is of the profile; its era guards nothing.
    era = victim.handles["since"].split(".")[0]
    for method in ("GET", "PUT", "PATCH"):
        shown = told(admin(method, victim.client.path, json={})).decode()
        assert {text for text in known if text in shown} == profile | {era}, method
    shown = told(admin.get(MESSAGES)).decode()
    assert {text for text in known if text in shown} == {"canary-message"}


def test_the_owner_does_see_the_canaries(world, victim):
    """Where nothing can be seen, nothing could be missing either."""
    client = victim.client
    shown = "".join(
        told(client.get(path_of(route.path, VICTIM, victim.ids[0]))).decode()
        for route in ROUTES
        if "get" in route.names and ACCOUNT in route.path
    )
    shown += told(client.get(f"{client.tasks}?limit=1&sort=name")).decode()
    secret = {client.token, PASSWORD, KEY, "canary-deleted", "7.7331", "canary-message"}
    missing = {text for text in markers(victim) if text not in shown}
    assert missing <= secret | victim.secrets
    assert len(markers(victim) - missing) >= 10
