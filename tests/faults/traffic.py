"""Clients of a drill: quick, persistent, and exact about what was acknowledged to them."""

import http.client
import itertools
import json
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass

PATIENCE = 90
"""Seconds after which a client gives up a write that nobody acknowledges."""


LONGEST = 900
"""Seconds that a drill waits for its writers; the full ones take less, on a slow machine, too."""


class Unanswered(Exception):
    """No whole answer came, so that nobody knows whether it was done."""


class Closed(Unanswered):
    """The server ended the connection before any of an answer came, as it may one that is idle."""


class NotSent(Unanswered):
    """Nobody listened, so that nothing was done."""


@dataclass(frozen=True)
class Account:
    """Somebody who is logged in."""

    username: str
    token: str

    @property
    def path(self):
        return f"/api/v1/accounts/{self.username}"

    @property
    def tasks(self):
        return f"{self.path}/tasks"


@dataclass(frozen=True)
class Answer:
    """A whole answer, and how many seconds it took."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float

    def json(self):
        return json.loads(self.body)


class Client:
    """Sends JSON over a connection that is kept and opened anew once it has broken.

    Or, without `keep`, over one for each request: an idle one may be ended when a request comes.
    """

    def __init__(self, port, token=None, *, timeout=30, keep=True):
        self.bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self.keep = keep
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def __call__(self, method, path, sent=None, **headers):
        """Return the answer; a header's name is written with `_` for `-`."""
        told = {"Connection": "keep-alive" if self.keep else "close", **self.bearer}
        told |= {name.replace("_", "-"): text for name, text in headers.items()}
        body = None
        if sent is not None:
            body = json.dumps(sent, ensure_ascii=False).encode()
            told["Content-Type"] = "application/json"
        begun = time.monotonic()
        try:
            if self.connection.sock is None:
                self.connection.connect()
        except OSError as error:
            self.close()
            raise NotSent(str(error)) from error
        try:
            response = self._sent(method, path, body, told)
            received = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered(repr(error)) from error
        return Answer(response.status, response.headers, received, time.monotonic() - begun)

    def _sent(self, method, path, body, told):
        try:
            self.connection.request(method, path, body, told)
            return self.connection.getresponse()
        except ConnectionError as error:  # http.client's RemoteDisconnected is one, too.
            self.close()
            raise Closed(repr(error)) from error

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Writers:
    """Threads that create tasks with these `fields`, each one until it is acknowledged.

    What is not answered, or with 503, is sent again under the same Idempotency-Key.
    Used with `with`: it waits at the end until `writes` are, or only until each thread has ended
    its last one after `enough`. `acknowledged` maps the name of each task to its id; `statuses`
    counts the answers; `unexpected` holds those that are neither 201 nor 503 with Retry-After, and
    the writes that were given up.
    """

    def __init__(self, port, account, *, clients, writes=None, keep=True, **fields):
        self.account = account
        self.acknowledged = {}
        self._spans = {}
        self._last_told = 0.0
        self.statuses = Counter()
        self.unanswered = 0
        self.slowest = 0.0
        self.unexpected = []
        self._port = port
        self._keep = keep
        self._fields = fields
        self._patience = PATIENCE
        self._given_up = False
        self._lock = threading.Lock()
        self._enough = threading.Event()
        self._numbers = iter(range(writes)) if writes else itertools.count()
        self._threads = [threading.Thread(target=self._write) for _ in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.give_up()
        for thread in self._threads:
            thread.join()

    def enough(self):
        """Let no further write begin."""
        self._enough.set()

    def give_up(self):
        """Let what is not acknowledged yet be, too."""
        self._patience = 0
        self._given_up = True
        self._enough.set()

    def figures(self):
        """Return what has happened, for the table."""
        figures = {"acknowledged": f"{len(self.acknowledged):,}"}
        figures["cut off and sent again"] = f"{self.unanswered:,}"
        if self.statuses[503]:
            figures["503"] = f"{self.statuses[503]:,}"
        if self.unexpected:
            figures["unexpected"] = f"{len(self.unexpected):,}, such as {self.unexpected[0]}"
        return figures

    def in_flight(self, begin, end):
        """Return the writes that were sent before `end` and acknowledged after `begin`."""
        with self._lock:
            spans = self._spans.items()
            return {name for name, (sent, told) in spans if sent < end and told > begin}

    def wait_for_refusals(self, count):
        """Wait until `count` more were answered with 503, or nobody goes on."""
        count += self.statuses[503]
        self._wait(lambda: self.statuses[503] >= count)

    def wait_for(self, count):
        """Wait until `count` are acknowledged, or nobody goes on."""
        self._wait(lambda: len(self.acknowledged) >= count)

    def seconds_until_one(self, begun):
        """Return how long after `begun` the first write was acknowledged; wait for it."""
        self._wait(lambda: self._last_told > begun)
        with self._lock:
            return min(told for _, told in self._spans.values() if told > begun) - begun

    def _wait(self, is_so):
        """Wait until something is so, or nobody goes on; raise TimeoutError after LONGEST."""
        until = time.monotonic() + LONGEST
        while not is_so() and any(each.is_alive() for each in self._threads):
            if time.monotonic() > until:
                raise TimeoutError("The writers do not get on.")
            time.sleep(0.001)

    def _write(self):
        with Client(self._port, self.account.token, keep=self._keep) as ask:
            while not self._enough.is_set():
                with self._lock:
                    number = next(self._numbers, None)
                if number is None:
                    break
                self._create(ask, f"task-{number}")

    def _create(self, ask, name):
        begun, task = time.monotonic(), {"name": name, **self._fields}
        while time.monotonic() < begun + self._patience:
            try:
                answer = ask("POST", self.account.tasks, task, Idempotency_Key=name)
            except Unanswered as error:
                with self._lock:
                    self.unanswered += not isinstance(error, NotSent)
                time.sleep(0.01)
                continue
            with self._lock:
                self.statuses[answer.status] += 1
                self.slowest = max(self.slowest, answer.seconds)
                if answer.status == 201:
                    now = time.monotonic()
                    self._spans[name] = (now - answer.seconds, now)
                    self._last_told = now
                    self.acknowledged[name] = answer.json()["id"]
                    return
                if answer.status != 503 or "Retry-After" not in answer.headers:
                    self.unexpected.append(answer)
                    return
            time.sleep(0.1)
        if not self._given_up:
            with self._lock:
                self.unexpected.append(name)


class Reader:
    """Lists tasks all the time while it is open, and notes how that went.

    `refused` are those of the `failed` that were told when to come again, `closed` those whose
    connection ended before any of an answer came.
    """

    def __init__(self, port, account, *, keep=True):
        self.answered = self.failed = self.refused = self.closed = 0
        self.slowest = 0.0
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._read, args=[port, account, keep])

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._enough.set()
        self._thread.join()

    def _read(self, port, account, keep):
        with Client(port, account.token, keep=keep) as ask:
            while not self._enough.wait(0.02):
                try:
                    answer = ask("GET", f"{account.tasks}?limit=1")
                except Unanswered as error:
                    self.failed += not isinstance(error, NotSent)
                    self.closed += isinstance(error, Closed)
                    continue
                self.answered += 1
                self.failed += answer.status != 200
                self.refused += answer.status == 503 and "Retry-After" in answer.headers
                self.slowest = max(self.slowest, answer.seconds)


def tasks(ask, account):
    """Return all tasks of the account."""
    found, path = [], f"{account.tasks}?limit=200"
    while path:
        answer = ask("GET", path)
        assert answer.status == 200, answer
        page = answer.json()
        found += page["tasks"]
        path = page["next"]
    return found


def lost(port, writers, but=frozenset()):
    """Return how many tasks are gone, are there twice, or have another id than was acknowledged.

    Of those named in `but` none counts as gone.
    """
    with Client(port, writers.account.token) as ask:
        listed = tasks(ask, writers.account)
    ids = {task["name"]: task["id"] for task in listed}
    told = {name: id_ for name, id_ in writers.acknowledged.items() if name not in but}
    gone = sum(ids.get(name) != id_ for name, id_ in told.items())
    return gone + len(listed) - len(ids)


class Follower:
    """Follows the events of an account in a thread, and notes the names of the tasks it is told."""

    def __init__(self, port, account):
        self.names = set()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        bearer = {"Authorization": f"Bearer {account.token}"}
        # However late the stream begins, it is to tell all that happens from here on.
        self._connection.request("GET", f"{account.path}/changes", headers=bearer)
        since = json.load(self._connection.getresponse())["next"]
        self._connection.request("GET", f"{account.path}/events?since={since}", headers=bearer)
        self._socket = self._connection.sock
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._connection.close()

    def missing(self, names, *, within=20):
        """Return how many of `names` have not been told after `within` seconds."""
        until = time.monotonic() + within
        while set(names) - self.names and time.monotonic() < until:
            time.sleep(0.05)
        return len(set(names) - self.names)

    def _read(self):
        with self._connection.getresponse() as stream:
            for line in stream:
                if line.startswith(b"data: "):
                    told = json.loads(line.removeprefix(b"data: "))
                    self.names |= {task["name"] for task in told["changes"] if "name" in task}


def seconds_until_well(port, account, path=None):
    """Return the seconds until reads succeed for good: twenty in a row, each connected anew."""
    begun = well = time.monotonic()
    good = 0
    while good < 20 and well < begun + PATIENCE:
        with Client(port, account.token) as ask:
            good = good + 1 if ask("GET", path or account.tasks).status == 200 else 0
        if not good:
            well = time.monotonic()
            time.sleep(0.01)
    return well - begun
