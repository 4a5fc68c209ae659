"""Headers that tell browsers and caches what not to do with an answer."""

from wsgiref.types import WSGIEnvironment

from todo_api.resources import caller_address
from todo_api.resources.static import SEALED
from todo_api.settings import Settings

Headers = list[tuple[str, str]]

POLICY, CACHE = "Content-Security-Policy", "Cache-Control"

_SECONDS_A_DAY = 86_400


def put_on(headers: Headers, environ: WSGIEnvironment, cache: str, settings: Settings) -> None:
    """Add each of them to `headers` that is not there, `cache` as the Cache-Control.

    Whoever came by TLS is told to keep to it (RFC 6797), which over plain http nobody would heed.
    """
    names = [name for name, _ in headers]
    headers.append(("X-Content-Type-Options", "nosniff"))
    headers.append(("Referrer-Policy", "no-referrer"))
    if POLICY not in names:
        headers.append((POLICY, SEALED))
    if CACHE not in names:
        headers.append((CACHE, cache))
    if caller_address.came_by_tls(environ, settings):
        seconds = settings.hsts_days * _SECONDS_A_DAY
        headers.append(("Strict-Transport-Security", f"max-age={seconds}"))
