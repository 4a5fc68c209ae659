"""The tasks of the caller's account."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NewType, TypedDict, Unpack

from todo_api.client.connection import Connection, both_told, once
from todo_api.client.shapes import Deleted, Money, Task, Total, Unpriced, task_or_deleted

LARGEST_PAGE = 200

FORMATS = {"json": "application/json", "csv": "text/csv", "ics": "text/calendar"}
"""The media type of each format in which tasks are exported and imported."""

Operation = NewType("Operation", dict[str, Any])
"""One change of a batch: see `creating`, `changing` and `deleting`."""


class Details(TypedDict, total=False):
    """What a task may have beside its name; None sets it back."""

    note: str | None
    due_date: date | datetime | str | None
    completed: bool
    item: str | None
    quantity: Decimal | int | str | None


class Fields(Details, total=False):
    """What of a task can be changed."""

    name: str


class Filter(TypedDict, total=False):
    """Which tasks are meant."""

    completed: bool
    due_before: date | datetime | str
    due_after: date | datetime | str
    overdue: bool
    q: str


class Listing(Filter, total=False):
    """Which tasks are listed, and by what they are sorted: `due_date`, `-name` and so on."""

    sort: str


def creating(name: str, **details: Unpack[Details]) -> Operation:
    """Return the operation that creates a task."""
    return Operation({"method": "POST", "body": {"name": name, **details}})


def changing(task: Task | int, **changes: Unpack[Fields]) -> Operation:
    """Return the operation that changes a task, given as an object only if it still is that one."""
    return Operation({"method": "PATCH", **_named(task), "body": changes})


def deleting(task: Task | int) -> Operation:
    """Return the operation that deletes a task, given as an object only if it still is that one."""
    return Operation({"method": "DELETE", **_named(task)})


class Tasks:
    """The tasks of the caller's account. Whatever is written is done once or not at all.

    A change and a deletion are sent as a batch of one, since a batch can have an Idempotency-Key:
    a PATCH that is sent again, because its answer was lost, would find its own change in its way.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, **listing: Unpack[Listing]) -> Iterator[Task]:
        """Yield all tasks, or those that are meant; further pages are asked for on the way."""
        asked = {"limit": LARGEST_PAGE, **listing}
        for page in self._connection.pages(self._path, asked):
            yield from map(Task.of, page.data["tasks"])

    def get(self, task_id: int) -> Task:
        """Return one task; raise NotFound when there is none of that id."""
        answer = self._connection.get(f"{self._path}/{task_id}")
        return Task.of(answer.data)

    def create(self, name: str, **details: Unpack[Details]) -> Task:
        """Create a task."""
        answer = self._connection.create(self._path, {"name": name, **details})
        return Task.of(answer.data)

    def change(self, task: Task | int, **changes: Unpack[Fields]) -> Task:
        """Change a task and return it as it is then; what is not named stays.

        One that is given as an object is changed only if it is what it was: else Stale is raised,
        with `mine` and `theirs`. One that is given by its id is changed whatever it is.
        """
        (changed,) = self._guarded(task, changing(task, **changes))
        assert isinstance(changed, Task)
        return changed

    def delete(self, task: Task | int) -> None:
        """Delete a task, guarded as `change` is; `restore` takes that back for 30 days."""
        self._guarded(task, deleting(task))

    def restore(self, task: Task | Deleted | int) -> Task:
        """Take back the deletion of a task."""
        answer = self._connection.write(
            "POST", f"{self._path}/{_id(task)}/restore", repeatable=True
        )
        return Task.of(answer.data)

    def batch(self, *operations: Operation) -> list[Task | Deleted]:
        """Do up to 100 operations, all or none, and return what each task is then.

        The `index` of an ApiError says which of them it was.
        """
        answer = self._connection.create(f"{self._path}/batch", {"operations": operations})
        return [task_or_deleted(each) for each in answer.data["results"]]

    def total(self, **wanted: Unpack[Filter]) -> Total:
        """Return what the tasks cost, unless told otherwise the open ones."""
        data = self._connection.get(f"{self._path}/total", wanted).data
        return Total(
            tuple(map(Money.of, data["totals"])),
            data["priced"],
            tuple(
                Unpriced(each["id"], each["name"], each["item"], each["etag"])
                for each in data["unpriced"]
            ),
        )

    def export(self, form: Literal["json", "csv", "ics"] = "json") -> bytes:
        """Return all tasks as a file, which `load` takes without loss."""
        return self._connection.get(f"{self._connection.account}/export", {"format": form}).content

    def load(self, file: bytes, form: Literal["json", "csv", "ics"] = "json") -> dict[str, Any]:
        """Import a file, once, and return how many tasks were `imported` and what was `skipped`."""
        path = f"{self._connection.account}/import"
        headers = {"Content-Type": FORMATS[form], **once()}
        told: dict[str, Any] = self._connection.send(
            "POST", path, headers=headers, content=file
        ).data
        return told

    @property
    def _path(self) -> str:
        return f"{self._connection.account}/tasks"

    def _guarded(self, task: Task | int, operation: Operation) -> list[Task | Deleted]:
        with both_told(task, Task.of):
            return self.batch(operation)


def _id(task: Task | Deleted | int) -> int:
    return task if isinstance(task, int) else task.id


def _named(task: Task | int) -> dict[str, Any]:
    return {"id": task} if isinstance(task, int) else {"id": task.id, "if_match": task.etag}
