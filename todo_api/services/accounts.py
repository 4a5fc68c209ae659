"""Accounts: registered, found, changed, deleted. Every change raises the account's revision."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from todo_api.announcing import announce
from todo_api.errors import Conflict, NotFound
from todo_api.models import Account, AccountRow, HeldAccount, Task, Username
from todo_api.services import replays
from todo_api.services.rows import Kind, columns
from todo_api.statements import Statement
from todo_api.values import moments, names

Listed = Row[str, list[str]]
"""The username and the pets of an account."""

_ACCOUNT = columns(Account)
_LISTED = (
    select(_ACCOUNT.username, _ACCOUNT.pets).where(_ACCOUNT.listed).order_by(_ACCOUNT.username_key)
)

Found = TypeVar("Found", Account, AccountRow)

TAKEN = "This username is taken."

_ROWS = Kind(AccountRow, Account)
_HELD = Statement(select(*_ROWS.columns).where(_ACCOUNT.id == bindparam("owner")).with_for_update())
_BY_ID = select(Account).where(Account.id == bindparam("owner"))
_TAKEN = _BY_ID.with_for_update()
_USERNAME = columns(Username)
_OWNER = Statement(select(_USERNAME.account_id).where(_USERNAME.key == bindparam("sought")))
_PASSWORD = Statement(
    select(_ACCOUNT.id, _ACCOUNT.password_hash).where(_ACCOUNT.id == bindparam("owner"))
)


class StoredPassword(NamedTuple):
    """Whose password it is, and its hash, None if nobody can log in with it."""

    account_id: int
    hash: str | None


def register(session: Session, fields: Mapping[str, Any]) -> Account:
    """Store a new account; raise Conflict when its name is taken.

    `fields` holds the account's columns, the `username` in NFKC and the password hashed.
    """
    account = Account(
        **fields, username_key=names.key(fields["username"]), date_joined=moments.now()
    )
    session.add(account)
    try:
        session.flush()
        session.add(Username(key=account.username_key, account_id=account.id))
        session.flush()
    except IntegrityError:
        raise taken() from None
    return account


def taken() -> Conflict:
    """Return what says that a username is taken."""
    return Conflict(TAKEN, errors={"username": [TAKEN]})


def must_be_free(session: Session, username: str) -> None:
    """Raise Conflict when there is an account that goes by `username`."""
    if find(session, username):
        raise taken()


def find(session: Session, username: str) -> Account | None:
    """Return the account that goes by `username`, in whatever case, or None."""
    return session.scalars(_BY_ID, {"owner": _owner(session, username)}).one_or_none()


def password_of(session: Session, username: str) -> StoredPassword:
    """Return the password of the account that goes by `username`, or nobody's.

    The time that it takes does not tell whether there is such an account.
    """
    found = _PASSWORD.first(session, {"owner": _owner(session, username)})
    return StoredPassword(*found) if found else StoredPassword(replays.NOBODY, None)


def named(session: Session, username: str) -> Account:
    """Return the account that goes by `username`; raise NotFound when there is none."""
    return _the(find(session, username))


def take(session: Session, account_id: int) -> Account:
    """Return the account and hold its row until the transaction ends, so that writers queue up."""
    announce(session, account_id)
    return _the(session.scalars(_TAKEN, {"owner": account_id}).one_or_none())


def hold(session: Session, account_id: int) -> HeldAccount:
    """Take the account's row as `take` does, for those who change what is in it, not itself."""
    announce(session, account_id)
    return HeldAccount(*_the(_ROWS.one(session, _HELD, {"owner": account_id})))


def listed(session: Session) -> Sequence[Listed]:
    """Return the accounts that chose to be listed, by username."""
    return session.execute(_LISTED).all()


def change(session: Session, account: Account, changes: Mapping[str, Any]) -> None:
    """Give the account other values; values that it has already are no change.

    A new time zone moves the starts of the days that are bare due dates.
    """
    moved = changes.get("timezone", account.timezone) != account.timezone
    for name, value in changes.items():
        setattr(account, name, value)
    if not session.is_modified(account):
        return
    account.changed_revision = account.next_revision()
    if moved:
        _move_bare_dates(session, account)


def delete(session: Session, account: Account) -> None:
    """Delete the account; the database takes its tasks and tokens along."""
    replays.forget(session, account.id)
    session.execute(sql_delete(Username).where(Username.key == account.username_key))
    session.delete(account)


def _owner(session: Session, username: str) -> int:
    """Return the id of the account that goes by `username`, or nobody's."""
    key = names.sought_key(username)
    found = None if key is None else _OWNER.first(session, {"sought": key})
    return found[0] if found else replays.NOBODY


def _the(account: Found | None) -> Found:
    if account is None:
        raise NotFound("No such account")
    return account


def _move_bare_dates(session: Session, account: Account) -> None:
    zone = ZoneInfo(account.timezone)
    dated = select(Task).where(Task.account_id == account.id, Task.due_on.is_not(None))
    for task in session.scalars(dated):
        assert task.due_on is not None
        task.due_order = moments.order(task.due_on, zone)
