"""An index to find an account's tokens by that have expired, however many have not."""

from alembic import op

revision = "0006.1"
down_revision = "0006"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_token_expires", "token", ["account_id", "expires_date"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_token_expires", "token")
