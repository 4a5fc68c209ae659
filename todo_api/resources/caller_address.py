"""Where a request came from, and how safely, which a trusted proxy in between may tell."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import Request

from todo_api.settings import Settings

Address = IPv4Address | IPv6Address

_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]+)?")


def of(request: Request, settings: Settings) -> str:
    """Return the address by which limits are counted, as text.

    An IPv6 address counts as its whole /64, which is what one customer gets.
    """
    nearest = exact(request, settings)
    if isinstance(nearest, IPv6Address):
        return str(ip_network((nearest, 64), strict=False))
    return str(nearest)


def exact(request: Request, settings: Settings) -> Address | None:
    """Return the address that `request` came from, if it is known.

    `X-Forwarded-For` is read from its right end, and only as far as trusted proxies wrote it:
    whatever stands left of the first other address anybody can make up.
    """
    nearest = _address(request.remote_addr or "")
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        told = _address(hop.strip())
        if told is None or not _is_trusted(nearest, settings):
            break
        nearest = told
    return nearest


def came_by_tls(request: Request, settings: Settings) -> bool:
    """Return whether `request` was encrypted on its way to this server, or to its trusted proxy.

    Of several protocols in `X-Forwarded-Proto` the last one counts, which that proxy wrote.
    """
    told = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
    if told and _is_trusted(_address(request.remote_addr or ""), settings):
        return told == "https"
    return request.scheme == "https"


def _is_trusted(address: Address | None, settings: Settings) -> bool:
    return address is not None and any(address in net for net in settings.trusted_proxies)


@lru_cache(1_024)
def _address(text: str) -> Address | None:
    with_port = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(with_port[1] or with_port[2] if with_port else text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
