"""A part of a larger transaction goes by what the part before it has found, held and left."""

from contextlib import nullcontext, suppress
from datetime import timedelta

import pytest
from sqlalchemy import event, update

from todo_api.models import Account
from todo_api.services import callers, tasks
from todo_api.values import moments


@pytest.fixture
def questions(database):
    """How often it was asked whose a token is."""
    asked = []

    def note(_connection, _cursor, statement, *_):
        if "FROM account JOIN token" in statement:
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def create(database, someone, name="Apples", error=None, **options):
    """Create a task in a transaction of its own, and fail with `error`; return its revision."""
    with database.transaction(**options) as session:
        account, _ = callers.hold(session, someone.token)
        task = tasks.create(session, account, {"name": name})
        if error:
            raise error
    return task.revision


def created(someone):
    return [(task["id"], task["name"]) for task in someone.get(someone.tasks).json["tasks"]]


def test_who_writes_again_is_known(database, alice, questions):
    with database.together():
        made = [create(database, alice, name) for name in "abc"]
        assert len(questions) == 1
    assert made == [2, 3, 4]
    assert created(alice) == [(2, "a"), (3, "b"), (4, "c")]


@pytest.mark.parametrize("options", [{"error": LookupError()}, {"dry": True}])
def test_after_one_that_fails_it_is_asked_anew(database, alice, questions, options):
    with database.together():
        create(database, alice, "a")
        with suppress(LookupError):
            create(database, alice, "b", **options)
        assert len(questions) == 1
        assert create(database, alice, "c") == 3
        assert len(questions) == 2
    assert created(alice) == [(2, "a"), (3, "c")]


def test_so_it_is_for_another_token(database, backend, alice, questions):
    other = backend.someone("alice")
    questions.clear()
    with database.together():
        made = [create(database, who) for who in (alice, other, alice)]
        assert len(questions) == 3
    assert made == [2, 3, 4]


def test_and_for_one_that_has_ended_meanwhile(database, alice, monkeypatch):
    with database.together():
        create(database, alice)
        after = moments.now() + timedelta(days=31)
        with monkeypatch.context() as later, database.transaction() as session:
            later.setattr(moments, "now", lambda: after)
            assert callers.hold(session, alice.token) is None
    assert len(created(alice)) == 1


def test_nobody_goes_by_what_others_can_have_changed(database, alice, questions):
    for together in (False, True):
        questions.clear()
        with database.together() if together else nullcontext():
            create(database, alice)
        with database.transaction() as session:
            session.execute(update(Account).values(revision=Account.revision + 10))
        create(database, alice)
        assert len(questions) == 2
    assert [each for each, _ in created(alice)] == [2, 13, 14, 25]
