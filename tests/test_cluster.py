"""Two nodes on one PostgreSQL are one server: neither keeps anything to itself.

That events reach the streams of every node is in test_event; that one node migrates while others
wait, and that nodes and a primary may be killed, is among the drills, in `faults`.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import serving
from support import PASSWORD

ACCOUNTS = "/api/v1/accounts"
FEW = 3
LIMITS = {"LOGIN_FAILURES": FEW, "REGISTRATIONS_PER_HOUR": FEW, "MESSAGES_PER_HOUR": FEW}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def nodes(postgres_databases, tmp_path_factory):
    """Two servers, each of which is behind a proxy that tells from where a request comes."""
    url, folder = postgres_databases.migrated(), tmp_path_factory.mktemp("nodes")
    settings = {"DATABASE_URL": url, "WORKERS": 1, "TRUSTED_PROXIES": "127.0.0.1", **LIMITS}
    with serving(folder / "a", **settings) as one, serving(folder / "b", **settings) as other:
        yield one.url, other.url


class Person:
    """Somebody at an address of their own, who calls the nodes in turn."""

    def __init__(self, nodes):
        self.number = next(_numbers)
        self.turns = itertools.cycle(nodes)
        self.username = f"person-{self.number}"
        self.path = f"{ACCOUNTS}/{self.username}"
        self.client = httpx.Client(headers={"X-Forwarded-For": f"192.0.2.{self.number}"})

    def __call__(self, method, path, **options):
        """Send a request to the node whose turn it is."""
        return self.client.request(method, next(self.turns) + path, timeout=30, **options)

    def register(self, username):
        sent = {"username": username, "email": "p@example.com", "password": PASSWORD}
        return self("POST", ACCOUNTS, json=sent).status_code

    def login(self, password=PASSWORD):
        """Log in, and return the header that proves it."""
        sent = {"username": self.username, "password": password}
        answer = self("POST", f"{ACCOUNTS}/login", json=sent)
        if answer.status_code != 200:
            return answer.status_code
        return {"Authorization": f"Bearer {answer.json()['token']}"}


@pytest.fixture
def person(nodes):
    person = Person(nodes)
    assert person.register(person.username) == 201
    yield person
    person.client.close()


ENDINGS = {
    "logout": ("POST", f"{ACCOUNTS}/logout", None),
    "log out everywhere": ("DELETE", "{path}/tokens", None),
    "another password": (
        "PATCH",
        "{path}",
        {"password": "another-" + PASSWORD, "current_password": PASSWORD},
    ),
    "no account": ("DELETE", "{path}", None),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_token_that_one_node_has_ended_is_dead_on_the_other_at_once(person, ending):
    kept, lost = person.login(), person.login()
    method, path, sent = ENDINGS[ending]
    ends = lost if ending == "logout" else kept
    assert [person("GET", person.path, headers=lost).status_code for _ in "ab"] == [200, 200]
    done = person(method, path.format(path=person.path), headers=ends, json=sent)
    assert done.status_code in (200, 204)
    assert [person("GET", person.path, headers=lost).status_code for _ in "ab"] == [401, 401]


def test_wrong_passwords_count_on_both(person):
    wrong = [person.login("wrong-" + PASSWORD) for _ in range(FEW + 2)]
    assert wrong == [401] * FEW + [429] * 2
    assert [person.login() for _ in "ab"] == [429, 429]


def test_registrations_and_messages_of_an_address_count_on_both(person):
    # One of the registrations was its own.
    names = [f"{person.username}-{number}" for number in range(FEW + 1)]
    assert [person.register(name) for name in names] == [201] * (FEW - 1) + [429] * 2
    left = [person("POST", "/users", json={"data": "hi"}).status_code for _ in range(FEW + 2)]
    assert left == [201] * FEW + [429] * 2


def test_repeats_at_both_at_once_are_done_once(person):
    sent = {"headers": {**person.login(), "Idempotency-Key": "once"}, "json": {"name": "milk"}}
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(person, "POST", f"{person.path}/tasks", **sent) for _ in range(16)]
    bodies = {answer.result().content for answer in answers}
    assert {answer.result().status_code for answer in answers} == {201}
    assert len(bodies) == 1
    listed = person("GET", f"{person.path}/tasks?total=true", headers=sent["headers"]).json()
    assert listed["total"] == 1


def test_what_one_has_given_out_the_other_takes(person):
    """ETags, cursors and sync tokens."""
    headers, tasks = person.login(), f"{person.path}/tasks"
    for name in "abc":
        made = person("POST", tasks, headers=headers, json={"name": name})
    page = person("GET", f"{tasks}?limit=2", headers=headers)
    rest = person("GET", page.json()["next"], headers=headers).json()["tasks"]
    assert [task["name"] for task in rest] == ["c"]
    listed = person("GET", tasks, headers=headers)
    known = {**headers, "If-None-Match": listed.headers["ETag"]}
    assert [person("GET", tasks, headers=known).status_code for _ in "ab"] == [304, 304]
    path = urlsplit(made.headers["Location"]).path
    guarded = {**headers, "If-Match": made.headers["ETag"]}
    changes = [person("PATCH", path, headers=guarded, json={"name": name}) for name in "de"]
    assert [answer.status_code for answer in changes] == [200, 412]
    since = person("GET", f"{person.path}/changes", headers=headers).json()["next"]
    person("DELETE", path, headers=headers)
    news = person("GET", f"{person.path}/changes?since={since}", headers=headers).json()
    assert [change.get("deleted") for change in news["changes"]] == [True]
