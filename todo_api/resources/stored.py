"""Endpoints over the database: the way of a write, beside that of a read.

A write looks who calls, reads its input and does its slow work first; then, inside one transaction,
it takes the row that orders the writers, looks again who calls and holds `If-Match` against what is
stored now. One that is short, and all there, looks once: in the transaction, or when it fails. A
dry run goes the same way, but for the commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, ClassVar

from flask import Response

from todo_api.errors import NotFound, Problem
from todo_api.models import Replay
from todo_api.resources import body, idempotency, json_text, passage, preconditions, preferences
from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Changed, Created, Shown
from todo_api.resources.reading import ReadingEndpoint
from todo_api.resources.work import Work
from todo_api.services import replays, tokens
from todo_api.services.replays import Ask
from todo_api.sessions import take_turns

CHANGES = ("put", "patch")
GUARDED = (*CHANGES, "delete")


@dataclass(frozen=True)
class Sent:
    """What a write brings along: values, the read-only fields among them, and an ask to be kept."""

    values: dict[str, Any] | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    ask: Ask | None = None


class StoredEndpoint(ReadingEndpoint):
    """A resource that may write, too.

    One whose statements may take long is `long`. One whose writes are `short` does no slow work, so
    that they may share a commit with others, which have to wait for them.
    """

    writes: ClassVar[tuple[str, ...]] = ("post", "put", "patch", "delete")
    short: ClassVar[bool] = False
    long: ClassVar[bool] = False
    dry = False

    @classmethod
    def work_of(cls, verb: str, query_string: str) -> Work:
        """Return the kind of work that `verb` is."""
        if verb not in cls.writes:
            return super().work_of(verb, query_string)
        return cls.work.get(verb) or (Work.SHORT_WRITE if cls.short else Work.WRITE)

    def prepare(self, values: dict[str, Any]) -> Any:
        """Do the slow part of a write, while no session is open; return what the verb is to get."""
        return values

    def may_replay(self, values: dict[str, Any]) -> None:
        """Raise unless whoever repeats a request with `values` may have its answer."""

    def answer(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        """Answer `verb`, in a transaction if it writes."""
        if verb not in self.writes:
            return super().answer(verb, ids)
        self.dry = preferences.is_dry_run(self.request)
        return self._write(verb, ids)

    def _write(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        if not (self.short and self._is_at_hand()):
            self._look(verb, ids)
            if passage.BODY_TO_COME in self.request.environ:
                passage.of(self.request).is_admitted = True
                return None, 204, {}
            return self._write_what_is_sent(verb, ids)
        try:
            return self._write_what_is_sent(verb, ids)
        except Problem:
            # Who may not do this at all learns that, whatever else is wrong.
            self._look(verb, ids)
            raise

    def _is_at_hand(self) -> bool:
        """Return whether all of the body is there, and is to be answered only once."""
        is_there = isinstance(self.request.environ["wsgi.input"], BytesIO)
        return is_there and not idempotency.is_asked(self.request)

    def _look(self, verb: str, ids: dict[str, Any]) -> None:
        """Raise unless the verb is the caller's to use, before anything is written."""
        self.writing = False
        if self.access[verb] != PUBLIC:
            with self.database.reading(one_state=False) as self.session:
                self.admit(verb, **ids)

    def _write_what_is_sent(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        sent = self.sent(verb)
        if kept := self._kept(sent):
            return self._again(kept, sent)
        try:
            inputs = [] if sent.values is None else [self.prepare(sent.values)]
        except Problem:
            # What stands in the way may be what this very request did when it came before.
            if kept := self._kept(sent):
                return self._again(kept, sent)
            raise
        self.writing = True
        with self.database.transaction(dry=self.dry, long=self.long) as self.session:
            if sent.ask:
                take_turns(self.session, sent.ask.turn)
            objects = self._found(verb, ids)
            self.admit(verb, **ids)
            kept = replays.find(self.session, sent.ask) if sent.ask else None
            if kept is None:
                if self.access[verb] != PUBLIC and not tokens.use_is_noted(self.caller.token):
                    tokens.note_use(self.session, self.caller.token)
                return self._done(verb, objects, inputs, sent)
        return self._again(kept, sent)

    def _found(self, verb: str, ids: dict[str, Any]) -> tuple[Any, ...]:
        try:
            return self.find(**ids)
        except NotFound:
            # Whose token has died meanwhile, with the account perhaps, learns that and no more.
            self.admit(verb, **ids)
            raise

    def sent(self, verb: str) -> Sent:
        """Read the body; however slowly it comes, no connection to the database waits for it."""
        self.asked(verb)
        schema = self.takes.get(verb)
        if schema is None:
            return Sent()
        raw = body.read(self.request).for_(schema)
        values = schema.read(raw, partial=verb in CHANGES)
        ask = None
        if self.creates and verb == "post" and idempotency.is_asked(self.request):
            owner = replays.NOBODY if self.access[verb] == PUBLIC else self.caller.account.id
            ask = idempotency.ask_of(self.request, owner, schema, raw)
        return Sent(values, schema.read_only_in(values), ask)

    def _kept(self, sent: Sent) -> Replay | None:
        if sent.ask is None:
            return None
        with self.database.reading(one_state=False) as session:
            return replays.find(session, sent.ask)

    def _again(self, kept: Replay, sent: Sent) -> Response:
        self.may_replay(sent.values or {})
        return idempotency.replayed(kept)

    def _done(self, verb: str, objects: tuple[Any, ...], inputs: list[Any], sent: Sent) -> Shown:
        """Do what the verb says, and keep the answer if it may be asked for again."""
        changing = verb in CHANGES
        if verb in GUARDED:
            self._must_be_fresh(*objects)
        if changing:
            self.takes[verb].must_match(sent.claims, objects[-1])
        result = getattr(self, verb)(*objects, *inputs)
        if isinstance(result, Changed):
            result = result.what
            objects = (*objects[:-1], result)
        elif isinstance(result, Created):
            self.takes[verb].must_match(sent.claims, result.what)
        shown = self.shown(verb, result, None if result is None else self.shown_version(*objects))
        if sent.ask:
            data, status, headers = shown
            about = result.account_id if isinstance(result, Created) else None
            rendered = json_text.render(data)
            replays.keep(self.session, sent.ask, status, headers, rendered, about=about)
        return shown

    def _must_be_fresh(self, *objects: Any) -> None:
        """Hold If-Match and If-None-Match against the version stored now."""
        version = self.version(*objects)
        if version is not None:
            show = self.gives["get"].show
            versions = {version, self.shown_version(*objects) or version}
            preconditions.check(self.request, versions, lambda: show(objects[-1]))
