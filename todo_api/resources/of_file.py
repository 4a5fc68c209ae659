"""Endpoints whose POST takes a file, such as imports."""

from typing import ClassVar

from flask import request

from todo_api.resources import idempotency, upload
from todo_api.resources.stored import Sent, StoredEndpoint


class FileEndpoint(StoredEndpoint):
    """A resource whose POST takes a file of one of the media types in `files`, and no fields.

    Its `prepare` gets `{"file": Upload}`, and what it takes out of that is free once it is parsed.
    """

    creates = True
    files: ClassVar[tuple[str, ...]]

    def sent(self, verb: str) -> Sent:
        """Read the file, however slowly it comes."""
        self.asked(verb)
        file = upload.read(request, self.files, self.settings.import_max)
        ask = idempotency.ask_of_file(request, self.caller.account.id, file)
        return Sent({"file": file}, ask=ask)
