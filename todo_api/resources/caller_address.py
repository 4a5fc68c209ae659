"""Where a request came from, and how safely, which a trusted proxy in between may tell."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from wsgiref.types import WSGIEnvironment

from flask import Request

from todo_api.settings import Settings

Address = IPv4Address | IPv6Address

LONGEST_ADDRESS = 100
"""Characters of the longest text that is taken for an address. An IPv6 address with a zone and a
port has up to 70."""

_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]+)?")


def of(request: Request, settings: Settings) -> str:
    """Return the address by which limits are counted, as text: see `network_in`."""
    return network_in(request.environ, settings)


def network_in(environ: WSGIEnvironment, settings: Settings) -> str:
    """Return the address by which clients are told apart, as text.

    An IPv6 address counts as its whole /64, which is what one customer gets.
    """
    return _network_of(exact(environ, settings))


@lru_cache(1_024)
def _network_of(address: Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def exact_text(environ: WSGIEnvironment, settings: Settings) -> str:
    """Return the address that a request came from as text, which is empty if it is not known."""
    if "HTTP_X_FORWARDED_FOR" in environ:
        return _text(exact(environ, settings))
    return _text_of(environ.get("REMOTE_ADDR", ""))


def exact(environ: WSGIEnvironment, settings: Settings) -> Address | None:
    """Return the address that a request came from, if it is known.

    `X-Forwarded-For` is read from its right end, and only as far as trusted proxies wrote it:
    whatever stands left of the first other address anybody can make up.
    """
    nearest = _address(environ.get("REMOTE_ADDR", ""))
    for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        told = _address(hop.strip())
        if told is None or not _is_trusted(nearest, settings):
            break
        nearest = told
    return nearest


def came_by_tls(environ: WSGIEnvironment, settings: Settings) -> bool:
    """Return whether a request was encrypted on its way to this server, or to its trusted proxy.

    Of several protocols in `X-Forwarded-Proto` the last one counts, which that proxy wrote.
    """
    told = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
    if told and _is_trusted(_address(environ.get("REMOTE_ADDR", "")), settings):
        return bool(told == "https")
    return bool(environ["wsgi.url_scheme"] == "https")


def _is_trusted(address: Address | None, settings: Settings) -> bool:
    return address is not None and any(address in net for net in settings.trusted_proxies)


def _address(text: str) -> Address | None:
    """Return the address in `text`; a longer text is not even cached as none."""
    return _parsed(text) if len(text) <= LONGEST_ADDRESS else None


@lru_cache(1_024)
def _parsed(text: str) -> Address | None:
    with_port = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(with_port[1] or with_port[2] if with_port else text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(1_024)
def _text_of(told: str) -> str:
    return _text(_address(told))


def _text(address: Address | None) -> str:
    return "" if address is None else str(address)
