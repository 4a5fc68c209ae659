"""The farewell: while the server stops, who comes anew is told to come again.

A worker that ends closes each connection on which it has read nothing yet, though a request may
have been sent there. So new connections are led away from the workers before these are told to end:
on Linux each of them listens by itself (SO_REUSEPORT, socket(7)), and so do the sockets of this
module, to which a filter of the kernel then hands whoever comes.
"""

import ctypes
import http.client
import io
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

SECONDS_TO_READ = 0.2
"""How long the workers may take to read what was sent before nobody new came to them."""

SECONDS_TO_HANG_UP = 1.0
"""How long a client may go on sending once it has been answered."""

MOST_REFUSED_AT_ONCE = 500
"""Connections that are answered at a time, each in a thread; more are closed without an answer."""

Refuse = Callable[[socket.socket], None]

_ATTACH_FILTER = 51  # SO_ATTACH_REUSEPORT_CBPF of Linux, which Python has no name for.
_RETURN = 0x06  # BPF_RET | BPF_K of Linux: the number of the socket that is to have it.


@contextmanager
def saying_farewell(app: WSGIApplication, address: str, port: int, workers: int) -> Iterator[None]:
    """Let `app` answer all new connections meanwhile, each once, if this system allows it.

    No body is read, and what it answers is a list. `workers` is how many listen there now. Begins
    when these have read what they had accepted.
    """
    with ExitStack() as listening:
        try:
            # One more than there are workers: when all of these have gone, and the last ones have
            # taken their numbers, there is still one with the number that the filter returns.
            listeners = [
                listening.enter_context(_listener(address, port)) for _ in range(workers + 1)
            ]
            _lead_all_to(listeners[0], workers)
        except OSError:
            listeners = []
        ended = threading.Event()
        refuse = partial(_refuse, app)
        thread = threading.Thread(target=_answer, args=[listeners, refuse, ended], name="farewell")
        thread.start()
        try:
            time.sleep(SECONDS_TO_READ)
            yield
        finally:
            ended.set()
            thread.join()


def _listener(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Connections that linger would otherwise keep the next server from this port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(1024)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _lead_all_to(listener: socket.socket, number: int) -> None:
    """Have the kernel give each new connection of the port to the listener with that number."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, number))
    attached = struct.pack("HxxxxxxP", 1, ctypes.addressof(program))
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, attached)


def _answer(listeners: list[socket.socket], refuse: Refuse, ended: threading.Event) -> None:
    refusing: list[threading.Thread] = []
    with selectors.DefaultSelector() as ready:
        for listener in listeners:
            ready.register(listener, selectors.EVENT_READ)
        while not ended.is_set():
            ready.select(0.05)
            refusing = [each for each in refusing if each.is_alive()]
            for each in (connection for one in listeners for connection in _come(one)):
                if len(refusing) < MOST_REFUSED_AT_ONCE:
                    refusing.append(_begun(refuse, each))
                else:
                    each.close()
    for listener in listeners:
        # Whoever is not accepted when it is closed is cut off, so nothing is done in between.
        last = list(_come(listener))
        listener.close()
        refusing += [_begun(refuse, each) for each in last]
    for thread in refusing:
        thread.join()


def _come(listener: socket.socket) -> Iterator[socket.socket]:
    # Where the process has no further file to open, clients are cut off.
    with suppress(OSError):
        while True:
            yield listener.accept()[0]


def _begun(refuse: Refuse, connection: socket.socket) -> threading.Thread:
    thread = threading.Thread(target=refuse, args=[connection], daemon=True)
    thread.start()
    return thread


def _refuse(app: WSGIApplication, connection: socket.socket) -> None:
    """Read the request before it is refused; else the answer might be lost on its way."""
    with connection, suppress(OSError, http.client.HTTPException):
        connection.settimeout(1)
        head = connection.recv(65_536)
        if not head:
            return
        environ = _environ(head)
        environ["REMOTE_ADDR"] = connection.getpeername()[0]
        connection.sendall(_answered(app, environ))
        connection.shutdown(socket.SHUT_WR)
        ends = time.monotonic() + SECONDS_TO_HANG_UP
        while connection.recv(65_536) and time.monotonic() < ends:
            pass


def _environ(head: bytes) -> WSGIEnvironment:
    """Return what WSGI has of a request, as far as that is there; raise HTTPException."""
    lines = io.BytesIO(head)
    method, _, rest = lines.readline().decode("latin-1").partition(" ")
    path, _, query = rest.partition(" ")[0].partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": query,
        "wsgi.url_scheme": "http",
    }
    for name, value in http.client.parse_headers(lines).items():
        # RFC 9112, 5.2: a value over several lines is obsolete, and some values are told again.
        if len(value.splitlines()) > 1:
            continue
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ


def _answered(app: WSGIApplication, environ: WSGIEnvironment) -> bytes:
    """Return the answer as it is sent, after which the connection ends."""
    lines = list[str]()

    def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        lines.append(f"HTTP/1.1 {status}")
        lines.extend(f"{name}: {value}" for name, value in headers)

    body = b"".join(app(environ, start))
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body
