"""Tasks: an account's list, and one task of it."""

from typing import Any

from todo_api.models import Account, Task
from todo_api.resources.auth import OWNER
from todo_api.resources.endpoint import PAGED, Created, Listed, Version, listed
from todo_api.resources.stored import AccountEndpoint
from todo_api.schemas.task import PostedTask, TaskPage, TaskSchema
from todo_api.services import tasks


class TaskList(AccountEndpoint):
    """The tasks of one account."""

    access = {"get": OWNER, "post": OWNER}
    asks = PAGED
    takes = {"post": TaskSchema()}
    gives = {"get": TaskPage(), "post": PostedTask()}

    def version(self, *objects: Any) -> Version:
        """Return the version of the account with all that is in it."""
        (account,) = objects
        return account.era, account.revision

    def get(self, account: Account, query: dict[str, Any]) -> Listed:
        """List the tasks."""
        page = tasks.listing(self.session, account, **query)
        return listed("tasks", page, query, username=account.username)

    def post(self, account: Account, fields: dict[str, Any]) -> Created:
        """Create a task."""
        task = tasks.create(self.session, account, fields)
        where = f"/api/v1/accounts/{account.username}/tasks/{task.id}"
        return Created(task, where, (account.era, task.revision))


class TaskItem(AccountEndpoint):
    """One task."""

    access = {"get": OWNER, "put": OWNER, "patch": OWNER, "delete": OWNER}
    takes = {"put": TaskSchema(), "patch": TaskSchema()}
    gives = {"get": TaskSchema(), "put": TaskSchema(), "patch": TaskSchema()}

    def find_within(self, account: Account, **ids: Any) -> tuple[Any, ...]:
        """Return the account's task of that id."""
        return (tasks.get(self.session, account, ids["id"]),)

    def version(self, *objects: Any) -> Version:
        """Return the version of the task."""
        account, task = objects
        return account.era, task.revision

    def get(self, account: Account, task: Task) -> Task:
        """See the task."""
        return task

    def put(self, account: Account, task: Task, changes: dict[str, Any]) -> Task:
        """Change the task; what is absent stays."""
        tasks.change(self.session, account, task, changes)
        return task

    def patch(self, account: Account, task: Task, changes: dict[str, Any]) -> Task:
        """Change the task; what is absent stays."""
        return self.put(account, task, changes)

    def delete(self, account: Account, task: Task) -> None:
        """Delete the task."""
        tasks.delete(account, task)
