"""Files that are answered as they are, each with the ETag of its content."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from flask import Response, request

from todo_api.resources import compression
from todo_api.resources.compression import BROTLI, GZIP
from todo_api.settings import Settings
from todo_api.values import etags

SEALED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of a page that needs nothing; what one needs is said behind it."""


_COMPRESSED_ALREADY = ("image/png",)


@dataclass(frozen=True)
class StaticFile:
    """The content of a file and its media type."""

    content: bytes
    media: str

    @cached_property
    def version(self) -> str:
        """What changes with the content, and with nothing else."""
        return sha256(self.content).hexdigest()[:32]

    @cached_property
    def in_gzip(self) -> bytes:
        """The content in gzip."""
        return compression.compress_file(self.content, GZIP)

    @cached_property
    def in_brotli(self) -> bytes:
        """The content in brotli."""
        return compression.compress_file(self.content, BROTLI)

    @property
    def is_compressed(self) -> bool:
        """Whether it is smaller in gzip and brotli, as a picture is not."""
        return self.media not in _COMPRESSED_ALREADY and len(self.content) >= compression.SMALLEST

    def coded(self, coding: str | None) -> bytes:
        """Return the content in a coding of HTTP, None for the plain one."""
        if coding is None:
            return self.content
        return self.in_brotli if coding == BROTLI else self.in_gzip

    def answer(self, settings: Settings, headers: Mapping[str, str] | None = None) -> Response:
        """Answer the request with the file, or with 304 to a client that has it."""
        response = Response(content_type=self.media, headers={**(headers or {})})
        coding, tag = None, etags.strong(self.version)
        if settings.compress_files == "on" and self.is_compressed:
            response.vary.add("Accept-Encoding")
            coding = compression.chosen(request.environ, (BROTLI, GZIP))
        response.headers["ETag"] = compression.weak(tag) if coding else tag
        if request.if_none_match.contains_weak(self.version):
            response.status_code = 304
            return response
        if coding:
            response.headers["Content-Encoding"] = coding
        response.set_data(self.coded(coding))
        return response
