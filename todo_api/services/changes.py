"""Changes: what happened to an account and its tasks since a client last asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from todo_api.models import Account, Owner, Task, TaskRow
from todo_api.services.rows import columns
from todo_api.services.task_filter import TASK_ROWS
from todo_api.statements import Statement

_TOKEN = re.compile(r"([a-z0-9]{1,16})\.([0-9]{1,18})", re.ASCII)

_TASK = columns(Task)
_LATER = Statement(
    select(*TASK_ROWS.columns)
    .where(_TASK.account_id == bindparam("owner"), _TASK.revision > bindparam("after"))
    .order_by(_TASK.revision)
    .limit(bindparam("most"))
)


@dataclass(frozen=True)
class Changes:
    """Some changes in the order in which they were made, tombstones among them.

    `account` is there if it changed itself. `next` is the sync token to go on with, at once if
    there is `more`. After a `reset` the client has to forget what it has.
    """

    changes: Sequence[TaskRow]
    account: Account | None
    next: str
    more: bool
    reset: bool


def since(session: Session, owner: Owner, token: str | None, limit: int) -> Changes:
    """Return at most `limit` changes after the sync token, or from the start on.

    From the start it also goes, as a reset, when the token is none of this account's era, from its
    future, or older than what is left of its tombstones. Tombstones are left out there, though they
    count for the limit: so a page costs the same however many tasks were deleted.
    """
    start = 0 if token is None else _start(owner, token)
    reset = start is None
    after = start or 0
    values = {"owner": owner.id, "era": owner.era, "after": after, "most": limit + 1}
    tasks = TASK_ROWS.all(_LATER.all(session, values))
    more = len(tasks) > limit
    tasks = tasks[:limit]
    upto = tasks[-1].revision if more else owner.revision
    if not after:
        tasks = [task for task in tasks if task.deleted_date is None]
    account = None
    if after < owner.changed_revision <= upto:
        account = session.scalars(select(Account).where(Account.id == owner.id)).one()
    return Changes(tasks, account, owner.version_at(upto), more, reset)


def _start(account: Owner, token: str) -> int | None:
    parts = _TOKEN.fullmatch(token)
    if not parts or parts[1] != account.era:
        return None
    revision = int(parts[2])
    known = account.forgotten_revision <= revision <= account.revision
    return revision if known else None
