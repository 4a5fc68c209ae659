"""A client for todo_api, for programs in Python: small, typed, and patient with networks.

    from todo_api.client import Client

    with Client("http://127.0.0.1:5000") as client:
        client.login("alice", "correct-horse")
        milk = client.tasks.create("milk", due_date=date(2030, 12, 24))
        client.tasks.change(milk, completed=True)
        for task in client.tasks(completed=False):
            print(task.name, task.due_date)

It needs nothing of the server: to import it loads no Flask and no database.
"""

from todo_api.client.changes import Changes, Mirror
from todo_api.client.client import Client
from todo_api.client.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    TooMany,
    Unauthorized,
    Unavailable,
)
from todo_api.client.shapes import (
    Account,
    Deleted,
    Me,
    Money,
    Price,
    Session,
    Task,
    Token,
    Total,
    Unpriced,
)
from todo_api.client.tasks import changing, creating, deleting

__all__ = [
    "Account",
    "ApiError",
    "Changes",
    "Client",
    "Conflict",
    "Deleted",
    "Forbidden",
    "Invalid",
    "Me",
    "Mirror",
    "Money",
    "NotFound",
    "Price",
    "Session",
    "Stale",
    "Task",
    "Token",
    "TooMany",
    "Total",
    "Unauthorized",
    "Unavailable",
    "Unpriced",
    "changing",
    "creating",
    "deleting",
]
