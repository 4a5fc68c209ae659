"""Revisions: the counter of an account, raised in the transaction that holds the account's row."""

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from todo_api.models import Account, Base, HeldAccount
from todo_api.statements import Statement

_ACCOUNTS = Base.metadata.tables[Account.__tablename__]
_RAISE = Statement(
    update(_ACCOUNTS)
    .where(_ACCOUNTS.c.id == bindparam("owner"))
    .values(revision=bindparam("raised"))
)


def following(session: Session, account: HeldAccount, count: int = 1) -> int:
    """Take the next `count` revisions of a held account, at once, and return the last of them."""
    account.revision += count
    _RAISE.write(session, {"owner": account.id, "raised": account.revision})
    return account.revision
