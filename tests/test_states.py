"""At which version an account is: asked once until anybody writes, where the database can tell."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from messages import questions_to
from sqlalchemy import event, update

from todo_api.models import Account
from todo_api.services import states
from todo_api.services.states import States
from todo_api.values import moments, proofs

RAISE = update(Account).values(revision=Account.revision + 1)


@pytest.fixture
def alice(noted_alice):
    return noted_alice


@pytest.fixture
def known(database):
    return States(database)


@pytest.fixture
def questions(database):
    with questions_to(database, "account.era") as asked:
        yield asked


def proof(someone):
    return proofs.proof_of(someone.token)


def revision(state):
    return state and int(state.partition(".")[2])


def test_it_is_asked_once_until_anybody_writes(database, alice, known, questions):
    for number in range(3):
        questions.clear()
        assert [revision(known.of(proof(alice))) for _ in range(4)] == [1 + number] * 4
        assert len(questions) == (1 if database.is_sqlite else 4)
        with database.transaction() as session:
            session.execute(RAISE)


def test_what_is_written_while_it_is_asked_is_not_missed(database, alice, known):
    if not database.is_sqlite:
        assert database.witness is None
        return

    written = []

    def write(*_):
        if written:
            return
        written.append(True)
        with closing(sqlite3.connect(database.engine.url.database)) as other:
            other.execute("UPDATE account SET revision = revision + 1")
            other.commit()

    event.listen(database.engine, "after_cursor_execute", write)
    assert [revision(known.of(proof(alice))) for _ in range(3)] == [1, 2, 2]
    event.remove(database.engine, "after_cursor_execute", write)


@pytest.mark.parametrize("hours", [-1, 1, 24 * 31])
def test_a_token_has_none_once_it_has_ended_or_its_use_is_to_be_noted(
    alice, known, monkeypatch, hours
):
    assert known.of(proof(alice))
    then = moments.now() + timedelta(hours=hours)
    monkeypatch.setattr(moments, "now", lambda: then)
    assert known.of(proof(alice)) is None


def test_nobody_is_anybody_else(alice, bob, known):
    bob.get(bob.tasks)
    alice.post(alice.tasks, json={"name": "milk"})
    assert [revision(known.of(proof(who))) for who in (alice, bob, alice)] == [2, 1, 2]
    assert known.of((proof(alice)[0], proof(bob)[1])) is None


def test_no_more_are_known_than_there_is_room_for(backend, alice, known, questions, monkeypatch):
    monkeypatch.setattr(states, "MOST_KNOWN", 1)
    bob = backend.someone("bob")
    bob.get(bob.tasks)
    questions.clear()
    for who in (alice, bob, alice, bob):
        assert known.of(proof(who))
    assert len(questions) == (3 if backend.database.is_sqlite else 4)
