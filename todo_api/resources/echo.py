"""Echo: a text twice, or the whole request as the server saw it."""

from typing import Any

from flask import request

from todo_api.resources import auth, body, form
from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import VERBS, Endpoint, Shown
from todo_api.schemas.echo import Anything, EchoedRequest, EchoedText

ECHOED_TEXT = EchoedText()
CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", auth.HEADER.lower()})


class EchoText(Endpoint):
    """The text in the path, twice."""

    access = {"get": PUBLIC}
    gives = {"get": ECHOED_TEXT}
    may = {"get": (422,)}

    def get(self, text: str) -> dict[str, str]:
        """Get the text back, twice, joined by one space."""
        return ECHOED_TEXT.read({"echo": f"{text} {text}"})


class Echo(Endpoint):
    """The request itself, for trying out a client."""

    access = dict.fromkeys(VERBS, PUBLIC)
    takes = dict.fromkeys(("post", "put", "patch"), Anything())
    gives = dict.fromkeys(VERBS, EchoedRequest())
    may = dict.fromkeys(VERBS, (411, 413, 415, 422))

    def answer(self, verb: str, ids: dict[str, Any]) -> Shown:
        """Answer without holding the request against any schema."""
        return self.shown(verb, getattr(self, verb)())

    def get(self) -> dict[str, Any]:
        """See what the server saw."""
        sent = body.read(request)
        return {
            "method": request.method,
            "args": _singles(form.urlencoded(request.query_string)),
            "headers": {
                name: value
                for name, value in request.headers.items()
                if name.lower() not in CREDENTIALS
            },
            "form": _singles(sent.form or {}),
            "json": None if sent is body.NOTHING or sent.form is not None else sent.json,
        }

    post = put = patch = delete = get


def _singles(fields: form.Form) -> dict[str, str | list[str]]:
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in fields.items()}
