"""Messages, written into a database and read from it, where a test is about transactions alone."""

from contextlib import contextmanager

from sqlalchemy import event, text


def write(session, name):
    session.execute(
        text("INSERT INTO message (text, created_date) VALUES (:name, '2026-11-21')"),
        {"name": name},
    )


def stored(database):
    with database.reading() as session:
        return session.scalars(text("SELECT text FROM message ORDER BY text")).all()


def do(database, name, error=None, **options):
    """Write a message in a transaction of its own, and fail with `error`, if there is one."""
    with database.transaction(**options) as session:
        write(session, name)
        if error:
            raise error


def let_commits_fail(database):
    """Make a table `half` into which whoever writes spoils the commit."""
    with database.transaction() as session:
        session.execute(text("CREATE TABLE whole (id INTEGER PRIMARY KEY)"))
        deferred = "whole INTEGER REFERENCES whole (id) DEFERRABLE INITIALLY DEFERRED"
        session.execute(text(f"CREATE TABLE half ({deferred})"))


def spoil(session):
    """Let the commit fail."""
    session.execute(text("INSERT INTO half VALUES (1)"))


_ENDS = """
CREATE FUNCTION end_all() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON message DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.text = 'ends') EXECUTE FUNCTION end_all()
"""


def let_connections_end(database):
    """Let PostgreSQL end the connection during the commit of whoever writes `ends`."""
    with database.transaction() as session:
        session.connection().exec_driver_sql(_ENDS)


@contextmanager
def questions_to(database, about):
    """Hand out the list of statements that the database is told and in which `about` stands."""
    asked = []

    def note(_connection, _cursor, statement, *_):
        if about in statement:
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)
