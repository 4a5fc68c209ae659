"""The list at /users is bounded, rendered once for each state, and never an old one."""

import statistics
import time

import pytest
from sqlalchemy import event
from support import ON_ONE_DATABASE, PASSWORD, Backend

from todo_api.database import Database
from todo_api.models import Account
from todo_api.services import accounts
from todo_api.settings import Settings

TOO_MANY = {"pets": ["Must have at most 512 characters together."]}
FULL = ["x" * 64] * 8
"""As many characters as the pets of an account may have together."""


def list_accounts(backend, count, *, first=0, pets=()):
    with backend.database.transaction() as session:
        for number in range(first, first + count):
            fields = {"username": f"user{number:05}", "email": "a@example.com", "listed": True}
            accounts.register(session, {**fields, "pets": [*pets]})


def store_pets(backend, username, pets):
    """Store pets as an earlier version did, which had no bound for all of them together."""
    with backend.database.transaction() as session:
        accounts.named(session, username).pets = pets


def names(answer):
    return [user["username"] for user in answer.json]


@pytest.fixture
def elsewhere(backend):
    """The same backend in another process, which has a database object and a cache of its own."""
    database = Database(backend.settings.database_url, lock_timeout=5)
    other = Backend(backend.settings, database)
    yield other
    other.close()
    database.close()


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


def test_only_the_first_accounts_by_name_are_shown(backend):
    list_accounts(backend, 4)
    backend.someone("unlisted")
    few = backend.with_settings(users_shown=3).nobody
    assert names(few.get("/users")) == ["user00000", "user00001", "user00002"]
    assert len(backend.nobody.get("/users").json) == 4


def test_by_default_five_hundred_accounts_are_shown(backend):
    list_accounts(backend, 501)
    assert names(backend.nobody.get("/users")) == [f"user{number:05}" for number in range(500)]
    assert Settings().users_shown == 500


def test_a_copy_of_the_list_that_is_still_true_is_not_sent_again(backend, elsewhere):
    list_accounts(backend, 2, pets=["dog"])
    first = backend.nobody.get("/users")
    etag = first.headers["ETag"]
    for nobody in (backend.nobody, elsewhere.nobody):
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            answer = nobody.get("/users", headers={"If-None-Match": known})
            assert (answer.status_code, answer.data) == (304, b"")
            assert answer.headers["ETag"] == etag
        whole = nobody.get("/users", headers={"If-None-Match": '"other"'})
        assert (whole.status_code, whole.data) == (200, first.data)
        assert whole.headers["ETag"] == etag
        head = nobody("HEAD", "/users")
        assert (head.data, head.headers["ETag"]) == (b"", etag)
        assert head.headers["Content-Length"] == first.headers["Content-Length"]


def test_lists_that_differ_have_etags_that_differ(backend):
    etags = {backend.nobody.get("/users").headers["ETag"]}
    list_accounts(backend, 3)
    for shown in (1, 2, 3):
        limited = backend.with_settings(users_shown=shown).nobody
        etags.add(limited.get("/users").headers["ETag"])
    assert len(etags) == 4


def test_every_process_shows_each_change_at_once(backend, elsewhere):
    readers = [backend.nobody, elsewhere.nobody, backend.with_settings(users_shown=2).nobody]
    etags = set()

    def shows(*expected):
        for reader, most in zip(readers, (500, 500, 2), strict=True):
            for _ in range(2):
                answer = reader.get("/users")
                assert answer.json == [
                    {"username": name, "pets": pets} for name, pets in expected[:most]
                ]
        etags.add(answer.headers["ETag"])

    shows()
    anna, bert = backend.someone("Anna"), elsewhere.someone("bert")
    shows()
    bert.patch(bert.path, json={"listed": True})
    shows(("bert", []))
    anna.patch(anna.path, json={"listed": True, "pets": ["dog"]})
    shows(("Anna", ["dog"]), ("bert", []))
    bert.patch(bert.path, json={"pets": ["cat", "cat"]})
    shows(("Anna", ["dog"]), ("bert", ["cat", "cat"]))
    anna.task()
    shows(("Anna", ["dog"]), ("bert", ["cat", "cat"]))
    anna.patch(anna.path, json={"listed": False})
    shows(("bert", ["cat", "cat"]))
    anna.patch(anna.path, json={"listed": True})
    shows(("Anna", ["dog"]), ("bert", ["cat", "cat"]))
    backend.admin().put(anna.path, json={"pets": None})
    shows(("Anna", []), ("bert", ["cat", "cat"]))
    anna.delete(anna.path)
    shows(("bert", ["cat", "cat"]))
    again = backend.someone("Anna")
    again.patch(again.path, json={"listed": True})
    shows(("Anna", []), ("bert", ["cat", "cat"]))
    # The list stayed as it was three times: after a registration, a task and a deletion.
    assert len(etags) == 8


def test_a_repeat_reads_no_pets_and_a_change_reads_them_once(backend, asked):
    list_accounts(backend, 3, pets=["dog"])
    user = backend.someone("user00001")
    for _ in range(2):
        asked()
        backend.nobody.get("/users")
        assert sum("pets" in each for each in asked()) == 1
        for headers in ({}, {"If-None-Match": '"x"'}):
            backend.nobody.get("/users", headers=headers)
            assert not [each for each in asked() if "pets" in each]
        user.task()
        asked()
        backend.nobody.get("/users")
        assert not [each for each in asked() if "pets" in each]
        user.patch(user.path, json={"pets": ["cat", str(time.monotonic())]})


def test_a_process_that_is_to_keep_no_answers_renders_each_one(backend, asked):
    list_accounts(backend, 3, pets=["dog"])
    forgetful = backend.with_settings(response_cache_mib=0).nobody
    asked()
    first, again = (forgetful.get("/users") for _ in range(2))
    assert first.data == again.data
    assert sum("pets" in each for each in asked()) == 2


def seconds(ask, before=lambda: None, times=15):
    """Return the median of the processor's seconds that a request takes, without `before`."""
    took = []
    for _ in range(times):
        before()
        begun = time.process_time()
        ask()
        took.append(time.process_time() - begun)
    return statistics.median(took)


def test_a_repeat_costs_a_third_of_what_rendering_the_list_costs_at_most(backend):
    list_accounts(backend, 500, pets=FULL)

    def change():
        with backend.database.transaction() as session:
            user = accounts.named(session, "user00000")
            accounts.change(session, user, {"listed": not user.listed})

    rendered = seconds(lambda: backend.nobody.get("/users"), before=change)
    repeated = seconds(lambda: backend.nobody.get("/users"))
    known = {"If-None-Match": backend.nobody.get("/users").headers["ETag"]}
    not_modified = seconds(lambda: backend.nobody.get("/users", headers=known))
    assert max(repeated, not_modified) < rendered / 3, (repeated, not_modified, rendered)


def test_the_list_costs_no_more_where_many_accounts_are_beyond_its_end(backend):
    few = backend.with_settings(users_shown=100).nobody
    list_accounts(backend, 100, pets=FULL)
    size = len(few.get("/users").data)
    before = seconds(lambda: few.get("/users"))
    list_accounts(backend, 700, first=100, pets=FULL)
    assert len(few.get("/users").data) == size
    assert seconds(lambda: few.get("/users")) < 2 * before


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("pets", "fit"),
    [(FULL, True), ([*FULL, "x"], False), (["🐈" * 64] * 8, True), (["🐈" * 64] * 9, False)],
)
def test_pets_have_512_characters_together_at_most(backend, pets, fit):
    new = {"username": "carol", "email": "c@example.com", "password": PASSWORD, "pets": pets}
    answers = [backend.nobody.post("/api/v1/accounts", json=new)]
    alice = backend.someone("alice")
    answers += [alice(method, alice.path, json={"pets": pets}) for method in ("PUT", "PATCH")]
    answers.append(alice.patch(alice.path, data={"pets": pets}))
    if fit:
        assert [answer.status_code for answer in answers] == [201, 200, 200, 200]
        assert all(answer.json["pets"] == pets for answer in answers)
    else:
        assert [answer.status_code for answer in answers] == [422] * 4
        assert [answer.json["errors"] for answer in answers] == [TOO_MANY] * 4
        assert alice.get(alice.path).json["pets"] == []
        assert backend.count(Account) == 1


def test_an_account_keeps_the_pets_that_it_had_before_there_was_a_bound(backend):
    many = ["y" * 64] * 50
    alice = backend.someone("alice")
    store_pets(backend, "alice", many)
    for changes in ({"listed": True}, {"listed": False, "pets": many}):
        answer = alice.put(alice.path, json=changes)
        assert (answer.status_code, answer.json["pets"]) == (200, many)
    whole = alice.put(alice.path, json={**answer.json, "timezone": "Asia/Tokyo"})
    assert (whole.status_code, whole.json["timezone"]) == (200, "Asia/Tokyo")
    fewer = alice.put(alice.path, json={"pets": many[1:], "timezone": "UTC"})
    assert (fewer.status_code, fewer.json["errors"]) == (422, TOO_MANY)
    assert alice.get(alice.path).json == whole.json
    assert alice.put(alice.path, json={"pets": FULL}).json["pets"] == FULL
