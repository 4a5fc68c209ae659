"""Checks of passwords: those that fail are bounded, and counted before any hash is computed."""

import hashlib

from flask import request

from todo_api.models import Account
from todo_api.resources import caller_address
from todo_api.resources.backend import Backend
from todo_api.services import passwords, throttle
from todo_api.services.throttle import Limit
from todo_api.settings import Settings
from todo_api.values import names


def right(backend: Backend, username: str, password: str, account: Account | None) -> bool:
    """Return whether `password` is that of `account`, which somebody calls `username`.

    A check counts as failed until it has turned out well, so that many at once cannot pass the
    limits together. Raises TooMany when one of the limits is reached, whatever the password is.
    """
    limits = _limits(backend.settings, username, caller_address.of(request, backend.settings))
    with backend.database.transaction() as session:
        counted = [throttle.use(session, limit, subject) for limit, subject in limits]
    if not passwords.matches(password, account.password_hash if account else None):
        return False
    with backend.database.transaction() as session:
        throttle.forget(session, counted)
    return True


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
