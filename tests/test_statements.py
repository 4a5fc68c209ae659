"""Statements that are put to the driver itself: the same as through SQLAlchemy, and as loud."""

from contextlib import ExitStack, suppress

import pytest
from sqlalchemy import bindparam, delete, event, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from todo_api.errors import Unavailable
from todo_api.models import Base, Task
from todo_api.question import Question
from todo_api.services import accounts
from todo_api.statements import Statement
from todo_api.values import moments

TASK = Base.metadata.tables["task"]
OWN = TASK.c.account_id == bindparam("owner")
ONE = (OWN, TASK.c.id == bindparam("task"))

ALL = Statement(select(*TASK.c).where(OWN).order_by(TASK.c.id))
FIRST = Statement(select(*TASK.c).where(OWN).order_by(TASK.c.id.desc()).limit(1))
ADD = Statement(insert(TASK))
ADD_BACK = Statement(insert(TASK).returning(TASK.c.id, TASK.c.creation_date))
RENAME = Statement(update(TASK).where(*ONE).values(name=bindparam("new"), due_on=bindparam("due")))
RENAME_BACK = Statement(update(TASK).where(*ONE).values(quantity=7).returning(*TASK.c))
DROP = Statement(delete(TASK).where(*ONE))


@pytest.fixture
def owner(alice):
    """The id of an account with three tasks, due at no time, on a day, and at a moment."""
    for due in (None, "2030-12-24", "2030-12-24T10:00:00.000007Z"):
        alice.task(name="Apples", due_date=due)
    return 1


def through_sqlalchemy(database):
    with database.reading() as session:
        return [tuple(row) for row in session.execute(select(*TASK.c).order_by(TASK.c.id))]


def test_what_is_found_is_what_sqlalchemy_finds(database, owner):
    rows = through_sqlalchemy(database)
    assert len(rows) == 3
    with database.reading() as session:
        assert ALL.all(session, {"owner": owner}) == rows
        assert FIRST.all(session, {"owner": owner}) == rows[-1:]
        assert FIRST.first(session, {"owner": owner}) == rows[-1]
        assert (ALL.all(session, {"owner": 7}), FIRST.first(session, {"owner": 7})) == ([], None)


def test_a_write_is_part_of_the_transaction_of_its_session(database, owner):
    *_, row = through_sqlalchemy(database)
    values = {**dict(zip(TASK.c.keys(), row, strict=True)), "id": 9}
    one = {"owner": owner, "task": 9}
    today = moments.now().date()
    with suppress(LookupError), database.transaction() as session:
        assert ADD.write(session, values) == 1
        raise LookupError
    assert len(through_sqlalchemy(database)) == 3
    with database.transaction() as session:
        assert ADD_BACK.all(session, values) == [(9, values["creation_date"])]
        assert RENAME.write(session, {**one, "new": "Pears", "due": today}) == 1
        task = session.get(Task, (owner, 9))
        assert (task.name, task.due_on) == ("Pears", today)
        assert RENAME_BACK.first(session, one)[TASK.c.keys().index("quantity")] == 7
        assert RENAME.write(session, {"owner": owner, "task": 8, "new": "", "due": None}) == 0
    assert [row[2] for row in through_sqlalchemy(database)] == ["Apples"] * 3 + ["Pears"]
    with database.transaction() as session:
        assert (DROP.write(session, one), DROP.write(session, one)) == (1, 0)
    assert len(through_sqlalchemy(database)) == 3


def test_a_session_that_reads_is_whole_once_an_object_is_asked_for(database, owner):
    with database.reading() as session:
        row = FIRST.first(session, {"owner": owner})
        assert not session.is_whole
        with database.transaction() as writing:
            accounts.take(writing, owner)
            DROP.write(writing, {"owner": owner, "task": row[1]})
        # It is the same transaction that goes on.
        assert session.get(Task, (owner, row[1])).id == row[1]
        assert session.is_whole
        assert isinstance(session, Session)
        assert FIRST.first(session, {"owner": owner}) == row
        with pytest.raises(AttributeError, match="nonsense"):
            _ = session.nonsense


@pytest.fixture
def heard(database):
    """What listeners of the engine are told, and of which dialect."""
    told = []
    with ExitStack() as listening:
        for name in ("before_cursor_execute", "after_cursor_execute"):

            def note(place, _cursor, text, *_, name=name):
                if text.startswith(("SELECT task", "INSERT")):
                    place.info[name] = place.dialect.name
                    told.append((name, text[:6]))

            event.listen(database.engine, name, note)
            listening.callback(event.remove, database.engine, name, note)

        def failed(context):
            told.append(type(context.original_exception).__name__)
            assert context.connection.info["before_cursor_execute"] == database.engine.dialect.name

        event.listen(database.engine, "handle_error", failed)
        listening.callback(event.remove, database.engine, "handle_error", failed)
        yield told


def test_who_listens_to_the_engine_hears_of_them(database, owner, heard):
    (row, *_) = through_sqlalchemy(database)
    heard.clear()
    question = Question(select(TASK.c.id).where(OWN, TASK.c.id == bindparam("task")))
    both = [("before_cursor_execute", "SELECT"), ("after_cursor_execute", "SELECT")]
    assert question.put(database, owner=owner, task=2) == (2,)
    assert heard == both
    with database.reading() as session:
        ALL.all(session, {"owner": owner})
    assert heard == both * 2
    heard.clear()
    with pytest.raises(IntegrityError), database.transaction() as session:
        ADD.write(session, dict(zip(TASK.c.keys(), row, strict=True)))
    unique = {"sqlite": "IntegrityError", "postgresql": "UniqueViolation"}
    assert heard == [("before_cursor_execute", "INSERT"), unique[database.engine.dialect.name]]


def test_a_connection_that_ended_is_for_nobody_else(postgres_databases):
    database = postgres_databases.open(postgres_databases.migrated())
    for work in (database.reading, database.transaction):
        ended = []

        def lose(work=work, ended=ended):
            with database.reading() as session, work() as losing:
                ended.append(losing.connection().connection.driver_connection)
                pid = ended[0].info.backend_pid
                session.connection().exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
                ALL.all(losing, {"owner": 1})

        with pytest.raises(Unavailable):
            lose()
        assert ended[0].closed
        with database.reading() as session:
            assert ALL.all(session, {"owner": 1}) == []
