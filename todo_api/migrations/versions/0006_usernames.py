"""Whose each username is, in a table of its own, which is found by the name on any shard."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table and fill it."""
    op.create_table(
        "username",
        sa.Column(
            "key",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_username"),
    )
    op.execute("INSERT INTO username (key, account_id) SELECT username_key, id FROM account")


def downgrade() -> None:
    """Drop the table; the accounts still have their names."""
    op.drop_table("username")
