"""Endpoints whose POST takes a file, such as imports."""

from collections.abc import Mapping
from threading import Lock
from typing import Any, ClassVar

from flask import Response

from todo_api.errors import Unavailable
from todo_api.resources import body, idempotency, upload
from todo_api.resources.endpoint import Shown
from todo_api.resources.stored import Sent, StoredEndpoint

TURN = Lock()
"""Held by the request whose file is understood and stored.

That takes up to fifteen times the memory that the file has, and a thread for as long: all files at
once could take all there is of both.
"""


class FileEndpoint(StoredEndpoint):
    """A resource whose POST takes a file: JSON, as `takes` describes it, or a text of `files`.

    These are media types, each with an example for the docs. `prepare` gets `{"file": Upload}`, and
    what it takes out of that is free once it is parsed.
    """

    creates = True
    long = True
    files: ClassVar[Mapping[str, str]]

    has_turn = False

    def answer(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        """Answer `verb`; one file at a time."""
        try:
            return super().answer(verb, ids)
        finally:
            if self.has_turn:
                TURN.release()

    def sent(self, verb: str) -> Sent:
        """Read the file, however slowly it comes, and wait for the turn to work on it."""
        self.asked(verb)
        file = upload.read(self.request, (body.JSON, *self.files), self.settings.import_max)
        ask = idempotency.ask_of_file(self.request, self.caller.account.id, file)
        patience = self.settings.lock_timeout
        self.has_turn = TURN.acquire(timeout=patience)
        if not self.has_turn:
            raise Unavailable("Another import is under way; try again.", retry_after=patience)
        return Sent({"file": file}, ask=ask)
