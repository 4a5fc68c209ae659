"""Answers that are kept: the same as without, and never an old one."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, update
from werkzeug.test import Client

from todo_api.models import Account, Token
from todo_api.resources.envelope import Envelope
from todo_api.resources.kept import BESIDE, Kept
from todo_api.services import accounts, callers, tokens
from todo_api.values import moments

PATHS = ["", "/tasks", "/tasks/2", "/tasks/3/", "/tasks?limit=1", "/tasks?sort=-name&total=true"]
PATHS += ["/changes", "/changes?since=x", "/tasks?completed=true", "/tasks?q=milk", "/tasks?q=%"]
BATCH = [{"method": "POST", "body": {"name": "new"}}]
HEADERS = [
    {},
    {"Accept": "text/html", "Accept-Language": "de", "User-Agent": "another"},
    {"Origin": "https://a.example"},
    {"If-None-Match": '"none", W/"such"'},
    {"If-None-Match": "*"},
    {"If-Match": '"x"', "Prefer": "dry-run", "Range": "bytes=0-1", "Content-Type": "a/b"},
    {"Host": "", "X-Request-ID": "mine"},
    {"X-Request-ID": "mine", "Authorization": "Bearer wrong"},
]


@pytest.fixture
def plain(backend):
    return backend.with_settings(kept_answers=0)


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
def test_a_kept_answer_is_what_the_application_would_answer(backend, plain, alice, path):
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
def test_whoever_asks_again_costs_no_statement_but_the_question(backend, alice, asked, path):
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


def test_whoever_has_it_is_told_so_again_for_the_question_alone(backend, alice, asked):
    etag = alice.get(alice.tasks).headers["ETag"]
    alice.post(alice.tasks, json={"name": "more"})
    etag = alice("HEAD", alice.tasks).headers["ETag"]
    assert alice.get(alice.tasks, headers={"If-None-Match": etag}).status_code == 304
    asked()
    assert alice.get(alice.tasks, headers={"If-None-Match": etag}).status_code == 304
    assert len(asked()) == (0 if backend.database.is_sqlite else 1)
    assert len(alice.get(alice.tasks).json["tasks"]) == 3


def test_after_each_change_the_answer_is_the_new_one(backend, plain, alice):
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


def test_an_ended_token_ends_at_once(backend, plain, alice):
    assert alice.get(alice.tasks).status_code == 200
    assert plain.nobody.post(
        "/api/v1/accounts/logout", headers={"Authorization": f"Bearer {alice.token}"}
    ).status_code in (200, 204)
    assert alice.get(alice.tasks).status_code == 401


def test_a_token_that_has_expired_gets_nothing_any_more(backend, alice):
    assert alice.get(alice.tasks).status_code == 200
    with backend.database.transaction() as session:
        session.execute(update(Token).values(expires_date=moments.now() - timedelta(seconds=1)))
    assert alice.get(alice.tasks).status_code == 401


def test_each_is_kept_for_one_token_alone(backend, alice):
    bob, admin = backend.someone("bob"), backend.admin()
    assert alice.get(alice.tasks).status_code == 200
    for _ in range(2):
        assert bob.get(alice.tasks).status_code == 403
        assert backend.nobody.get(alice.tasks).status_code == 401
        assert admin.get(alice.path).json["username"] == "alice"
    alice.patch(alice.path, json={"pets": ["cat"]})
    assert admin.get(alice.path).json["pets"] == ["cat"]


def test_what_the_clock_decides_is_not_kept(alice, asked):
    path = f"{alice.tasks}?overdue=true"
    for _ in range(2):
        alice.get(path)
    asked()
    alice.get(path)
    assert len(asked()) > 1


def test_the_use_of_a_token_is_noted_all_the_same(backend, alice):
    alice.get(alice.tasks)
    long_ago = moments.now() - timedelta(hours=5)
    with backend.database.transaction() as session:
        session.execute(update(Token).values(last_used_date=long_ago))
    assert alice.get(alice.tasks).status_code == 200
    with backend.database.reading() as session:
        found = callers.recognise(session, alice.token)
        assert tokens.use_is_noted(found[1])


def test_a_new_era_is_another_state(backend, alice):
    first = alice.get(alice.tasks).headers["ETag"]
    with backend.database.transaction() as session:
        session.execute(update(Account).values(era="restored"))
    assert alice.get(alice.tasks).headers["ETag"] != first
    with backend.database.reading() as session:
        assert accounts.named(session, "alice").era == "restored"


def test_no_more_is_kept_than_there_is_room_for(backend, alice, asked):
    def statements(client, path):
        asked()
        answer = client.get(path, headers={"Authorization": f"Bearer {alice.token}"})
        assert answer.status_code == 200
        return len(asked())

    key = 4 * len(f"{alice.tasks}limit=30")
    size = BESIDE + key + len(alice.get(f"{alice.tasks}?limit=30").data)
    paths = [f"{alice.tasks}?limit={limit}" for limit in (10, 20, 30)]
    plain = backend.with_settings(kept_answers=0).app
    for room, kept in ((2 * size, [True, True, False]), (size - 1, [False, False, False])):
        inside = Kept(Flask.wsgi_app.__get__(plain), backend.database, room)
        client = Client(Envelope(inside, backend.settings))
        for path in paths:
            assert statements(client, path) > 1
        assert [statements(client, path) <= 1 for path in reversed(paths)] == kept
