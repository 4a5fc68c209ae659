"""Headers that tell browsers and caches what not to do with an answer."""

from flask import Response, g, request

from todo_api.resources import caller_address
from todo_api.resources.static import SEALED
from todo_api.settings import Settings

_SECONDS_A_DAY = 86_400


def put_on(response: Response, settings: Settings) -> None:
    """Give `response` each of the headers that its endpoint has not chosen itself.

    Whoever came by TLS is told to keep to it (RFC 6797), which over plain http nobody would heed.
    """
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Content-Security-Policy", SEALED)
    response.headers.setdefault("Cache-Control", g.get("cache", "no-cache"))
    if caller_address.came_by_tls(request, settings):
        seconds = settings.hsts_days * _SECONDS_A_DAY
        response.headers["Strict-Transport-Security"] = f"max-age={seconds}"
