"""Endpoints whose POST takes a file, such as imports."""

from collections.abc import Mapping
from threading import Lock
from typing import Any, ClassVar

from flask import Response

from todo_api.errors import Unavailable
from todo_api.resources import body, idempotency, upload
from todo_api.resources.endpoint import Shown
from todo_api.resources.stored import Sent, StoredEndpoint
from todo_api.resources.work import Work

LARGE = 4 * body.MIB
"""Bytes from which on a file is large."""

LARGE_FILE = Lock()
"""Held by the request whose large file is parsed and stored.

That takes up to fifteen times the memory that the file has, so all large files at once could take
all there is. Small ones go on beside it.
"""


class FileEndpoint(StoredEndpoint):
    """A resource whose POST takes a file: JSON, as `takes` describes it, or a text of `files`.

    These are media types, each with an example for the docs. `prepare` gets `{"file": Upload,
    "query": …}`, and the file that it takes out of that is free once it is parsed.
    """

    creates = True
    long = True
    work = {"post": Work.FILE}
    files: ClassVar[Mapping[str, str]]

    holds_large_file = False

    def answer(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        """Answer `verb`; one large file at a time."""
        try:
            return super().answer(verb, ids)
        finally:
            if self.holds_large_file:
                LARGE_FILE.release()

    def sent(self, verb: str) -> Sent:
        """Read the file; wait until no other large one is worked on."""
        query = self.asked(verb)
        file = upload.read(self.request, (body.JSON, *self.files), self.settings.import_max)
        ask = idempotency.ask_of_file(self.request, self.caller.account.id, file, query)
        if len(file.content) > LARGE:
            seconds = self.settings.lock_timeout
            self.holds_large_file = LARGE_FILE.acquire(timeout=seconds)
            if not self.holds_large_file:
                raise Unavailable("Another import is under way; try again.", retry_after=seconds)
        return Sent({"file": file, "query": query}, ask=ask)
