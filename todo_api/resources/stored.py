"""Endpoints over the database.

A read sees one state of the database. A write looks who calls, reads its input and does its slow
work first; then, inside one transaction, it takes the row that orders the writers, looks again who
calls and holds `If-Match` against what is stored now.
"""

from typing import Any, ClassVar

from flask import request
from sqlalchemy.orm import Session

from todo_api.errors import Stale
from todo_api.models import Account
from todo_api.resources import auth, body
from todo_api.resources.auth import PUBLIC, Caller
from todo_api.resources.backend import Backend
from todo_api.resources.endpoint import Created, Endpoint, Shown, Version, etag
from todo_api.services import accounts

CHANGES = ("put", "patch")
GUARDED = (*CHANGES, "delete")


class StoredEndpoint(Endpoint):
    """A resource over the SQLAlchemy session, `self.session`, that the request's phase has."""

    writes: ClassVar[tuple[str, ...]] = ("post", "put", "patch", "delete")

    session: Session
    caller: Caller

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self.database = backend.database
        self.writing = False
        self.query: dict[str, Any] = {}

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Return the objects that the URL names, the most particular last; take them if writing."""
        return ()

    def version(self, *objects: Any) -> Version | None:
        """Return the version of what this URL shows, None if it has none."""
        return None

    def prepare(self, values: dict[str, Any]) -> dict[str, Any]:
        """Do the slow part of a write, while no session is open; return what the verb is to get."""
        return values

    def admit(self, verb: str, **ids: Any) -> None:
        """Look who calls, and raise unless the verb is theirs to use."""
        access = self.access[verb]
        if access != PUBLIC:
            self.caller = auth.identify(self.session, request)
            auth.admit(access, self.caller, verb, ids.get("username"))

    def answer(self, verb: str, ids: dict[str, Any]) -> Shown:
        """Answer `verb` from the database."""
        return self._write(verb, ids) if verb in self.writes else self._read(verb, ids)

    def _read(self, verb: str, ids: dict[str, Any]) -> Shown:
        with self.database.reading() as self.session:
            self.admit(verb, **ids)
            if verb in self.asks:
                self.query = self.asked(verb)
            objects = self.find(**ids)
            version = self.version(*objects)
            if version and request.if_none_match.contains_weak(version):
                return None, 304, {"ETag": etag(version)}
            inputs = [self.query] if verb in self.asks else []
            return self.shown(verb, getattr(self, verb)(*objects, *inputs), version)

    def _write(self, verb: str, ids: dict[str, Any]) -> Shown:
        if self.access[verb] != PUBLIC:
            with self.database.reading() as self.session:
                self.admit(verb, **ids)
        inputs, claims = [], {}
        if schema := self.takes.get(verb):
            # However slowly the body comes, it keeps no connection to the database waiting.
            values = schema.read(body.read(request).for_(schema), partial=verb in CHANGES)
            claims = schema.read_only_in(values)
            inputs = [self.prepare(values)]
        self.writing = True
        with self.database.transaction() as self.session:
            objects = self.find(**ids)
            self.admit(verb, **ids)
            if verb in GUARDED:
                self._must_be_fresh(*objects)
            if schema and verb in CHANGES:
                schema.must_match(claims, objects[-1])
            result = getattr(self, verb)(*objects, *inputs)
            if schema and isinstance(result, Created):
                schema.must_match(claims, result.what)
            return self.shown(verb, result, self.version(*objects) if verb in CHANGES else None)

    def _must_be_fresh(self, *objects: Any) -> None:
        """Hold the request's If-Match (RFC 9110, 13.1.1) against the version stored now."""
        version = self.version(*objects)
        if version is None or "If-Match" not in request.headers:
            return
        if not request.if_match.contains(version):
            raise Stale


class AccountEndpoint(StoredEndpoint):
    """A resource below `/api/v1/accounts/<username>`; its verbs are handed that account first."""

    account: Account

    def admit(self, verb: str, **ids: Any) -> None:
        """Look who calls, and which account that is about."""
        super().admit(verb, **ids)
        if self.writing:
            return
        if self.caller.is_called(ids["username"]):
            self.account = self.caller.account
        else:
            self.account = accounts.named(self.session, ids["username"])

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Return the account, taken if this is a write, and what the URL names within it."""
        if self.writing:
            self.account = accounts.take(self.session, self.account.id)
        within = {name: value for name, value in ids.items() if name != "username"}
        return (self.account, *self.find_within(self.account, **within))

    def find_within(self, account: Account, **ids: Any) -> tuple[Any, ...]:
        """Return what the rest of the URL names among the account's own."""
        return ()
