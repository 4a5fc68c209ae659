"""A batch: many changes to tasks in one transaction, all of them or none."""

from typing import Any

from todo_api.errors import Problem, Stale
from todo_api.models import HeldAccount, Owner, TaskRow
from todo_api.resources.auth import OWNER
from todo_api.resources.endpoint import Version, etag
from todo_api.resources.of_account import AccountEndpoint
from todo_api.schemas.batch import Batch, BatchResult, read_operation
from todo_api.schemas.task import TaskSchema
from todo_api.services import tasks

TASK = TaskSchema()


class TaskBatch(AccountEndpoint):
    """Many changes at once."""

    strict = True
    access = {"post": OWNER}
    creates = True
    takes = {"post": Batch()}
    may = {"post": (412,)}
    gives = {"post": BatchResult()}

    def version(self, *objects: Any) -> Version:
        """Return the version of the account with all in it."""
        account: Owner = objects[0]
        return account.list_version

    def post(self, account: HeldAccount, batch: dict[str, Any]) -> dict[str, Any]:
        """Change many tasks; an error says by its index which operation it was."""
        done = list[int]()
        now = dict[int, TaskRow]()
        for index, raw in enumerate(batch["operations"]):
            try:
                task = self._do(account, **read_operation(raw))
            except Problem as problem:
                problem.index = index
                raise
            done.append(task.id)
            now[task.id] = task
        return {"results": [now[each] for each in done], "revision": account.revision}

    def _do(
        self,
        account: HeldAccount,
        method: str,
        id: int = 0,  # noqa: A002 - The operation calls it so.
        if_match: str | None = None,
        body: Any = None,
    ) -> TaskRow:
        if method == "POST":
            fields = TASK.read({} if body is None else body)
            claims = TASK.read_only_in(fields)
            task = tasks.create(self.session, account, fields)
            TASK.must_match(claims, task)
            return task
        task = tasks.see(self.session, account, id)
        if if_match not in (None, "*", etag(account.version_at(task.revision))):
            raise Stale
        if method == "DELETE":
            return tasks.delete(self.session, account, task)
        changes = TASK.read({} if body is None else body, partial=True)
        TASK.must_match(TASK.read_only_in(changes), task)
        return tasks.change(self.session, account, task, changes)
