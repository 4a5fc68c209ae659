"""What schemathesis cannot know: who may do what, and values that only this server gives out."""

import itertools
import os
import uuid
from collections import defaultdict
from urllib.parse import parse_qs, urlsplit

import schemathesis
from hypothesis import strategies
from schemathesis.core.parameters import ParameterLocation

from todo_api.database import Database
from todo_api.models import PriceList
from todo_api.models.base import Base
from todo_api.services import accounts, callers, passwords, tokens
from todo_api.values import moments, names
from todo_api.values.currencies import MINOR_UNITS

OWNER, ADMIN = "alice", "boss"
MANAGED = ("/api/v1/prices", "/api/v1/messages")
PASSWORD = "correct-horse-battery"

ONE_OF = int(os.environ["FUZZ_ONE_OF"])
"""Of how many cases that are made of the document alone one is sent."""

database = Database(os.environ["DATABASE_URL"])
password_hash = passwords.hashed(PASSWORD)
in_scenarios = False
secrets, cursors, known, turns = {}, {}, {}, {}
made = defaultdict(itertools.count)


def begin():
    """Begin a scenario: with an empty database, two accounts, and no memory of another scenario.

    Whoever is logged out in it stays so: a token that came from nowhere would look like a mistake.
    """
    for memory in (secrets, cursors, known, turns):
        memory.clear()
    with database.transaction() as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name != PriceList.__tablename__:
                session.execute(table.delete())
    for username in (OWNER, ADMIN):
        token_of(username)


def takes_turns(name):
    """Return True every other time."""
    turns[name] = not turns.get(name)
    return turns[name]


def token_of(username):
    """Return the token of an account; one that never had any gets it, as by a login."""
    if username not in secrets:
        with database.transaction() as session:
            account = accounts.find(session, username)
            if account is None:
                known.pop(names.key(username), None)
                fields = {"username": username, "email": f"{username}@example.com"}
                powers = {"password_hash": password_hash, "is_admin": username == ADMIN}
                account = accounts.register(session, {**fields, **powers})
            token = tokens.issue(session, account, expires=tokens.in_days(1))
            secrets[username] = token.secret
    return secrets[username]


def forget_dead_tokens():
    """Let those who were logged out, or whose account is gone, have another token."""
    with database.reading() as session:
        dead = [name for name, secret in secrets.items() if not callers.recognise(session, secret)]
    for username in dead:
        del secrets[username]


def exists(username):
    with database.reading() as session:
        return accounts.find(session, username) is not None


@schemathesis.auth(refresh_interval=None)
class Tokens:
    """The token of the one whose URL it is, of an admin for what admins do."""

    def get(self, case, context):
        path = context.operation.path
        if path == "/metrics":
            return os.environ["METRICS_TOKEN"]
        if path.startswith(MANAGED):
            return token_of(ADMIN)
        username = case.path_parameters.get("username", OWNER)
        if path.endswith("/{username}") and takes_turns(ADMIN):
            return token_of(ADMIN)
        return token_of(username if username in secrets or exists(username) else OWNER)

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


schemathesis.openapi.format("iana-time-zone", strategies.sampled_from(sorted(moments.time_zones())))
schemathesis.openapi.format("iso-4217", strategies.sampled_from(sorted(MINOR_UNITS)))


@schemathesis.hook
def filter_case(context, case):
    """Let every operation have its part of the cases that are made of the document alone."""
    of_the_document = case.meta is not None and case.meta.phase.name == "coverage"
    return not of_the_document or next(made[case.operation.label]) % ONE_OF == 0


@schemathesis.hook
def before_call(context, case, kwargs):
    """Put what is valid, as far as only the server knows, in the place of what was drawn."""
    if in_scenarios:
        case.headers.pop("Prefer", None)  # Nothing is left of a dry run to go on with.
    if case.meta is None:
        return
    if not case.meta.is_negative_at(ParameterLocation.HEADER):
        name_anew(case)
    if not case.meta.is_negative_at(ParameterLocation.QUERY) and "after" in case.query:
        go_on(case)
    if not case.meta.is_negative_at(ParameterLocation.BODY) and isinstance(case.body, dict):
        fill_in(case)


def name_anew(case):
    """A key is for one request, and an ETag for what has not changed since: half of them hold."""
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if "If-Match" in case.headers:
        tag = case.headers["If-Match"].replace('"', "")
        case.headers["If-Match"] = "*" if takes_turns("If-Match") else f'"{tag}"'


def go_on(case):
    """A cursor is the server's own, and of the same list in the same order."""
    case.query = {name: value for name, value in case.query.items() if name != "after"}
    if cursor := cursors.get(list_of(case)):
        case.query["after"] = cursor


def fill_in(case):
    """A password is repeated, or known to the account; a token ends within a year."""
    if "password2" in case.body:
        case.body["password2"] = case.body["password"]
    if "current_password" in case.body:
        case.body["current_password"] = known.get(account_of(case), PASSWORD)
    if "expires_at" in case.body:
        case.body["expires_at"] = moments.wire(tokens.in_days(7))


@schemathesis.hook
def after_call(context, case, response):
    """Remember the cursors that lists give out, and the passwords that there are."""
    if not in_scenarios and (
        response.status_code == 401
        or case.method == "DELETE"
        or "logout" in case.path
        or "password" in str(case.body)
    ):
        forget_dead_tokens()
    if not 200 <= response.status_code < 300 or "preference-applied" in response.headers:
        return
    if isinstance(case.body, dict) and "password" in case.body:
        known[account_of(case)] = case.body["password"]
    if case.method == "GET" and response.headers.get("link"):
        path = response.json()["next"]
        (cursors[list_of(case)],) = parse_qs(urlsplit(path).query)["after"]


def account_of(case):
    """Return the key of the account that the path names, or else the body."""
    username = case.path_parameters.get("username") or case.body.get("username", OWNER)
    return names.key(str(username))


def list_of(case):
    return case.path, case.query.get("sort", "id")
