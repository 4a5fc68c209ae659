"""The first tables.

A migration is history: it spells out its types and imports nothing of the package, which goes on
changing.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Moment = sa.DateTime(timezone=True)
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables, and the price list's one row with an era of its own."""
    op.create_table(
        "account",
        sa.Column("id", BigId, nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("username_key", Key, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("date_joined", Moment, nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("pets", sa.JSON(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("era", sa.String(16), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("username_key", name="uq_account_username_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_account_listed",
        "account",
        ["username_key"],
        postgresql_where=sa.text("listed"),
        sqlite_where=sa.text("listed"),
    )
    op.create_table(
        "token",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("scope", sa.String(8), nullable=False),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("created_date", Moment, nullable=False),
        sa.Column("expires_date", Moment, nullable=False),
        sa.CheckConstraint("scope IN ('read', 'write')", name="ck_token_scope"),
        sa.CheckConstraint("origin IN ('login', 'made')", name="ck_token_origin"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_token_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_token"),
        sa.UniqueConstraint("account_id", "digest", name="uq_token_account_id_digest"),
    )
    op.create_table(
        "task",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("name_key", Key, nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("creation_date", Moment, nullable=False),
        sa.Column("due_at", Moment),
        sa.Column("due_on", sa.Date()),
        sa.Column("completed_date", Moment),
        sa.Column("item", sa.String(255)),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("paid_price", sa.BigInteger()),
        sa.Column("paid_currency", sa.String(3)),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("deleted_date", Moment),
        sa.CheckConstraint("quantity BETWEEN 1 AND 100000000", name="ck_task_quantity"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_task_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_task"),
    )
    op.create_index("ix_task_revision", "task", ["account_id", "revision"])
    price_list = op.create_table(
        "price_list",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("era", sa.String(16), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_price_list_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_price_list"),
    )
    op.bulk_insert(price_list, [{"id": 1, "era": secrets.token_hex(4), "revision": 1}])
    op.create_table(
        "item_price",
        sa.Column("name_key", Key, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("unit", sa.String(32)),
        sa.Column("updated_date", Moment, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price BETWEEN 0 AND 1000000000000", name="ck_item_price_price"),
        sa.PrimaryKeyConstraint("name_key", name="pk_item_price"),
    )
    op.create_table(
        "message",
        sa.Column("id", BigId, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_date", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "attempt",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    op.create_index("ix_attempt_kind_subject_at", "attempt", ["kind", "subject", "at"])


def downgrade() -> None:
    """Drop all tables."""
    for table in ("attempt", "message", "item_price", "price_list", "task", "token", "account"):
        op.drop_table(table)
