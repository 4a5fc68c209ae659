"""The API's own description."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from flask import Response, request
from werkzeug.exceptions import NotFound

from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Endpoint
from todo_api.resources.static import SEALED, StaticFile
from todo_api.schemas.docs import CollectionSchema, DocumentSchema

POLICY = f"{SEALED}; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
"""What Swagger UI needs: icons that its style sheet brings along, and requests to this server.

Its style attributes need no 'unsafe-inline': it sets them by script, which no policy holds back.
"""

OWN, SWAGGER_UI = "todo_api/web/docs", "flask_swagger_ui/dist"

HTML, CSS, JAVASCRIPT = (f"text/{kind}; charset=utf-8" for kind in ("html", "css", "javascript"))
FILES = {
    "start.js": (OWN, JAVASCRIPT),
    "index.css": (SWAGGER_UI, CSS),
    "swagger-ui.css": (SWAGGER_UI, CSS),
    "swagger-ui-bundle.js": (SWAGGER_UI, JAVASCRIPT),
    "favicon-32x32.png": (SWAGGER_UI, "image/png"),
}


class OpenAPI(Endpoint):
    """The OpenAPI 3.1 document, from which clients and tests are made."""

    strict = True
    compresses = True
    access = {"get": PUBLIC}
    gives = {"get": DocumentSchema()}

    def get(self) -> Mapping[str, Any]:
        """Get the OpenAPI document."""
        return self.backend.document()


class PostmanCollection(Endpoint):
    """The Postman collection 2.1, for the server as it was called by whoever asks."""

    strict = True
    compresses = True
    access = {"get": PUBLIC}
    gives = {"get": CollectionSchema()}

    def get(self) -> Mapping[str, Any]:
        """Get the Postman collection."""
        return self.backend.collection(request.host_url.rstrip("/"))


class Docs(Endpoint):
    """A page for people on which every operation can be read about and tried out: Swagger UI."""

    strict = True
    access = {"get": PUBLIC}
    media = {"get": ("text/html",)}
    versioned = True

    def get(self) -> Response:
        """See the interactive docs."""
        page = _file("index.html", OWN, HTML)
        return page.answer(self.settings, {"Content-Security-Policy": POLICY})


class DocsFile(Endpoint):
    """A style sheet, script or icon of the interactive docs."""

    strict = True
    access = {"get": PUBLIC}
    media = {"get": ("text/css", "text/javascript", "image/png")}
    versioned = True
    may = {"get": (404,)}

    def get(self, file: str) -> Response:
        """Get a file of the interactive docs."""
        if file not in FILES:
            raise NotFound
        return _file(file, *FILES[file]).answer(self.settings)


@cache
def _file(name: str, folder: str, media: str) -> StaticFile:
    package, *inside = folder.split("/")
    return StaticFile(files(package).joinpath(*inside, name).read_bytes(), media)
