"""Indexes of tasks without tombstones, and one for each kind of due date.

Lists read over all tombstones, which may be many. `due_order` held when a bare date begins, so that
a new time zone had to rewrite every task. Programs of the generation before this one sort by it, so
that this begins a new one.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006.2"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

INDEXES = {
    "ix_task_id": (["id"], "deleted_date IS NULL"),
    "ix_task_name": (["name_key", "id"], "deleted_date IS NULL"),
    "ix_task_created": (["creation_date", "id"], "deleted_date IS NULL"),
    "ix_task_due_at": (["due_at", "id"], "deleted_date IS NULL AND due_at IS NOT NULL"),
    "ix_task_due_on": (["due_on", "id"], "deleted_date IS NULL AND due_on IS NOT NULL"),
    "ix_task_undated": (["id"], "deleted_date IS NULL AND due_at IS NULL AND due_on IS NULL"),
}
BEFORE = {
    "ix_task_name": ["name_key", "id"],
    "ix_task_created": ["creation_date", "id"],
    "ix_task_due": ["due_order", "id"],
}

task = sa.table(
    "task",
    sa.column("account_id", sa.BigInteger()),
    sa.column("id", sa.BigInteger()),
    sa.column("due_at", sa.DateTime(timezone=True)),
    sa.column("due_on", sa.Date()),
    sa.column("due_order", sa.BigInteger()),
)
account = sa.table("account", sa.column("id", sa.BigInteger()), sa.column("timezone", sa.String()))


def upgrade() -> None:
    """Replace the indexes, and drop the column that one of them was for."""
    for name in BEFORE:
        op.drop_index(name, "task")
    for name, (columns, rows) in INDEXES.items():
        where = sa.text(rows)
        owned = ["account_id", *columns]
        op.create_index(name, "task", owned, postgresql_where=where, sqlite_where=where)
    op.drop_column("task", "due_order")


def downgrade() -> None:
    """Work out `due_order` again, and bring the former indexes back."""
    op.add_column("task", sa.Column("due_order", sa.BigInteger()))
    _fill(op.get_bind())
    for name in INDEXES:
        op.drop_index(name, "task")
    for name, columns in BEFORE.items():
        op.create_index(name, "task", ["account_id", *columns])


def _fill(connection: sa.Connection) -> None:
    zones = dict(connection.execute(sa.select(account.c.id, account.c.timezone)).all())
    dated = sa.select(task).where(sa.or_(task.c.due_at.is_not(None), task.c.due_on.is_not(None)))
    orders = [
        {
            "owner": row.account_id,
            "number": row.id,
            "due_order": _order(row.due_at, row.due_on, zones[row.account_id]),
        }
        for row in connection.execute(dated)
    ]
    if orders:
        one = (task.c.account_id == sa.bindparam("owner"), task.c.id == sa.bindparam("number"))
        connection.execute(sa.update(task).where(*one), orders)


def _order(moment: datetime | None, day: datetime | None, zone: str) -> int:
    """Return twice the microseconds since 1970, and one more for a moment."""
    if day is not None:
        moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    assert moment
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return 2 * micros + (day is None)
