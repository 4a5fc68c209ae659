"""The address a request came from, which a trusted proxy in between may tell."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import Request

from todo_api.settings import Settings

_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]+)?")


def of(request: Request, settings: Settings) -> str:
    """Return the address by which limits are counted, as text.

    `X-Forwarded-For` is read from its right end, and only as far as trusted proxies wrote it:
    whatever stands left of the first other address anybody can make up. An IPv6 address counts as
    its whole /64, which is what one customer gets.
    """
    nearest = _address(request.remote_addr or "")
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        told = _address(hop.strip())
        trusted = nearest and any(nearest in proxies for proxies in settings.trusted_proxies)
        if not trusted or told is None:
            break
        nearest = told
    if isinstance(nearest, IPv6Address):
        return str(ip_network((nearest, 64), strict=False))
    return str(nearest)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    with_port = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(with_port[1] or with_port[2] if with_port else text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
