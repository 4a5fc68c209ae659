"""What is read to be shown: rows that say what objects say, by statements that are made once."""

from datetime import UTC, datetime
from types import NoneType
from typing import get_args, get_type_hints

import pytest
from sqlalchemy import event, select

from todo_api import models
from todo_api.models import Account, Base, Task, TaskRow
from todo_api.services import callers, prices, tasks
from todo_api.services.task_filter import Filter
from todo_api.values import moments

ROWS = {
    getattr(models, f"{model.__name__}Row"): model
    for model in Base.__subclasses__()
    if hasattr(models, f"{model.__name__}Row")
}


@pytest.mark.parametrize(("row", "model"), ROWS.items(), ids=lambda kind: kind.__name__)
def test_a_row_has_columns_of_its_table(row, model):
    columns = model.__table__.c
    hints = get_type_hints(row.__bases__[-1] if row.__bases__[-1] is not tuple else row)
    assert set(hints) == set(row._fields)
    assert hints.pop("era", str) is str, "Of what it is in, where that has the era."
    for name, hint in hints.items():
        kinds = set(get_args(hint) or [hint])
        assert (NoneType in kinds) == columns[name].nullable, name
        assert columns[name].type.python_type in kinds, name


@pytest.fixture
def alice(backend):
    """Somebody for whom no answer is kept."""
    return backend.with_settings(response_cache_mib=0).someone("alice")


@pytest.fixture
def statements(backend):
    """The statements that are sent, but for what looks at the schema once a second."""
    sent = []

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith(("BEGIN", "COMMIT")) and "alembic_version" not in statement:
            sent.append(" ".join(statement.split()))

    event.listen(backend.database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(backend.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("path", "count"),
    [("/tasks", 2), ("/tasks?total=true&q=a", 3), ("/tasks/2", 2), ("/tasks/total", 3)],
)
def test_who_calls_is_one_question_and_what_is_asked_another(alice, statements, path, count):
    alice.task(name="Apples")
    alice.get(f"{alice.path}/tasks")  # Which notes that the token is used.
    statements.clear()
    assert alice.get(alice.path + path).status_code == 200
    assert len(statements) == count
    assert "FROM account JOIN token" in statements[0]


def test_what_is_not_modified_is_not_read(alice, statements):
    alice.task(name="Apples")
    etag = alice.get(f"{alice.path}/tasks").headers["ETag"]
    statements.clear()
    assert alice.get(f"{alice.path}/tasks", headers={"If-None-Match": etag}).status_code == 304
    assert len(statements) == 1


def test_a_price_is_one_question(admin, nobody, statements):
    assert nobody.get("/itemprice?itemname=apples").json == {"name": "apples", "price": 0}
    admin.post("/api/v1/prices", json={"name": "Apples", "price": 1.35})
    statements.clear()
    assert nobody.get("/itemprice?itemname=APPLES").json == {"name": "APPLES", "price": 1.35}
    assert len(statements) == 1


def whose(database, alice):
    with database.reading() as session:
        return session.scalars(select(Account).where(Account.username == alice.username)).one()


def test_the_statement_of_a_list_is_made_once_for_all_values(database, alice):
    account = whose(database, alice)

    def query(**wanted):
        plan = tasks.listing(account, Filter(**wanted), sort="name", limit=5, after=None)
        return plan.query

    day, moment = moments.parse("2030-12-24"), moments.parse("2030-12-24T10:00:00Z")
    assert query() is query()
    assert query(completed=True) is query(completed=True) is not query(completed=False)
    assert query(q="a") is query(q="b") is not query()
    assert query(due_before=day) is query(due_before=moment) is not query(due_after=moment)
    assert query(overdue=True) is query(overdue=True) is not query(overdue=False)


def test_a_row_says_what_the_object_says(database, alice, admin):
    admin.post("/api/v1/prices", json={"name": "apples", "price": 1.35, "currency": "EUR"})
    for due in (None, "2030-12-24", "2030-12-24T10:00:00.000007Z"):
        path = alice.task(name="Apples", item="apples", due_date=due).headers["Location"]
        alice.patch(path, json={"completed": True})
    account = whose(database, alice)
    with database.reading() as session:
        for task in session.scalars(select(Task)):
            row = tasks.see(session, account, task.id)
            assert row.era == account.era
            shown = [*TaskRow._fields, "due_date", "completed", "paid"]
            shown.remove("era")
            assert [getattr(row, name) for name in shown] == [getattr(task, name) for name in shown]
            assert row.completed_date.tzinfo is row.creation_date.tzinfo is UTC
        found, token = callers.recognise(session, alice.token)
        assert (found.version, found.list_version) == (account.version, account.list_version)
        assert token.account_id == account.id
        both = prices.see_list(session), prices.price_list(session)
        assert len({(each.version, each.version_at(7)) for each in both}) == 1


def test_a_moment_is_stored_as_ever(database, alice):
    """The text on SQLite, by which it is sorted, has always all six digits."""
    alice.task(name="Apples", due_date="2030-12-24T10:00:00Z")
    with database.reading() as session:
        if database.is_sqlite:
            stored = session.connection().exec_driver_sql("SELECT due_at FROM task").scalar()
            assert stored == "2030-12-24 10:00:00.000000"
        assert session.scalars(select(Task.due_at)).one() == datetime(2030, 12, 24, 10, tzinfo=UTC)
