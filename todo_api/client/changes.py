"""What changes in an account: asked for after an absence, or followed as it happens."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from todo_api.client import wire
from todo_api.client.connection import Connection
from todo_api.client.errors import ApiError, TooMany, Unavailable
from todo_api.client.shapes import Account, Deleted, Task, task_or_deleted


@dataclass(frozen=True)
class Changes:
    """Some changes in their order; `account` is there if it changed itself.

    `next` is the sync token to go on with, at once if there is `more`. After a `reset` whatever was
    known before counts no more.
    """

    changes: tuple[Task | Deleted, ...]
    account: Account | None
    next: str
    more: bool
    reset: bool

    @classmethod
    def of(cls, data: Any) -> "Changes":
        """Read what was answered."""
        return cls(
            changes=tuple(map(task_or_deleted, data["changes"])),
            account=Account.of(data["account"]) if "account" in data else None,
            next=data["next"],
            more=data["more"],
            reset=data["reset"],
        )


@dataclass
class Mirror:
    """A copy of an account's tasks, by id, and of its profile, as it was at the sync token."""

    tasks: dict[int, Task] = field(default_factory=dict)
    account: Account | None = None
    token: str | None = None

    def apply(self, pages: Iterable[Changes]) -> list[Task | Deleted]:
        """Bring the copy up to date, and return in which tasks it is another one then.

        If `pages` end in an exception, the copy stays what it is.
        """
        tasks, account, token = dict(self.tasks), self.account, self.token
        for page in pages:
            if page.reset:
                tasks = {}
            for each in page.changes:
                if isinstance(each, Task):
                    tasks[each.id] = each
                else:
                    tasks.pop(each.id, None)
            account, token = page.account or account, page.next
        differences: list[Task | Deleted] = [
            Deleted(old.id, old.revision) for old in self.tasks.values() if old.id not in tasks
        ]
        differences += [task for task in tasks.values() if self.tasks.get(task.id) != task]
        self.tasks, self.account, self.token = tasks, account, token
        return differences


def since(connection: Connection, token: str | None) -> Iterator[Changes]:
    """Yield what has changed since the sync token, or all there is, page by page."""
    more = True
    while more:
        asked = {"limit": 200, "since": token}
        page = Changes.of(connection.get(f"{connection.account}/changes", asked).data)
        yield page
        token, more = page.next, page.more


def follow(connection: Connection, token: str | None) -> Iterator[Changes]:
    """Yield what changes after the sync token, as it happens, for as long as somebody asks.

    The stream is opened again, after the last change that was told, whenever it ends. Raises
    Unavailable when the server cannot be had for as long as the connection is patient, and
    Unauthorized when the caller's token is dead.
    """
    tries = None
    while True:
        problem: ApiError = Unavailable("The event stream has ended.", retry_after=1)
        try:
            with connection.listening(f"{connection.account}/events", token) as events:
                for event in events:
                    tries = None
                    if event.data:
                        changes = Changes.of(wire.loads(event.data.encode()))
                        token = changes.next
                        yield changes
        except (Unavailable, TooMany) as error:
            problem = error
        tries = tries or connection.tries()
        tries.again(problem)
