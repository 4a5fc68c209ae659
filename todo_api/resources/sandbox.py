"""Sandbox: what a test may do to a server of its own, which no other server has."""

import hmac
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import Any

from flask import current_app, request

from todo_api.errors import Invalid
from todo_api.resources import auth
from todo_api.resources.auth import CONTROLLER
from todo_api.resources.backend import Backend
from todo_api.resources.endpoint import Endpoint
from todo_api.schemas.sandbox import ClockSchema, FailureList, FailureSchema, StopClock
from todo_api.services import sandbox
from todo_api.services.sandbox import Rows
from todo_api.values import moments
from todo_api.values.clock import CLOCK

EXTENSION = "todo_api.sandbox"

FROM, UNTIL = 1971, 9990
"""The years in which a clock may be stopped; what is counted from there has years of its own."""


@dataclass(frozen=True)
class Failure:
    """So many requests are to be answered with an error, of one method or path or of any."""

    status: int
    times: int
    method: str | None
    path: str | None


@dataclass
class Sandbox:
    """What one sandbox has: the token of who controls it, its first rows, and what is to fail."""

    token: str
    rows: Rows
    failures: list[Failure] = field(default_factory=list)
    changing: threading.Lock = field(default_factory=threading.Lock)

    def failure_of(self, method: str, paths: set[str]) -> HTTPStatus | None:
        """Return the status with which a request is to fail, and count that; None if with none."""
        with self.changing:
            for index, each in enumerate(self.failures):
                if each.method in (None, method) and (each.path is None or each.path in paths):
                    left = [replace(each, times=each.times - 1)] if each.times > 1 else []
                    self.failures[index : index + 1] = left
                    return HTTPStatus(each.status)
        return None


class _Control(Endpoint):
    """A resource that only the sandbox's own token may use."""

    knows_callers = True
    strict = True
    cache = "no-store"

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self.sandbox: Sandbox = current_app.extensions[EXTENSION]

    def admit(self, verb: str, **ids: Any) -> None:
        """Raise unless the caller brings the token that was told at the start."""
        secret = auth.secret_of(request)
        if not hmac.compare_digest(secret.encode(), self.sandbox.token.encode()):
            raise auth.unknown_token()


class SandboxClock(_Control):
    """The server's clock, by which all is stored, compared and counted; tokens end by it, too."""

    access = {"get": CONTROLLER, "post": CONTROLLER, "delete": CONTROLLER}
    takes = {"post": StopClock()}
    gives = {"get": ClockSchema(), "post": ClockSchema()}

    def get(self) -> dict[str, Any]:
        """See what time it is."""
        return {"now": moments.now(), "is_stopped": CLOCK.is_stopped}

    def post(self, where: dict[str, Any]) -> dict[str, Any]:
        """Stop the clock."""
        try:
            moment = (where["now"] or moments.now()) + timedelta(seconds=where["advance"])
            moment = moment.astimezone(UTC)
        except OverflowError:
            moment = moments.EARLIEST
        if not FROM <= moment.year <= UNTIL:
            raise Invalid(errors={"now": [f"Must lie in the years {FROM} to {UNTIL}."]})
        CLOCK.stop(moment)
        return self.get()

    def delete(self) -> None:
        """Let the clock go on, with the machine's."""
        CLOCK.go_on()


class SandboxFailures(_Control):
    """The requests that are to fail: they are answered with an error, and nothing is done."""

    access = {"get": CONTROLLER, "post": CONTROLLER, "delete": CONTROLLER}
    takes = {"post": FailureSchema()}
    gives = {"get": FailureList(), "post": FailureList()}

    def get(self) -> dict[str, Any]:
        """See what is to fail yet."""
        return {"failures": list(self.sandbox.failures)}

    def post(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Let the next requests fail."""
        if fields["status"] not in {*HTTPStatus}:
            raise Invalid(errors={"status": ["Not a status of HTTP."]})
        with self.sandbox.changing:
            self.sandbox.failures.append(Failure(**fields))
        return self.get()

    def delete(self) -> None:
        """Let no request fail any more."""
        with self.sandbox.changing:
            self.sandbox.failures.clear()


class SandboxReset(_Control):
    """The server as it was at its start."""

    access = {"post": CONTROLLER}

    def post(self) -> None:
        """Throw away all that came since the start, let the clock go on and nothing fail."""
        with self.backend.database.transaction() as session:
            sandbox.put_back(session, self.sandbox.rows)
        with self.sandbox.changing:
            self.sandbox.failures.clear()
        CLOCK.go_on()
