"""A batch: many changes to tasks in one transaction, all of them or none."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from todo_api.errors import Problem
from todo_api.models import HeldAccount, Owner, TaskRow
from todo_api.resources import preconditions
from todo_api.resources.auth import OWNER
from todo_api.resources.endpoint import Version
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

    def prepare(self, values: dict[str, Any]) -> dict[str, Any]:
        """Read what each operation writes, and work out the keys of its texts.

        An operation that is wrong is refused later, when all those before it have gone well.
        """
        read = [_Operation.read(raw) for raw in values["operations"]]
        return {**values, "operations": read}

    def post(self, account: HeldAccount, batch: dict[str, Any]) -> dict[str, Any]:
        """Change many tasks; an error says by its index which operation it was."""
        self.before = dict[int, TaskRow | None]()
        done = list[int]()
        now = dict[int, TaskRow]()
        for index, operation in enumerate(batch["operations"]):
            try:
                task = self._do(account, operation)
            except Problem as problem:
                problem.index = index
                raise
            done.append(task.id)
            now[task.id] = task
        return {"results": [now[each] for each in done], "revision": account.revision}

    def _do(self, account: HeldAccount, operation: "_Operation") -> TaskRow:
        method, if_match = operation.method, operation.if_match
        if operation.problem and method in (None, "POST"):
            raise operation.problem
        if method == "POST":
            task = tasks.create(self.session, account, operation.fields)
            TASK.must_match(operation.claims, task)
            self.before[task.id] = None
            return task
        task = tasks.see(self.session, account, operation.id)
        # The changes by operations before this one are about to be rolled back.
        before = self.before.setdefault(task.id, task)
        if if_match is not None:
            version = account.version_at(task.revision)
            preconditions.must_match(if_match, {version}, lambda: before and TASK.show(before))
        if method == "DELETE":
            return tasks.delete(self.session, account, task)
        if operation.problem:
            raise operation.problem
        TASK.must_match(operation.claims, task)
        return tasks.change(self.session, account, task, operation.fields)


@dataclass(frozen=True)
class _Operation:
    """One operation as it was read, and what is wrong with it or with its body.

    Without a `method` it cannot be read at all.
    """

    method: str | None = None
    id: int = 0
    if_match: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    problem: Problem | None = None

    @classmethod
    def read(cls, raw: Any) -> "_Operation":
        """Return the operation that `raw` says."""
        try:
            said = read_operation(raw)
        except Problem as problem:
            return cls(problem=problem)
        sent = said.pop("body", None)
        known = cls(**said)
        if known.method == "DELETE":
            return known
        try:
            fields = TASK.read({} if sent is None else sent, partial=known.method != "POST")
            claims = TASK.read_only_in(fields)
        except Problem as problem:
            return replace(known, problem=problem)
        return replace(known, fields=tasks.with_keys(fields), claims=claims)
