"""When a token was last used."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column, and an index for lists of tokens."""
    op.add_column("token", sa.Column("last_used_date", sa.DateTime(timezone=True)))
    op.create_index("ix_token_created", "token", ["account_id", "created_date", "id"])


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_token_created", "token")
    op.drop_column("token", "last_used_date")
