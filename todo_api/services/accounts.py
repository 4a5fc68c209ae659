"""Accounts: registered, found, changed, deleted. Every change raises the account's revision."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from todo_api.announcing import announce
from todo_api.errors import Conflict, Invalid, NotFound
from todo_api.models import Account, AccountRow, HeldAccount, Username
from todo_api.services import replays
from todo_api.services.rows import Kind, columns
from todo_api.statements import Statement
from todo_api.values import moments, names


class ListedRow(NamedTuple):
    """The part of a listed account that everybody may see."""

    username: str
    pets: list[str]


_ACCOUNT = columns(Account)


def _first_listed(*columns: ColumnElement[Any]) -> Statement:
    listed = select(*columns).where(_ACCOUNT.listed).order_by(_ACCOUNT.username_key)
    return Statement(listed.limit(bindparam("most")))


_LISTED_ROWS = Kind(ListedRow, Account)
_LISTED = _first_listed(*_LISTED_ROWS.columns)
_LISTED_VERSIONS = _first_listed(_ACCOUNT.id, _ACCOUNT.era, _ACCOUNT.changed_revision)

Found = TypeVar("Found", Account, AccountRow)

PETS_CHARACTERS = 512
"""Characters that the pets of an account may have together, so that the public list is bounded."""

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


def everybody(session: Session) -> Iterator[Account]:
    """Yield all accounts, by username."""
    query = select(Account).order_by(Account.username_key).execution_options(yield_per=1_000)
    yield from session.scalars(query)


def listed(session: Session, most: int) -> Sequence[ListedRow]:
    """Return the first `most` of the accounts that chose to be listed, by username."""
    return _LISTED_ROWS.all(_LISTED.all(session, {"most": most}))


def listed_version(session: Session, most: int) -> str:
    """Return a text that is the same as long as `listed` returns the same, and no longer.

    An account's era and revision tell its state from all others that any account ever has. To read
    them takes a fraction of what it takes to read and render the list.
    """
    found = _LISTED_VERSIONS.all(session, {"most": most})
    return hashlib.sha256(orjson.dumps(found)).hexdigest()[:32]


def why_too_many_characters(pets: Sequence[str]) -> str | None:
    """Return why an account may not have these pets, None if it may."""
    if sum(map(len, pets)) <= PETS_CHARACTERS:
        return None
    return f"Must have at most {PETS_CHARACTERS} characters together."


def change(session: Session, account: Account, changes: Mapping[str, Any]) -> None:
    """Give the account other values; values that it has already are no change.

    Raises Invalid for pets that have too many characters, unless the account has just these from
    before the limit.
    """
    pets = changes.get("pets", account.pets)
    if pets != account.pets and (why := why_too_many_characters(pets)):
        raise Invalid(errors={"pets": [why]})
    for name, value in changes.items():
        setattr(account, name, value)
    if session.is_modified(account):
        account.changed_revision = account.next_revision()


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
