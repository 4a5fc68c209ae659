"""What the tests share: a backend on a fresh database, a client that speaks to it in process."""

import logging
import sys
from collections import deque
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO

import pytest
from flask import Flask, request
from sqlalchemy import update
from werkzeug.wsgi import ClosingIterator

from todo_api import openapi
from todo_api.app import create_app
from todo_api.database import Database
from todo_api.errors import Code
from todo_api.models import Token
from todo_api.services import accounts, prices, tokens
from todo_api.services.feed import Feed
from todo_api.settings import Settings
from todo_api.urls import ROUTES

PASSWORD = "correct-horse-battery"

ON_ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For what is refused before any value of it reaches the database, whichever that is."""


WITHOUT_CODE = (
    {"status": 404, "message": "Invalid endpoint"},
    {"status": 400, "message": "Invalid number as addend"},
)
"""The bodies that a source has fixed to two keys."""


def code_must_be_declared(error):
    """Hold the body of an error against the codes that `errors.Code` declares."""
    if error in WITHOUT_CODE:
        return
    declared = {code.value for code in Code if code.status == error["status"]}
    assert error.get("code") in declared, error


@dataclass
class Client:
    """Sends requests to the application itself, with `token` if there is one."""

    app: Flask
    token: str | None = None

    def __call__(self, method, path, *, headers=(), **body):
        sent = dict(headers)
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        answer = self.app.test_client().open(path, method=method, headers=sent, **body)
        if answer.status_code >= 400 and method != "HEAD":
            code_must_be_declared(answer.json)
        return answer

    def get(self, path, **options):
        return self("GET", path, **options)

    def post(self, path, **options):
        return self("POST", path, **options)

    def put(self, path, **options):
        return self("PUT", path, **options)

    def patch(self, path, **options):
        return self("PATCH", path, **options)

    def delete(self, path, **options):
        return self("DELETE", path, **options)


@dataclass
class Someone(Client):
    """A client that is logged in."""

    username: str = ""

    @property
    def path(self):
        return f"/api/v1/accounts/{self.username}"

    @property
    def tasks(self):
        return f"{self.path}/tasks"

    def task(self, **fields):
        answer = self.post(self.tasks, json={"name": "a task", **fields})
        assert answer.status_code == 201, answer.json
        return answer


UNDOCUMENTED = []
"""What tests have seen that the OpenAPI document does not tell: verb, path and status."""


def _note_if_undocumented(response):
    """Note it, but for what is no operation: a method in lower case, a path with two slashes."""
    sent = request.environ["REQUEST_METHOD"]
    if sent != request.method or request.environ["PATH_INFO"].startswith("//"):
        return response
    verb = {"HEAD": "get"}.get(sent, sent.lower())
    (route,) = [route for route in ROUTES if route.path == request.endpoint] or [None]
    if route and verb in route.names:
        documented = openapi.statuses(route.resource, verb, route.path)
        if response.status_code not in documented:
            UNDOCUMENTED.append((verb, route.path, response.status_code))
    return response


@dataclass
class Backend:
    """An application and its database."""

    settings: Settings
    database: Database
    app: Flask = field(init=False)
    feed: Feed = field(init=False)
    others: list = field(default_factory=list)

    def __post_init__(self):
        self.app = create_app(self.settings, self.database)
        self.app.after_request(_note_if_undocumented)
        self.nobody = Client(self.app)
        self.feed = self.app.extensions["todo_api"].feed

    def with_settings(self, **changes):
        other = Backend(replace(self.settings, **changes), self.database)
        self.others.append(other)
        return other

    def close(self):
        for each in (self, *self.others):
            each.feed.stop()

    def someone(self, username="alice", *, is_admin=False, scope="write", origin="login", days=30):
        """Store an account, if there is none of that name, and log it in without a password."""
        with self.database.transaction() as session:
            account = accounts.find(session, username)
            if account is None:
                account = accounts.register(
                    session,
                    {
                        "username": username,
                        "email": f"{username}@example.com",
                        "is_admin": is_admin,
                    },
                )
            expires = tokens.in_days(days)
            token = tokens.issue(session, account, expires=expires, scope=scope, origin=origin)
        return Someone(self.app, token.secret, username)

    def token_of_id(self, token_id, username):
        """Give somebody one more token, whose id is not random."""
        with self.database.transaction() as session:
            account = accounts.named(session, username)
            token = tokens.issue(session, account, expires=tokens.in_days(1))
            session.execute(update(Token).where(Token.id == token.id).values(id=token_id))

    def admin(self):
        return self.someone("boss", is_admin=True)

    def register(self, username="alice", password=PASSWORD):
        """Register over HTTP, with a password, and log in."""
        sent = {"username": username, "email": f"{username}@example.com", "password": password}
        answer = self.nobody.post("/api/v1/accounts", json=sent)
        assert answer.status_code == 201, answer.json
        return self.login(username, password)

    def login(self, username="alice", password=PASSWORD):
        sent = {"username": username, "password": password}
        answer = self.nobody.post("/api/v1/accounts/login", json=sent)
        assert answer.status_code == 200, answer.json
        return Someone(self.app, answer.json["token"], username)

    def price(self, name, price, currency="EUR", unit=None):
        """Store a price in ten-thousandths."""
        fields = {"name": name, "price": price, "currency": currency, "unit": unit}
        with self.database.transaction() as session:
            prices.create(session, prices.take_list(session), fields)

    @contextmanager
    def session(self):
        with self.database.reading() as session:
            yield session

    def count(self, model):
        with self.session() as session:
            return session.query(model).count()


@contextmanager
def nothing_recorded():
    """Let the access log make its lines, and drop them: pytest would record all of them."""
    log = logging.getLogger("todo_api.access")
    level = log.level
    log.setLevel(logging.INFO)
    log.addFilter(drop)
    yield
    log.removeFilter(drop)
    log.setLevel(level)


def drop(_record):
    return False


def send(app, method, target, headers, body=b""):
    """Send a request as a WSGI server would, and return the status.

    Werkzeug's own client caches what it is given, which would count where memory is measured.
    """
    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    statuses = []
    answer = app(environ, lambda status, *_: statuses.append(int(status[:3])))
    with closing(ClosingIterator(answer)) as pieces:
        deque(pieces, maxlen=0)
    return statuses[0]
