"""Files that are answered as they are, each with the ETag of its content."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from flask import Response, request

from todo_api.values import etags

SEALED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of a page that needs nothing; what one needs is said behind it."""


@dataclass(frozen=True)
class StaticFile:
    """The content of a file and its media type."""

    content: bytes
    media: str

    @cached_property
    def version(self) -> str:
        """What changes with the content, and with nothing else."""
        return sha256(self.content).hexdigest()[:32]

    def answer(self, headers: Mapping[str, str] | None = None) -> Response:
        """Answer the request with the file, or with 304 to who has it."""
        headers = {"ETag": etags.strong(self.version), **(headers or {})}
        if request.if_none_match.contains_weak(self.version):
            return Response(status=304, headers=headers)
        return Response(self.content, content_type=self.media, headers=headers)
