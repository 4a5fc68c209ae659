"""Who asks again and again while something is broken, and what may be answered then."""

import re
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

from faults.traffic import Client
from todo_api.resources.event import EventStream
from todo_api.resources.stored import StoredEndpoint
from todo_api.resources.token import Logout
from todo_api.urls import ROUTES

PAUSE = 0.02
LOGIN = "/api/v1/accounts/login"


@dataclass(frozen=True)
class Ask:
    """A request, and the status of its answer as long as nothing is broken."""

    path: str
    method: str = "GET"
    sent: Any = None
    status: int = 200

    def is_right(self, answer):
        """Return whether it is answered as ever, or told when to come again."""
        refused = answer.status == 503 and "Retry-After" in answer.headers
        return refused or answer.status == self.status


class Asker(threading.Thread):
    """Asks one thing after the other until it is `over`; `answers` has when, what and the answer.

    It begins with the one that is number `first`.
    """

    def __init__(self, port, asks, token=None, *, first=0):
        super().__init__()
        self.over = threading.Event()
        self.answers = []
        self._asks = asks[first:] + asks[:first]
        self._ask = Client(port, token)

    def run(self):
        with self._ask as ask:
            while not self.over.is_set():
                for each in self._asks:
                    answer = ask(each.method, each.path, each.sent)
                    self.answers.append((time.monotonic(), each, answer))
                    if self.over.wait(PAUSE):
                        break

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def every_read(port, account, password):
    """Return all that can be read from the database, and a login; as they are answered now.

    A task is made, which can be read, too.
    """
    with Client(port, account.token) as ask:
        made = ask("POST", account.tasks, {"name": "first"}).json()
    values = {"username": account.username, "id": str(made["id"]), "name": "apples"}
    paths = [
        re.sub("<([a-z]+)>", lambda found: values[found[1]], route.path)
        for route in ROUTES
        if issubclass(route.resource, StoredEndpoint)
        and not issubclass(route.resource, EventStream | Logout)
        and "get" in route.resource.verbs()
    ]
    login = {"username": account.username, "password": password}
    asks = [*map(Ask, paths), Ask(LOGIN, "POST", login)]
    with Client(port, account.token) as ask:
        return [
            replace(each, status=ask(each.method, each.path, each.sent).status) for each in asks
        ]


def wrong(answers):
    """Return those that are neither right nor told when to come again."""
    return [(ask.path, answer.status) for _, ask, answer in answers if not ask.is_right(answer)]


def slowest(answers):
    """Return the seconds that the slowest of them took."""
    return max((answer.seconds for _, _, answer in answers), default=0)
