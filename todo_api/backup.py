"""Backups: all rows of a database, of either kind, in one SQLite file.

So a backup of one kind can be brought back into the other, which is also how to move.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from todo_api import migrations
from todo_api.database import Database
from todo_api.errors import CannotStart, Unavailable
from todo_api.models import Account, Base, ItemPrice, Message, PriceList
from todo_api.models.base import new_era
from todo_api.services import prices

_AT_ONCE = 1_000


def make(database: Database, file: Path) -> int:
    """Write all that is stored to `file`, which must not be there yet; return how many rows it is.

    The copy has eras of its own, so that it may also be served as it is. It is one state of the
    database; writers go on meanwhile. The file appears when it is whole. Raises CannotStart when
    the schema is not this program's, or the file cannot be made.
    """
    if file.exists():
        raise CannotStart(f"There is a file {file} already.")
    if migrations.stored(database) != migrations.newest():
        raise CannotStart("The database has another schema: use the todo_api that serves it.")
    try:
        with TemporaryDirectory(prefix=".todo-api-backup-", dir=file.resolve().parent) as folder:
            unfinished = Path(folder) / "backup"
            unfinished.touch(mode=0o600)
            copy = Database(f"sqlite:///{unfinished}")
            try:
                migrations.upgrade(copy)
                with database.reading() as source, copy.transaction() as target:
                    rows = _copy(source, target)
            finally:
                copy.close()
            unfinished.rename(file)
    except OSError as error:
        raise CannotStart(f"The backup cannot be written: {error.strerror}.") from None
    return rows


def bring_back(file: Path, database: Database) -> int:
    """Store all that a backup holds in an empty, migrated database; return how many rows it is.

    Accounts and the price list begin a new era. Raises CannotStart, and changes nothing, when the
    database is not empty or the file is no backup of this version or an older one.
    """
    with TemporaryDirectory(prefix="todo-api-restore-") as folder:
        # An older backup is brought up to date first, and the file itself stays what it is.
        copy = Database(f"sqlite:///{shutil.copy(file, Path(folder) / 'backup')}")
        try:
            if migrations.stored(copy) is None:
                raise CannotStart(f"{file} is no backup.")
            migrations.upgrade(copy)
            for each in (copy, database):
                if migrations.stored(each) != migrations.newest():
                    raise CannotStart("There is a newer schema: use the todo_api that it is from.")
            with copy.reading() as source, database.transaction() as target:
                _must_be_empty(target)
                return _copy(source, target)
        except (sqlite3.Error, DBAPIError, Unavailable) as error:
            raise CannotStart(f"Nothing was restored: {error.__cause__ or error}") from None
        finally:
            copy.close()


def renew_eras(database: Database) -> int:
    """Begin a new era for every account and for the price list; return how many these are.

    So no ETag and no sync token from before is true any more, though revisions are counted again.
    """
    renewed = 0
    with database.transaction(long=True) as session:
        for table in (Base.metadata.tables[each.__tablename__] for each in (Account, PriceList)):
            (key,) = table.primary_key.columns
            ids = session.scalars(select(key)).all()
            for start in range(0, len(ids), _AT_ONCE):
                some = [{"row": each, "new": new_era()} for each in ids[start : start + _AT_ONCE]]
                statement = update(table).where(key == bindparam("row"))
                session.connection().execute(statement.values(era=bindparam("new")), some)
            renewed += len(ids)
    return renewed


def _must_be_empty(target: Session) -> None:
    prices.take_list(target)
    for each in (Account, ItemPrice, Message):
        if target.scalar(select(func.count()).select_from(each)):
            raise CannotStart("The database is not empty: nothing was restored.")


def _copy(source: Session, target: Session) -> int:
    """Copy all rows, each with an era under a new one; return their number.

    The tables that they go to hold none but the price list's own.
    """
    target.execute(delete(PriceList))
    rows = 0
    for table in Base.metadata.sorted_tables:
        for some in _pieces(source, table):
            for row in some:
                if "era" in row:
                    row["era"] = new_era()
            target.execute(insert(table), some)
            rows += len(some)
        _count_on(target, table)
    return rows


def _pieces(source: Session, table: Table) -> Iterator[list[dict[str, Any]]]:
    result = source.execute(select(table).execution_options(yield_per=_AT_ONCE))
    for some in result.mappings().partitions():
        yield [dict(row) for row in some]


def _count_on(target: Session, table: Table) -> None:
    """Let PostgreSQL count on after the highest id, as SQLite does by itself."""
    if target.get_bind().dialect.name != "postgresql" or "id" not in table.c:
        return
    names = {"table": table.name}
    sequence = target.scalar(text("SELECT pg_get_serial_sequence(:table, 'id')"), names)
    highest = target.scalar(select(func.max(table.c.id)))
    if sequence and highest:
        target.execute(text("SELECT setval(:sequence, :id)"), {"sequence": sequence, "id": highest})
