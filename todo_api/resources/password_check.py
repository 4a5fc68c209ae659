"""Checks of passwords: those that fail are bounded, and counted before any hash is computed."""

from flask import request

from todo_api.errors import TooMany
from todo_api.resources import caller_address
from todo_api.resources.backend import Backend
from todo_api.services import passwords, throttle
from todo_api.services.throttle import Limit
from todo_api.settings import Settings
from todo_api.values import names

Counted = list[int]
"""The ids of the uses by which one check counts as failed."""


def right(backend: Backend, username: str, password: str, password_hash: str | None) -> bool:
    """Return whether `password` is that of the hash, if `username` has one.

    Raises TooMany when one of the limits is reached, whatever the password is.
    """
    counted = counted_if_right(backend, username, password, password_hash)
    if counted is None:
        return False
    forget(backend, counted)
    return True


def counted_if_right(
    backend: Backend, username: str, password: str, password_hash: str | None
) -> Counted | None:
    """Return what counts the check as failed, None if it has: who goes on has that forgotten.

    It counts before it has turned out well, since else many at once could pass the limits together.
    Raises TooMany as `right` does.
    """
    limits = _limits(backend.settings, username, caller_address.of(request, backend.settings))
    try:
        with backend.database.transaction() as session:
            counted = [throttle.use(session, limit, subject) for limit, subject in limits]
    except TooMany:
        _tell(backend, "refused")
        raise
    is_right = passwords.matches(password, password_hash)
    _tell(backend, "right" if is_right else "wrong")
    return counted if is_right else None


def forget(backend: Backend, counted: Counted) -> None:
    """Count a check as failed no more, in a transaction of its own."""
    with backend.database.transaction() as session:
        throttle.forget(session, counted)


def _tell(backend: Backend, outcome: str) -> None:
    if backend.metrics:
        backend.metrics.checked(outcome)


def _limits(settings: Settings, username: str, address: str) -> list[tuple[Limit, str]]:
    """Return each limit and whom it counts, always in one order, in which their turns are taken."""
    name = names.key(username)
    counted = (
        ("password", settings.login_failures, f"{name} {address}"),
        ("password of account", settings.account_login_failures, name),
        ("password from address", settings.address_login_failures, address),
    )
    seconds = 60 * settings.login_minutes
    return [(Limit(kind, most, seconds), subject) for kind, most, subject in counted]
