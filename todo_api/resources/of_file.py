"""Endpoints whose POST takes a file, such as imports."""

from collections.abc import Mapping
from typing import ClassVar

from flask import request

from todo_api.resources import body, idempotency, upload
from todo_api.resources.stored import Sent, StoredEndpoint


class FileEndpoint(StoredEndpoint):
    """A resource whose POST takes a file: JSON, as `takes` describes it, or a text of `files`.

    These are media types, each with an example for the docs. `prepare` gets `{"file": Upload}`, and
    what it takes out of that is free once it is parsed.
    """

    creates = True
    files: ClassVar[Mapping[str, str]]

    def sent(self, verb: str) -> Sent:
        """Read the file, however slowly it comes."""
        self.asked(verb)
        file = upload.read(request, (body.JSON, *self.files), self.settings.import_max)
        ask = idempotency.ask_of_file(request, self.caller.account.id, file)
        return Sent({"file": file}, ask=ask)
