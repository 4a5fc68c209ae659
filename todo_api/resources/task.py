"""Tasks: an account's list, and one task of it."""

from typing import Any

from todo_api.models import HeldAccount, Owner, PriceListRow, TaskRow
from todo_api.resources.auth import OWNER
from todo_api.resources.endpoint import Changed, Created, Listed, Version, listed
from todo_api.resources.of_account import AccountEndpoint
from todo_api.resources.work import Work
from todo_api.schemas.task import (
    FilterQuery,
    PostedTask,
    TaskPage,
    TaskQuery,
    TaskSchema,
    TotalSchema,
)
from todo_api.services import prices, tasks, totals
from todo_api.services.paging import Plan
from todo_api.services.totals import Priced, Total


def by_the_clock(query: dict[str, Any]) -> bool:
    """Return whether the answer to `query` changes although nothing stored does."""
    return "wanted" in query and query["wanted"].overdue is not None


class TaskList(AccountEndpoint):
    """The tasks of one account."""

    access = {"get": OWNER, "post": OWNER}
    creates = True
    short = True
    cacheable = True
    compresses = True
    asks = {"get": TaskQuery()}
    takes = {"post": TaskSchema()}
    gives = {"get": TaskPage(), "post": PostedTask()}

    def version(self, *objects: Any) -> Version | None:
        """Return the version of the account with all in it; what the clock filters has none."""
        account: Owner = objects[0]
        return None if by_the_clock(self.query) else account.list_version

    def plan(self, *objects: Any) -> Plan[TaskRow]:
        """Plan the page."""
        page = {name: value for name, value in self.query.items() if name != "total"}
        return tasks.listing(objects[0], **page)

    def get(self, account: Owner, plan: Plan[TaskRow]) -> Listed:
        """List the tasks."""
        beside: dict[str, Any] = {"username": account.username}
        if self.query["total"]:
            beside["total"] = plan.count(self.session)
        return listed("tasks", plan.page(self.session), **beside)

    def prepare(self, values: dict[str, Any]) -> dict[str, Any]:
        """Work out the keys of the texts."""
        return tasks.with_keys(values)

    def post(self, account: HeldAccount, fields: dict[str, Any]) -> Created:
        """Create a task."""
        task = tasks.create(self.session, account, fields)
        where = f"/api/v1/accounts/{account.username}/tasks/{task.id}"
        return Created(task, where, account.version_at(task.revision))


class TaskTotal(AccountEndpoint):
    """What the tasks of one account cost."""

    strict = True
    compresses = True
    access = {"get": OWNER}
    asks = {"get": FilterQuery()}
    work = {"get": Work.SCAN}
    gives = {"get": TotalSchema()}

    def find_within(self, account: Owner, **ids: Any) -> tuple[Any, ...]:
        """Return the price list, which has its part in the answer."""
        return (prices.see_list(self.session),)

    def version(self, *objects: Any) -> Version | None:
        """Return the versions of the account and of the price list."""
        account, price_list = objects
        both = f"{account.list_version}.{price_list.version}"
        return None if by_the_clock(self.query) else both

    def plan(self, *objects: Any) -> Priced:
        """Plan the sum."""
        return totals.priced(objects[0], self.query["wanted"])

    def get(self, account: Owner, price_list: PriceListRow, plan: Priced) -> Total:
        """Add up what the tasks cost."""
        return totals.total(self.session, plan)


class TaskItem(AccountEndpoint):
    """One task."""

    access = {"get": OWNER, "put": OWNER, "patch": OWNER, "delete": OWNER}
    short = True
    cacheable = True
    takes = {"put": TaskSchema(), "patch": TaskSchema()}
    gives = {"get": TaskSchema(), "put": TaskSchema(), "patch": TaskSchema()}

    def find_within(self, account: Owner, **ids: Any) -> tuple[Any, ...]:
        """Return the account's task of that id."""
        return (tasks.see(self.session, account, ids["id"]),)

    def version(self, *objects: Any) -> Version:
        """Return the version of the task."""
        account: Owner = objects[0]
        return account.version_at(objects[1].revision)

    def get(self, account: Owner, task: TaskRow) -> TaskRow:
        """See the task."""
        return task

    def prepare(self, values: dict[str, Any]) -> dict[str, Any]:
        """Work out the keys of the texts."""
        return tasks.with_keys(values)

    def put(self, account: HeldAccount, task: TaskRow, changes: dict[str, Any]) -> Changed:
        """Change the task; what is absent stays."""
        return Changed(tasks.change(self.session, account, task, changes))

    def patch(self, account: HeldAccount, task: TaskRow, changes: dict[str, Any]) -> Changed:
        """Change the task; what is absent stays."""
        return self.put(account, task, changes)

    def delete(self, account: HeldAccount, task: TaskRow) -> None:
        """Delete the task."""
        tasks.delete(self.session, account, task)


class TaskRestore(AccountEndpoint):
    """A deletion that is taken back."""

    strict = True
    access = {"post": OWNER}
    short = True
    gives = {"post": TaskSchema()}

    def find_within(self, account: Owner, **ids: Any) -> tuple[Any, ...]:
        """Return the account's task of that id, deleted or not."""
        return (tasks.deleted(self.session, account, ids["id"]),)

    def version(self, *objects: Any) -> Version:
        """Return the version of the task."""
        account: Owner = objects[0]
        return account.version_at(objects[1].revision)

    def post(self, account: HeldAccount, task: TaskRow) -> Changed:
        """Restore a task that was deleted within the last 30 days."""
        return Changed(tasks.restore(self.session, account, task))
