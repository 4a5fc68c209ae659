"""Migrates a database and kills itself on the way: dying_migration.py URL REVISION NUMBER WHERE.

NUMBER counts the statements, 0 is the commit; WHERE is before, inside or after it. Inside, SQLite
is in the middle of it, and PostgreSQL has got it while nobody waits for its answer any more.
"""

import os
import signal
import sys

from sqlalchemy import event

from todo_api import migrations
from todo_api.database import Database
from todo_api.watched import WatchedConnection


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def die_inside(driver):
    if isinstance(driver, WatchedConnection):

        def wait(gen, *_args, **_options):
            next(gen)
            die()

        driver.wait = wait
    else:
        driver.set_progress_handler(die, 1)


def statements(database):
    """Return a list that grows by each statement that `database` is about to execute."""
    seen = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    return seen


def main(url, revision, number, where):
    database = Database(url)
    seen = statements(database)

    def here(driver):
        if where == "before":
            die()
        elif where == "inside":
            die_inside(driver)

    @event.listens_for(database.engine, "before_cursor_execute")
    def before(_connection, cursor, *_):
        if len(seen) == number:
            here(cursor.connection)

    @event.listens_for(database.engine, "after_cursor_execute")
    def after(*_):
        if len(seen) == number:
            die()

    if number == 0:

        @event.listens_for(database.engine, "commit")
        def commit(connection):
            here(connection.connection.dbapi_connection)

    migrations.upgrade(database, to=revision)
    die()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
