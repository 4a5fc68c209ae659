"""A batch: many changes to tasks in one transaction, all of them or none."""

from typing import Any

from todo_api.errors import Problem, Stale
from todo_api.models import Account, Owner, Task
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

    def post(self, account: Account, batch: dict[str, Any]) -> dict[str, Any]:
        """Change many tasks; an error says by its index which operation it was."""
        results = []
        for index, raw in enumerate(batch["operations"]):
            try:
                results.append(self._do(account, **read_operation(raw)))
            except Problem as problem:
                problem.index = index
                raise
        return {"results": results, "revision": account.revision}

    def _do(
        self,
        account: Account,
        method: str,
        id: int = 0,  # noqa: A002 - The operation calls it so.
        if_match: str | None = None,
        body: Any = None,
    ) -> Task:
        if method == "POST":
            fields = TASK.read({} if body is None else body)
            claims = TASK.read_only_in(fields)
            task = tasks.create(self.session, account, fields)
            TASK.must_match(claims, task)
            return task
        task = tasks.get(self.session, account, id)
        if if_match not in (None, "*", etag(account.version_at(task.revision))):
            raise Stale
        if method == "DELETE":
            tasks.delete(self.session, account, task)
            return task
        changes = TASK.read({} if body is None else body, partial=True)
        TASK.must_match(TASK.read_only_in(changes), task)
        tasks.change(self.session, account, task, changes)
        return task
