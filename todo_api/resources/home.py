"""The front door: the web page for people, the listing of the API for programs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Response, request

from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Endpoint, Shown
from todo_api.resources.static import SEALED, StaticFile
from todo_api.schemas.home import ListingSchema

PAGE = StaticFile(
    (Path(__file__).parent.parent / "web" / "index.html").read_bytes(), "text/html; charset=utf-8"
)

POLICY = "; ".join(
    [
        SEALED,
        *(f"{kind}-src 'self'" for kind in ("script", "style", "connect", "img", "manifest")),
        "worker-src 'self'",
    ]
)
"""The page is made of files of this server, and talks to this server."""


class Listing(Endpoint):
    """What this API has."""

    compresses = True
    access = {"get": PUBLIC}
    gives = {"get": ListingSchema()}

    def get(self) -> Mapping[str, str]:
        """See the listing."""
        return self.backend.listing


class Home(Listing):
    """The web page, or the listing for whoever accepts JSON and not HTML."""

    compresses = False
    access = {"get": PUBLIC}
    media = {"get": ("application/json", "text/html")}
    versioned = True

    def answer(self, verb: str, ids: dict[str, Any]) -> Shown | Response:
        """Answer with what the Accept header prefers."""
        accepted = [media for media, quality in request.accept_mimetypes if quality > 0]
        if "application/json" in accepted and "text/html" not in accepted:
            data, status, headers = self.shown(verb, self.get())
            return data, status, {**headers, "Vary": "Accept"}
        return PAGE.answer(self.settings, {"Content-Security-Policy": POLICY, "Vary": "Accept"})
