"""Up to which revision an account's tombstones are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; no tombstone is gone yet."""
    column = sa.Column("forgotten_revision", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("account", column)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("account", "forgotten_revision")
