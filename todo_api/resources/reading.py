"""Endpoints that read the database: what one says of itself, and the way of a read.

A read sees one state of the database. It looks who calls, reads the query, finds what the URL
names, and ends there if the client has it already.
"""

from contextlib import suppress
from typing import Any, ClassVar

from flask import Response
from marshmallow import RAISE
from sqlalchemy.orm import Session

from todo_api.errors import Unavailable
from todo_api.resources import auth, passage
from todo_api.resources.auth import PUBLIC, Caller
from todo_api.resources.backend import Backend
from todo_api.resources.endpoint import NOTHING_ASKED, Endpoint, Shown, Version
from todo_api.resources.work import Work, is_lookup
from todo_api.services import tokens
from todo_api.values import etags


class ReadingEndpoint(Endpoint):
    """A resource over the SQLAlchemy session, `self.session`, that the request's phase has."""

    knows_callers = True

    reads_long: ClassVar[bool] = False
    """Whether the database may take long for a verb that reads, which is done in a thread then."""

    session: Session
    caller: Caller
    writing = False
    """Whether that session is the one that writes, so that what is found is to be taken."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self.database = backend.database
        self.query: dict[str, Any] = {}

    @classmethod
    def work_of(cls, verb: str, query_string: str) -> Work:
        """Return the kind of work that `verb` is: a look-up, if an index answers the query."""
        return cls.work.get(verb) or (Work.LOOKUP if is_lookup(query_string) else Work.SCAN)

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Return the objects that the URL names, the most particular last; take them if writing."""
        return ()

    def plan(self, *objects: Any) -> Any:
        """Return what the verb is to get for the query, or raise Invalid if that makes no sense."""
        return self.query

    def version(self, *objects: Any) -> Version | None:
        """Return the version of what this URL shows, None if it has none."""
        return None

    def shown_version(self, *objects: Any) -> Version | None:
        """Return the version in the ETag of an answer, where that shows more than the URL names."""
        return self.version(*objects)

    def state(self, *objects: Any) -> Version | None:
        """Return the version of the caller's account if it tells of every change to the answer."""
        return None

    def may_ignore_parameters(self, verb: str) -> bool:
        """Return whether the request has a query in which the route may ignore parameters."""
        schema = self.asks.get(verb, NOTHING_ASKED)
        refuses = schema.unknown == RAISE and (self.strict or schema is not NOTHING_ASKED)
        return bool(self.request.query_string) and not refuses

    def admit(self, verb: str, **ids: Any) -> None:
        """Look who calls, and raise unless the verb is theirs to use."""
        access = self.access[verb]
        if access != PUBLIC:
            self.caller = self.who()
            auth.admit(access, self.caller, verb, ids.get("username"))

    def who(self) -> Caller:
        """Return who calls."""
        return auth.identify(self.session, self.request)

    def answer(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        """Answer `verb` from the database.

        A verb that reads may return a Response of its own, where that is not JSON.
        """
        shown = self._read(verb, ids)
        self._note_use(verb)
        return shown

    def _read(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        with self.database.reading(long=self.reads_long) as self.session:
            self.admit(verb, **ids)
            self.query = self.asked(verb)
            objects = self.find(**ids)
            inputs = [self.plan(*objects)] if verb in self.asks else []
            version = self.shown_version(*objects)
            passage.of(self.request).state = self.state(*objects) if version else None
            if version and self.request.if_none_match.contains_weak(version):
                return None, 304, {"ETag": etags.strong(version)}
            result = getattr(self, verb)(*objects, *inputs)
            if not isinstance(result, Response):
                return self.shown(verb, result, version)
            if version:
                result.set_etag(version)
            return result

    def _note_use(self, verb: str) -> None:
        """Note the use of the caller's token, unless a writer is in the way: reads do not wait."""
        if self.access[verb] == PUBLIC or tokens.use_is_noted(self.caller.token):
            return
        afterwards = self.request.environ.get(passage.AFTERWARDS)
        if afterwards is None:
            self._write_use()
        else:
            afterwards.append(self._write_use)

    def _write_use(self) -> None:
        with suppress(Unavailable), self.database.transaction(patient=False) as session:
            tokens.note_use(session, self.caller.token)
