"""Changes: what happened to an account and its tasks since a client last asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from todo_api.models import Account, Task

_TOKEN = re.compile(r"([a-z0-9]{1,16})\.([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True)
class Changes:
    """Some changes in the order in which they were made, tombstones among them.

    `account` is there if it changed itself. `next` is the sync token to go on with, at once if
    there is `more`. After a `reset` the client has to forget what it has.
    """

    changes: Sequence[Task]
    account: Account | None
    next: str
    more: bool
    reset: bool


def since(session: Session, account: Account, token: str | None, limit: int) -> Changes:
    """Return at most `limit` changes after the sync token, or from the start on.

    From the start it also goes, as a reset, when the token is none of this account's era, from its
    future, or older than what is left of its tombstones.
    """
    start = 0 if token is None else _start(account, token)
    reset = start is None
    after = start or 0
    query = select(Task).where(Task.account_id == account.id, Task.revision > after)
    if after == 0:
        query = query.where(Task.deleted_date.is_(None))
    tasks = session.scalars(query.order_by(Task.revision).limit(limit + 1)).all()
    more = len(tasks) > limit
    tasks = tasks[:limit]
    upto = tasks[-1].revision if more else account.revision
    changed = after < account.changed_revision <= upto
    return Changes(tasks, account if changed else None, account.version_at(upto), more, reset)


def _start(account: Account, token: str) -> int | None:
    parts = _TOKEN.fullmatch(token)
    if not parts or parts[1] != account.era:
        return None
    revision = int(parts[2])
    known = account.forgotten_revision <= revision <= account.revision
    return revision if known else None
