"""Very many connections: some that ask for more than can be done, some that do nothing."""

import heapq
import itertools
import resource
import selectors
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager

ENOUGH_FILES = 20_000


class Connection:
    """A connection that sends a request, reads the answer, and does so again when it may."""

    def __init__(self, port, request):
        self.request = request
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.received = b""

    def send(self):
        self.received = b""
        self.socket.send(self.request)

    def answer(self):
        """Return the status and the headers once the whole answer is there, None until then."""
        self.received += self.socket.recv(262_144)
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return None
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        if len(body) < int(headers.get("content-length", 0)):
            return None
        return int(status.split()[1]), headers


class Crowd(threading.Thread):
    """Connections that ask again as soon as they have their answer, or when Retry-After says so."""

    def __init__(self, port, request, size):
        super().__init__()
        allow_many_files()
        self.statuses = Counter()
        self.unexpected = []
        self.enough = threading.Event()
        self._later = []
        self._numbers = itertools.count()
        self._selector = selectors.DefaultSelector()
        self._connections = [Connection(port, request) for _ in range(size)]

    def run(self):
        for each in self._connections:
            each.send()
            self._selector.register(each.socket, selectors.EVENT_READ, each)
        while not self.enough.is_set():
            for key, _ in self._selector.select(0.01):
                self._read(key.data)
            while self._later and self._later[0][0] < time.monotonic():
                heapq.heappop(self._later)[2].send()

    def _read(self, connection):
        try:
            answer = connection.answer()
        except OSError as error:
            self._selector.unregister(connection.socket)
            self.unexpected.append(repr(error))
            return
        if answer is None:
            return
        status, headers = answer
        self.statuses[status] += 1
        if status in (200, 201):
            connection.send()
        elif status in (429, 503) and headers.get("retry-after", "").isdigit():
            when = time.monotonic() + int(headers["retry-after"])
            heapq.heappush(self._later, (when, next(self._numbers), connection))
        else:
            self.unexpected.append(f"{status} {headers}")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.join()
        for each in self._connections:
            each.socket.close()
        self._selector.close()


@contextmanager
def idling(port, sent, count):
    """Open `count` connections that send `sent` and then nothing more."""
    allow_many_files()
    idle = []
    try:
        for _ in range(count):
            each = socket.create_connection(("127.0.0.1", port))
            each.sendall(sent)
            each.setblocking(False)
            idle.append(each)
        yield idle
    finally:
        for each in idle:
            each.close()


def cut(idle):
    """Close those that the server has closed or answered, and return those that still wait."""
    still = []
    for each in idle:
        try:
            each.recv(65_536)
        except BlockingIOError:
            still.append(each)
        except OSError:
            each.close()
        else:
            each.close()
    return still


def left_open(idle, seconds):
    """Wait until the server has closed or answered all, at most so long; return what it has not."""
    end = time.monotonic() + seconds
    while (idle := cut(idle)) and time.monotonic() < end:
        time.sleep(0.1)
    return idle


def allow_many_files():
    """Raise this process's limit on open files as far as it goes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(ENOUGH_FILES, most), most))
