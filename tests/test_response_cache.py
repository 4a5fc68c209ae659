"""Cached responses: the same as without the cache, and never an old one."""

import gc
import tracemalloc
from datetime import timedelta
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update
from support import nothing_recorded, send

from todo_api.models import Account, Token
from todo_api.resources.envelope import Envelope
from todo_api.resources.response_cache import LARGEST_SHARE, LONGEST_QUERY, ResponseCache
from todo_api.services import accounts, callers, tokens
from todo_api.values import moments

PATHS = ["", "/tasks", "/tasks/2", "/tasks/3/", "/tasks?limit=1", "/tasks?sort=-name&total=true"]
PATHS += ["/changes", "/changes?since=x", "/tasks?completed=true", "/tasks?q=milk", "/tasks?q=%"]
BATCH = [{"method": "POST", "body": {"name": "new"}}]
TOLERANCE = 4_096
"""Bytes of the versions of accounts that a cache knows, and of small dictionaries."""

HEADERS = [
    {},
    {"Accept": "text/html", "Accept-Language": "de", "User-Agent": "another"},
    {"Origin": "https://a.example"},
    {"Accept-Encoding": "gzip, br"},
    {"Accept-Encoding": "gzip;q=0"},
    {"If-None-Match": '"none", W/"such"'},
    {"If-None-Match": "*"},
    {"If-Match": '"x"', "Prefer": "dry-run", "Range": "bytes=0-1", "Content-Type": "a/b"},
    {"Host": "", "X-Request-ID": "mine"},
    {"X-Request-ID": "mine", "Authorization": "Bearer wrong"},
    {"X-Auth-Token": "wrong"},
]


@pytest.fixture
def plain(backend):
    return backend.with_settings(response_cache_mib=0)


@pytest.fixture
def alice(backend):
    alice = backend.someone("alice")
    assert alice.post(alice.tasks, json={"name": "milk"}).json["id"] == 2
    assert alice.post(alice.tasks, json={"name": "bread", "note": "é"}).json["id"] == 3
    return alice


@pytest.fixture
def asked(backend):
    """The statements that the database was asked since it was looked at last."""
    statements = []

    def note(_connection, _cursor, statement, *_):
        statements.append(statement)

    def since():
        told = [*statements]
        statements.clear()
        return told

    event.listen(backend.database.engine, "before_cursor_execute", note)
    yield since
    event.remove(backend.database.engine, "before_cursor_execute", note)


def told(answer):
    own = ("X-Request-ID",)
    return answer.status, sorted(p for p in answer.headers if p[0] not in own), answer.data


@pytest.mark.parametrize("path", PATHS)
def test_a_cached_response_is_what_the_application_would_answer(backend, plain, alice, path):
    etag = alice.get(f"{alice.path}{path}").headers.get("ETag", '"none"')
    for sent in (*HEADERS, {"If-None-Match": etag}, {"If-None-Match": f'"a", W/{etag}'}):
        headers = {"Authorization": f"Bearer {alice.token}", **sent}
        for method in ("GET", "HEAD", "OPTIONS"):
            expected = told(plain.nobody(method, f"{alice.path}{path}", headers=headers))
            for _ in range(3):
                answer = backend.nobody(method, f"{alice.path}{path}", headers=headers)
                assert told(answer) == expected, (method, sent)
                if sent.get("X-Request-ID") and "Host" not in sent:
                    assert answer.headers["X-Request-ID"] == "mine"


@pytest.mark.parametrize("path", ["", "/tasks", "/tasks/2", "/changes"])
def test_a_repeated_request_asks_only_for_the_version_of_the_account(backend, alice, asked, path):
    alice.get(f"{alice.path}{path}")
    asked()
    answer = alice.get(f"{alice.path}{path}")
    assert answer.status_code == 200
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert alice.get(f"{alice.path}{path}", headers=headers).status_code == 304
    questions = asked()
    # SQLite tells whether anybody has written since.
    assert len(questions) == (1 if backend.database.is_sqlite else 2)
    assert all(each.startswith("SELECT account.era, account.revision,") for each in questions)


def test_a_repeated_304_asks_only_for_the_version_of_the_account(backend, alice, asked):
    etag = alice.get(alice.tasks).headers["ETag"]
    alice.post(alice.tasks, json={"name": "more"})
    etag = alice("HEAD", alice.tasks).headers["ETag"]
    assert alice.get(alice.tasks, headers={"If-None-Match": etag}).status_code == 304
    asked()
    assert alice.get(alice.tasks, headers={"If-None-Match": etag}).status_code == 304
    assert len(asked()) == (0 if backend.database.is_sqlite else 1)
    assert len(alice.get(alice.tasks).json["tasks"]) == 3


def test_the_response_after_a_change_is_the_new_one(backend, plain, alice):
    """The changes come from another process."""
    other = plain.someone("alice")
    task = f"{alice.tasks}/2"
    shown = alice.get(alice.tasks).json
    for change in (
        lambda: other.post(alice.tasks, json={"name": "third"}),
        lambda: other.patch(task, json={"completed": True}),
        lambda: other.put(task, json={"name": "oat milk"}),
        lambda: other.delete(f"{alice.tasks}/3"),
        lambda: other.post(f"{alice.tasks}/3/restore"),
        lambda: other.post(f"{alice.tasks}/batch", json={"operations": BATCH}),
    ):
        for path in (alice.tasks, task):
            alice.get(path)
        assert change().status_code < 300
        assert alice.get(alice.tasks).json == other.get(alice.tasks).json != shown
        assert alice.get(task).json == other.get(task).json
        shown = alice.get(alice.tasks).json
    other.patch(alice.path, json={"timezone": "Europe/Berlin"})
    assert alice.get(alice.path).json["timezone"] == "Europe/Berlin"


def test_a_revoked_token_gets_no_cached_response(backend, plain, alice):
    assert alice.get(alice.tasks).status_code == 200
    assert plain.nobody.post(
        "/api/v1/accounts/logout", headers={"Authorization": f"Bearer {alice.token}"}
    ).status_code in (200, 204)
    assert alice.get(alice.tasks).status_code == 401


def test_an_expired_token_gets_no_cached_response(backend, alice):
    assert alice.get(alice.tasks).status_code == 200
    with backend.database.transaction() as session:
        session.execute(update(Token).values(expires_date=moments.now() - timedelta(seconds=1)))
    assert alice.get(alice.tasks).status_code == 401


def test_a_response_is_cached_for_one_token_alone(backend, alice):
    bob, admin = backend.someone("bob"), backend.admin()
    assert alice.get(alice.tasks).status_code == 200
    for _ in range(2):
        assert bob.get(alice.tasks).status_code == 403
        assert backend.nobody.get(alice.tasks).status_code == 401
        assert admin.get(alice.path).json["username"] == "alice"
    alice.patch(alice.path, json={"pets": ["cat"]})
    assert admin.get(alice.path).json["pets"] == ["cat"]


def test_a_response_that_depends_on_the_clock_is_not_cached(alice, asked):
    path = f"{alice.tasks}?overdue=true"
    for _ in range(2):
        alice.get(path)
    asked()
    alice.get(path)
    assert len(asked()) > 1


def test_a_cached_response_does_not_keep_the_use_of_a_token_from_being_noted(backend, alice):
    alice.get(alice.tasks)
    long_ago = moments.now() - timedelta(hours=5)
    with backend.database.transaction() as session:
        session.execute(update(Token).values(last_used_date=long_ago))
    assert alice.get(alice.tasks).status_code == 200
    with backend.database.reading() as session:
        found = callers.recognise(session, alice.token)
        assert tokens.use_is_noted(found[1])


def test_a_response_of_another_era_is_not_repeated(backend, alice):
    first = alice.get(alice.tasks).headers["ETag"]
    with backend.database.transaction() as session:
        session.execute(update(Account).values(era="restored"))
    assert alice.get(alice.tasks).headers["ETag"] != first
    with backend.database.reading() as session:
        assert accounts.named(session, "alice").era == "restored"


class Cached:
    """The application behind a cache of its own; requests come as a WSGI server sends them."""

    def __init__(self, backend, plain, room):
        self.cache = ResponseCache(Flask.wsgi_app.__get__(plain.app), backend.database, room)
        self.app = Envelope(self.cache, backend.settings)

    def get(self, target, token, **headers):
        """Return the status of the response."""
        headers["Authorization"] = f"Bearer {token}"
        return send(self.app, "GET", target, headers)

    def keeps(self, target, token):
        """Return whether the cache keeps the response to `target`, which is new to it."""
        before = self.cache.size
        assert self.get(target, token) == 200
        return self.cache.size > before


@pytest.fixture
def cached(backend, plain):
    """Make a cache that has some room."""
    return lambda room=2**20: Cached(backend, plain, room)


@pytest.mark.parametrize("path", ["", "/tasks/2", "/tasks", "/changes"])
@pytest.mark.parametrize("query", ["x=1", "x", "limit=1&x=1", "q", "overdue=true"])
def test_a_response_to_parameters_that_the_route_does_not_know_is_not_cached(
    cached, alice, path, query
):
    app = cached()
    app.get(f"{alice.path}{path}?{query}", alice.token)
    assert app.cache.size == 0
    assert app.keeps(f"{alice.path}{path}", alice.token)


def test_a_compressed_response_takes_the_room_of_what_is_sent(cached, alice):
    operations = [{"method": "POST", "body": {"name": "milk", "note": "of the cow"}}] * 50
    assert alice.post(f"{alice.tasks}/batch", json={"operations": operations}).status_code == 200
    plain, compressed = cached(), cached()
    assert plain.keeps(alice.tasks, alice.token)
    assert compressed.get(alice.tasks, alice.token, **{"Accept-Encoding": "gzip"}) == 200
    assert 0 < compressed.cache.size < plain.cache.size / 3


def test_a_response_to_a_very_long_query_is_not_cached(cached, alice):
    app = cached()
    longest = f"limit=3&q={'%65' * 200}".ljust(LONGEST_QUERY, "&")
    assert app.keeps(f"{alice.tasks}?{longest}", alice.token)
    assert not app.keeps(f"{alice.tasks}?{longest}&", alice.token)


def test_an_entry_takes_no_more_than_a_share_of_the_room(cached, alice):
    app = cached()
    assert app.keeps(alice.tasks, alice.token)
    enough = int(app.cache.size / LARGEST_SHARE)
    assert cached(enough).keeps(alice.tasks, alice.token)
    assert not cached(enough - 1).keeps(alice.tasks, alice.token)


def test_an_entry_that_became_too_large_is_dropped(cached, alice):
    app = cached(40_000)
    assert app.keeps(alice.tasks, alice.token)
    alice.post(alice.tasks, json={"name": "large", "note": "x" * 9_000})
    assert app.get(alice.tasks, alice.token) == 200
    assert app.cache.size == 0


def test_the_oldest_entries_make_room_for_new_ones(cached, alice, asked):
    def is_repeated(app, target):
        asked()
        assert app.get(target, alice.token) == 200
        return len(asked()) <= 1

    targets = [f"{alice.tasks}?limit={limit}" for limit in range(10, 40)]
    one = cached()
    assert one.keeps(targets[0], alice.token)
    ten = cached(10 * one.cache.size)
    assert not any(is_repeated(ten, target) for target in targets)
    newest = [is_repeated(ten, target) for target in targets[:14:-1]]
    assert newest == [True] * 10 + [False] * 5


SPELLINGS = st.builds(
    lambda letters, before, after: " " * before + "".join(letters) + " " * after,
    st.tuples(
        *[
            st.sampled_from([each, each.upper(), chr(ord(each) + 0xFEE0), f"{each}\u00ad"])
            for each in "alice"
        ]
    ),
    st.integers(0, 60),
    st.integers(0, 60),
)
"""The many ways to write one username."""

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40),
    st.integers(1, 5_000).map(lambda length: "x" * length),
)
QUERIES = st.one_of(
    st.just(""),
    st.integers(1, 200).map(lambda limit: f"?limit={limit}"),
    st.integers(1, 5_000).map(lambda length: "?" + "&" * length),
    TEXTS.map(lambda text: f"?q={quote(text)}"),
    TEXTS.map(lambda text: f"?{quote(text)}={quote(text)}"),
    st.sampled_from(["?sort=-name&total=true", "?completed=false", "?q=milk&sort=due_date"]),
)
TAILS = st.sampled_from(["", "/", "/tasks", "/tasks/", "/tasks/2", "/tasks/3/", "/changes"])
REQUEST = st.tuples(SPELLINGS, TAILS, QUERIES, st.integers(0, 2), st.booleans())


def freed_without(app):
    """Return how many bytes are freed when the cache, and what stands around it, goes."""
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    app.cache = app.app = None
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    return before - after


@settings(
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(REQUEST, min_size=1, max_size=20), st.integers(2_000, 300_000))
@example([("alice", "/tasks/2", f"?x={each:03000}", 0, False) for each in range(25)], 200_000)
@example([("alice", "/tasks", "?" + "&" * each, 0, False) for each in range(900, 925)], 200_000)
@example([(" " * each + "alice", "", "", 0, False) for each in range(25)], 200_000)
@example([("alice", "/tasks", f"?limit={each}", 0, True) for each in range(1, 26)], 200_000)
def test_the_cache_takes_as_much_memory_as_it_counts_and_has_room_for(
    backend, cached, alice, requests, room
):
    clients = [alice, backend.someone("alice"), backend.someone("alice")]
    if not alice.get(f"{alice.tasks}?q=large").json["tasks"]:
        for note in ("x" * 200, "é" * 3_000, "x" * 9_000):
            alice.post(alice.tasks, json={"name": "large", "note": note})
    etag = alice.get(alice.tasks).headers["ETag"]
    tracemalloc.start()
    try:
        with nothing_recorded():
            app = cached(room)
            for username, tail, query, number, has_etag in requests:
                sent = {"If-None-Match": etag} if has_etag else {}
                path = f"/api/v1/accounts/{username}{tail}"
                app.get(path + query, clients[number].token, **sent)
            counted = app.cache.size
            taken = freed_without(app) - freed_without(cached(room))
    finally:
        tracemalloc.stop()
    assert counted <= room
    assert taken <= counted + TOLERANCE
    assert counted <= 2 * taken + TOLERANCE
