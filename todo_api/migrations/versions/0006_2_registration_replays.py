"""By which account the answer kept for a registration is found, so that it is deleted with it.

An answer that a node of an older version keeps after this migration is not found: it stays for its
24 hours.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006.2"
down_revision = "0006.1"

NOBODY = 0
ACCOUNTS = "/api/v1/accounts/"

replay = sa.table(
    "replay",
    sa.column("owner", sa.BigInteger()),
    sa.column("key", sa.String()),
    sa.column("scope", sa.String()),
    sa.column("headers", sa.JSON()),
    sa.column("created_account_id", sa.BigInteger()),
)
username = sa.table(
    "username", sa.column("key", sa.String()), sa.column("account_id", sa.BigInteger())
)
account = sa.table("account", sa.column("id", sa.BigInteger()), sa.column("era", sa.String()))


def upgrade() -> None:
    """Add the column, fill it for the registrations of the last day, and index it."""
    op.add_column("replay", sa.Column("created_account_id", sa.BigInteger()))
    _fill(op.get_bind())
    op.create_index(
        "ix_replay_created_account",
        "replay",
        ["owner", "created_account_id"],
        postgresql_where=sa.text("created_account_id IS NOT NULL"),
        sqlite_where=sa.text("created_account_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_replay_created_account", "replay")
    op.drop_column("replay", "created_account_id")


def _fill(connection: sa.Connection) -> None:
    columns = (replay.c.key, replay.c.scope, replay.c.headers)
    kept = connection.execute(sa.select(*columns).where(replay.c.owner == NOBODY)).all()
    for key, scope, headers in kept:
        name = headers.get("Location", "")
        if not name.startswith(ACCOUNTS):
            continue
        # An account that is gone may have had the same name; the era in the ETag tells which it is.
        era = headers.get("ETag", "").strip('"').partition(".")[0]
        created = connection.scalar(
            sa.select(account.c.id)
            .join_from(username, account, username.c.account_id == account.c.id)
            .where(username.c.key == name.removeprefix(ACCOUNTS).lower(), account.c.era == era)
        )
        if created is not None:
            connection.execute(
                sa.update(replay)
                .where(replay.c.owner == NOBODY, replay.c.key == key, replay.c.scope == scope)
                .values(created_account_id=created)
            )
