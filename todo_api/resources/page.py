"""What the web page is made of: modules, a style sheet, icons, a manifest, a service worker."""

from hashlib import sha256
from pathlib import Path

from flask import Response
from werkzeug.exceptions import NotFound

from todo_api.resources import json_text
from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Endpoint
from todo_api.resources.static import SEALED, StaticFile

WEB = Path(__file__).parent.parent / "web"

JAVASCRIPT, MANIFEST = "text/javascript", "application/manifest+json"
_MEDIA = {".css": "text/css", ".js": JAVASCRIPT, ".svg": "image/svg+xml"}
_WORKER = "sw.js"


def _file(path: Path, media: str) -> StaticFile:
    return StaticFile(path.read_bytes(), f"{media}; charset=utf-8")


FILES = {
    path.relative_to(WEB).as_posix(): _file(path, _MEDIA[path.suffix])
    for path in sorted([*WEB.iterdir(), *(WEB / "views").iterdir()])
    if path.suffix in _MEDIA and path.name != _WORKER
}
"""The files by the end of their URL."""

_MANIFEST = _file(WEB / "manifest.webmanifest", MANIFEST)


def _worker() -> StaticFile:
    """Return the service worker, headed by what it keeps and by the version of all of that.

    A browser that finds a single byte changed here fetches all the files anew, so that the modules
    which it keeps always fit together.
    """
    paths = ["/", "/manifest.webmanifest", *(f"/web/{name}" for name in FILES)]
    shell = (WEB / "index.html").read_bytes()
    parts = [shell, _MANIFEST.content, *(file.content for file in FILES.values())]
    version = sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()[:16]
    head = f"const VERSION = {json_text.render(version).decode()};\n"
    head += f"const FILES = {json_text.render(paths).decode()};\n"
    return StaticFile(head.encode() + (WEB / _WORKER).read_bytes(), f"{JAVASCRIPT}; charset=utf-8")


_WORKER_FILE = _worker()


class PageFile(Endpoint):
    """A module, a style sheet or an icon of the web page."""

    access = {"get": PUBLIC}
    media = {"get": tuple(_MEDIA.values())}
    versioned = True
    may = {"get": (404,)}

    def get(self, asset: str) -> Response:
        """Get a file of the web page."""
        if asset not in FILES:
            raise NotFound
        return FILES[asset].answer(self.settings)


class Manifest(Endpoint):
    """What a phone needs to put the web page on its home screen (W3C Web Application Manifest)."""

    access = {"get": PUBLIC}
    media = {"get": (MANIFEST,)}
    versioned = True

    def get(self) -> Response:
        """Get the manifest of the web page."""
        return _MANIFEST.answer(self.settings)


class Worker(Endpoint):
    """The service worker; it stands at the root, since it may serve only what is below itself."""

    access = {"get": PUBLIC}
    media = {"get": (JAVASCRIPT,)}
    versioned = True

    def get(self) -> Response:
        """Get the service worker of the web page."""
        policy = f"{SEALED}; connect-src 'self'"
        return _WORKER_FILE.answer(self.settings, {"Content-Security-Policy": policy})
