"""Checks of passwords: those that fail are bounded, and counted before any hash is computed."""

import hashlib

from flask import request

from todo_api.errors import TooMany
from todo_api.models import Account
from todo_api.resources import caller_address
from todo_api.resources.backend import Backend
from todo_api.services import passwords, throttle
from todo_api.services.throttle import Limit
from todo_api.settings import Settings
from todo_api.values import names


def right(backend: Backend, username: str, password: str, account: Account | None) -> bool:
    """Return whether `password` is that of `account`, which somebody calls `username`.

    Raises TooMany when one of the limits is reached, whatever the password is.
    """
    try:
        is_right = _within_limits(backend, username, password, account)
    except TooMany:
        _count(backend, "refused")
        raise
    _count(backend, "right" if is_right else "wrong")
    return is_right


def _within_limits(backend: Backend, username: str, password: str, account: Account | None) -> bool:
    """Check a password, and count the check as failed until it has turned out well.

    Else many at once could pass the limits together.
    """
    limits = _limits(backend.settings, username, caller_address.of(request, backend.settings))
    with backend.database.transaction() as session:
        counted = [throttle.use(session, limit, subject) for limit, subject in limits]
    if not passwords.matches(password, account.password_hash if account else None):
        return False
    with backend.database.transaction() as session:
        throttle.forget(session, counted)
    return True


def _count(backend: Backend, outcome: str) -> None:
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
    return [(Limit(kind, most, seconds), _digest(subject)) for kind, most, subject in counted]


def _digest(subject: str) -> str:
    """Return what a subject is called in the table, which need not tell who tried to log in."""
    return hashlib.sha256(subject.encode()).hexdigest()
