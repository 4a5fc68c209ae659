"""Up to which revision an account's tombstones are gone, and an index to find the old ones by."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column, since no tombstone is gone yet, and the index."""
    column = sa.Column("forgotten_revision", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("account", column)
    op.create_index(
        "ix_task_deleted",
        "task",
        ["account_id", "deleted_date"],
        postgresql_where=sa.text("deleted_date IS NOT NULL"),
        sqlite_where=sa.text("deleted_date IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_task_deleted", "task")
    op.drop_column("account", "forgotten_revision")
