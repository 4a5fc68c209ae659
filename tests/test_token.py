import hashlib
import statistics
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from nacl.pwhash import argon2id
from sqlalchemy import event, select
from support import PASSWORD, Someone

from todo_api.database import Database
from todo_api.models import Account, Task, Token
from todo_api.services import accounts, passwords, sample, tokens

LOGIN = "/api/v1/accounts/login"
LOGOUT = "/api/v1/accounts/logout"


@pytest.mark.parametrize("kind", ["json", "data"])
def test_a_login_gives_a_token_that_works(backend, nobody, kind):
    backend.register("alice")
    answer = nobody.post(LOGIN, **{kind: {"username": "ALICE", "password": PASSWORD}})
    assert answer.status_code == 200
    assert list(answer.json) == ["token", "token_type", "expires_at", "account"]
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["account"]["username"] == "alice"
    assert answer.headers["Cache-Control"] == "no-store"
    days = datetime.fromisoformat(answer.json["expires_at"]) - datetime.now().astimezone()
    assert timedelta(days=29, hours=23) < days < timedelta(days=30)
    alice = Someone(backend.app, answer.json["token"], "alice")
    assert alice.get(alice.path).status_code == 200


def test_a_wrong_name_and_a_wrong_password_get_one_answer(backend, nobody):
    backend.register("alice")
    wrong = [
        {"username": "alice", "password": "wrong-horse"},
        {"username": "nobody", "password": PASSWORD},
        {"username": "no such name\ud7ff" * 30, "password": PASSWORD},
    ]
    answers = [nobody.post(LOGIN, json=each) for each in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.data for answer in answers}) == 1
    assert answers[0].json["message"] == "Wrong username or password."
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_an_unknown_name_costs_the_time_of_a_wrong_password(backend):
    backend.register("alice")
    nobody = backend.with_settings(login_failures=1000).nobody

    def cost(username):
        start = time.perf_counter()
        answer = nobody.post(LOGIN, json={"username": username, "password": "wrong-horse"})
        assert answer.status_code == 401
        return time.perf_counter() - start

    cost("nobody")
    ratios = [cost("nobody") / cost("alice") for _ in range(15)]
    assert 0.6 < statistics.median(ratios) < 1.6


def test_a_password_is_stored_as_argon2id(backend):
    backend.register("alice")
    assert stored_hash(backend).startswith("$argon2id$v=19$m=7168,t=5,p=1$")


COMPOSED, DECOMPOSED = "gr\u00fcne-h\u00fctte", "gru\u0308ne-hu\u0308tte"


@pytest.mark.parametrize(
    ("chosen", "typed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), (COMPOSED, COMPOSED)]
)
def test_a_password_is_the_same_in_whatever_normal_form_it_is_typed(nobody, chosen, typed):
    sent = {"username": "alice", "password": chosen, "email": "a@example.com"}
    assert nobody.post("/api/v1/accounts", json=sent).status_code == 201
    login = {"username": "alice", "password": typed}
    assert nobody.post(LOGIN, json=login).status_code == 200
    assert nobody.post(LOGIN, json={**login, "password": typed + "x"}).status_code == 401


@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
def test_a_password_that_was_hashed_as_it_was_typed_still_works(backend, nobody, typed):
    backend.register("alice")
    with backend.database.transaction() as session:
        before = argon2id.str(DECOMPOSED.encode(), 2, 19 * 1024 * 1024).decode()
        accounts.named(session, "alice").password_hash = before
    login = {"username": "alice", "password": typed}
    assert nobody.post(LOGIN, json=login).status_code == 200


@pytest.fixture
def older(backend):
    """The hash of alice's password as version 1.0.0 made it."""
    backend.register("alice")
    older = argon2id.str(PASSWORD.encode(), 2, 19 * 1024 * 1024).decode()
    with backend.database.transaction() as session:
        accounts.named(session, "alice").password_hash = older
    return older


def stored_hash(backend):
    with backend.session() as session:
        return session.scalars(select(Account.password_hash)).one()


def test_a_login_renews_an_older_hash(backend, nobody, older):
    wrong = {"username": "alice", "password": "wrong-horse"}
    assert nobody.post(LOGIN, json=wrong).status_code == 401
    assert stored_hash(backend) == older
    for _ in range(2):
        assert nobody.post(LOGIN, json={**wrong, "password": PASSWORD}).status_code == 200
        assert stored_hash(backend).startswith("$argon2id$v=19$m=7168,t=5,p=1$")
    assert nobody.post(LOGIN, json=wrong).status_code == 401


def test_a_login_during_which_another_one_renews_the_hash_succeeds(
    backend, nobody, meanwhile, older
):
    sent = {"username": "alice", "password": PASSWORD}
    with meanwhile(nobody, "POST", LOGIN, json=sent) as (_, account, answers):
        account.password_hash = passwords.renewed(PASSWORD, older)
        newer = account.password_hash
    assert [answer.status_code for answer in answers] == [200]
    assert stored_hash(backend) == newer


def test_a_change_of_a_password_during_which_a_login_renews_its_hash_succeeds(
    backend, meanwhile, older
):
    alice = backend.someone()
    sent = {"password": "another-horse", "current_password": PASSWORD}
    with meanwhile(alice, "PUT", alice.path, json=sent) as (_, account, answers):
        account.password_hash = passwords.hashed(PASSWORD)
    assert [answer.status_code for answer in answers] == [200]
    assert passwords.matches("another-horse", stored_hash(backend))


def test_nobody_logs_in_to_a_sample_account(backend, nobody):
    with backend.database.transaction() as session:
        sample.load(session, "EUR")
    for password in ("", "user1", "None"):
        answer = nobody.post(LOGIN, json={"username": "user1", "password": password})
        assert answer.status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("scope", ["read", "write"])
def test_logging_out_ends_the_token_that_was_sent(backend, method, scope):
    here, there = backend.someone(scope=scope), backend.someone()
    answer = here(method, LOGOUT)
    assert (answer.status_code, answer.json) == (200, {"msg": "Logged out."})
    assert here.get(here.path).status_code == 401
    assert here(method, LOGOUT).status_code == 401
    assert there.get(there.path).status_code == 200


def test_head_does_not_log_out(alice):
    answer = alice("HEAD", LOGOUT)
    assert answer.status_code == 405
    assert "HEAD" not in answer.headers["Allow"]
    assert alice.get(alice.path).status_code == 200


@pytest.mark.parametrize("path", [LOGIN, LOGOUT])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_not_allowed(alice, path, method):
    assert alice(method, path).status_code == 405
    assert alice(method, f"{path}/").status_code == 405


def test_get_does_not_log_in(nobody):
    answer = nobody.get(LOGIN)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_only_the_digest_of_a_token_is_stored(backend, alice):
    with backend.session() as session:
        token = session.scalars(select(Token)).one()
    assert token.digest == hashlib.sha256(alice.token.encode()).digest()
    assert len(alice.token) == 44
    assert (token.name, token.scope, token.origin) == ("login", "write", "login")


def test_a_token_ends_when_it_expires_and_goes_at_the_next_login(backend):
    over = backend.someone(days=0)
    assert over.get(over.path).status_code == 401
    backend.someone()
    assert backend.count(Token) == 1


def test_expired_tokens_are_found_by_an_index(sqlite_database):
    plans = []
    with sqlite_database.transaction() as session:
        fields = {"username": "alice", "email": "a@example.com", "password_hash": ""}
        account = accounts.register(session, fields)

        def explain(place, _cursor, statement, values, *_):
            if statement.startswith("DELETE FROM token"):
                plans.extend(place.driver.execute(f"EXPLAIN QUERY PLAN {statement}", values))

        event.listen(sqlite_database.engine, "before_cursor_execute", explain)
        tokens.issue(session, account, expires=tokens.in_days(1))
    ((*_, plan),) = plans
    assert "ix_token_expires" in plan


def test_no_token_outlives_a_year(backend, alice):
    with backend.database.transaction() as session:
        account = session.scalars(select(Account)).one()
        token = tokens.issue(session, account, expires=tokens.in_days(4000))
        assert token.expires_date - token.created_date == timedelta(days=365)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YWxpY2U6eA==",
        "Token {token}",
        "Bearer {token}x",
        "Bearer {token} {token}",
        "Bearer {token},Bearer {token}",
        "Bearer " + "A" * 44,
        "Bearer é",
        "Bearer ____________________________________________",
    ],
)
def test_what_is_no_live_token_is_refused(alice, header):
    sent = {"Authorization": header.format(token=alice.token)}
    answer = alice.get(alice.path, headers=sent)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_scheme_is_read_in_any_case(alice):
    sent = {"Authorization": f"bEARER {alice.token}"}
    assert alice.get(alice.path, headers=sent).status_code == 200


def test_a_token_in_the_query_or_the_body_does_not_count(alice, nobody):
    for name in ("token", "access_token", "Authorization"):
        assert nobody.get(f"{alice.path}?{name}={alice.token}").status_code == 401
        assert nobody.post(alice.tasks, data={name: alice.token}).status_code == 401


def test_public_routes_ignore_the_header(nobody):
    assert nobody.get("/users", headers={"Authorization": "Bearer nonsense"}).status_code == 200


@pytest.fixture
def meanwhile(backend, database_url):
    """Start a request; while it waits for the account's row, change something and let it go on."""

    @contextmanager
    def started(client, method, path, **sent):
        answers = []
        sender = threading.Thread(target=lambda: answers.append(client(method, path, **sent)))
        database = Database(database_url)
        with database.transaction() as session:
            account = accounts.take(session, 1)
            sender.start()
            time.sleep(0.4)
            yield session, account, answers
        sender.join()
        database.close()

    return started


def test_a_token_that_dies_before_its_write_begins_writes_nothing(backend, alice, meanwhile):
    with meanwhile(alice, "POST", alice.tasks, json={"name": "late"}) as (
        session,
        account,
        answers,
    ):
        tokens.revoke_all(session, account)
    assert [answer.status_code for answer in answers] == [401]
    assert backend.count(Task) == 0


def test_an_account_that_goes_before_a_write_begins_leaves_a_dead_token(backend, alice, meanwhile):
    with meanwhile(alice, "POST", alice.tasks, json={"name": "late"}) as (
        session,
        account,
        answers,
    ):
        accounts.delete(session, account)
    assert [answer.status_code for answer in answers] == [401]


def test_a_login_with_a_password_that_changes_meanwhile_fails(backend, nobody, meanwhile):
    backend.register("alice")
    before = backend.count(Token)
    sent = {"username": "alice", "password": PASSWORD}
    with meanwhile(nobody, "POST", LOGIN, json=sent) as (_, account, answers):
        account.password_hash = "changed"
    assert [answer.status_code for answer in answers] == [401]
    assert backend.count(Token) == before


def test_a_login_to_an_account_that_goes_meanwhile_fails(backend, nobody, meanwhile):
    backend.register("alice")
    sent = {"username": "alice", "password": PASSWORD}
    with meanwhile(nobody, "POST", LOGIN, json=sent) as (session, account, answers):
        accounts.delete(session, account)
    (answer,) = answers
    assert (answer.status_code, answer.json["message"]) == (401, "Wrong username or password.")


def test_of_two_changes_of_a_password_at_once_the_second_fails(backend, meanwhile):
    alice = backend.register("alice")
    sent = {"password": "another-horse", "current_password": PASSWORD}
    with meanwhile(alice, "PUT", alice.path, json=sent) as (_, account, answers):
        account.password_hash = "changed"
    (answer,) = answers
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["current_password"])
