"""A part of a larger transaction goes by what the part before it has found, held and left."""

from contextlib import nullcontext, suppress
from datetime import timedelta

import pytest
from messages import let_commits_fail, questions_to, spoil
from sqlalchemy import delete, update

from todo_api.database import Database
from todo_api.models import Account, Token
from todo_api.services import callers, tasks
from todo_api.values import moments


@pytest.fixture(scope="module", params=["sqlite"])
def databases(request):
    """PostgreSQL has no batches."""
    return request.getfixturevalue("sqlite_databases")


@pytest.fixture
def alice(noted_alice):
    return noted_alice


@pytest.fixture
def questions(database):
    """How often it was asked whose a token is."""
    with questions_to(database, "FROM account JOIN token") as asked:
        yield asked


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
    with database.batch():
        made = [create(database, alice, name) for name in "abc"]
        assert len(questions) == 1
    assert made == [2, 3, 4]
    assert created(alice) == [(2, "a"), (3, "b"), (4, "c")]


@pytest.mark.parametrize("options", [{"error": LookupError()}, {"dry": True}])
def test_after_one_that_fails_it_is_asked_anew(database, alice, questions, options):
    with database.batch():
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
    with database.batch():
        made = [create(database, who) for who in (alice, other, alice)]
        assert len(questions) == 3
    assert made == [2, 3, 4]


def test_and_for_one_that_has_ended_meanwhile(database, alice, monkeypatch):
    with database.batch():
        create(database, alice)
        after = moments.now() + timedelta(days=31)
        with monkeypatch.context() as later, database.transaction() as session:
            later.setattr(moments, "now", lambda: after)
            assert callers.hold(session, alice.token) is None
    assert len(created(alice)) == 1


def test_nobody_goes_by_what_others_can_have_changed(database, alice, questions):
    for in_a_batch in (False, True):
        questions.clear()
        with database.batch() if in_a_batch else nullcontext():
            create(database, alice)
        with database.transaction() as session:
            session.execute(update(Account).values(revision=Account.revision + 10))
        create(database, alice)
        assert len(questions) == 2
    assert [each for each, _ in created(alice)] == [2, 13, 14, 25]


def test_who_writes_next_is_known_on_sqlite_as_long_as_nobody_else_has_written(
    database, alice, questions
):
    made = []
    for name in "abc":
        with database.batch():
            made.append(create(database, alice, name))
    assert made == [2, 3, 4]
    assert len(questions) == 1
    assert created(alice) == [(2, "a"), (3, "b"), (4, "c")]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_and_no_longer(database, database_url, alice, questions, elsewhere):
    writer = Database(database_url) if elsewhere else database
    for change, found in (
        (update(Account).values(revision=Account.revision + 10), True),
        (delete(Token), False),
    ):
        with database.batch():
            create(database, alice)
        questions.clear()
        with writer.transaction() as session:
            session.execute(change)
        with database.batch(), database.transaction() as session:
            assert (callers.hold(session, alice.token) is not None) == found
        assert len(questions) == 1
    if elsewhere:
        writer.close()


def test_what_was_left_by_one_that_failed_or_was_not_committed_is_known_to_nobody(
    database, alice, questions
):
    let_commits_fail(database)
    with database.batch():
        create(database, alice)
        create(database, alice, dry=True)
    with suppress(Exception), database.batch():
        create(database, alice)
        with database.transaction() as session:
            callers.hold(session, alice.token)
            spoil(session)
    questions.clear()
    with database.batch():
        assert create(database, alice) == 3
    assert len(questions) == 1


def test_one_whose_use_is_not_noted_is_asked_for_until_it_is(database, backend, questions):
    someone = backend.someone("someone")
    questions.clear()
    with database.batch():
        create(database, someone)
        create(database, someone)
    assert len(questions) == 2
