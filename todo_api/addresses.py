"""Addresses: where the server listens, and the URL that reaches it there."""

import socket

from todo_api.errors import CannotStart


def address_of(host: str, port: int) -> str:
    """Return the IP address of `host`, which is what granian takes.

    Raises CannotStart when `port` cannot be listened on there. If somebody else does already,
    granian would share it with them.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return str(address[0])
    except OSError as error:
        raise CannotStart(f"Cannot listen on HOST {host}, PORT {port}: {error.strerror}.") from None


def url_of(host: str, port: int) -> str:
    """Return a URL that reaches the server from this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - Not bound.
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
