"""Attacks by which one account keeps a server busy; each runs until it is told to stop.

An attack is a function of a port, an `Attacker` and an event that ends it; several clients run it
at once, each in a thread of its own.
"""

import socket
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from faults.traffic import Account, Client, Unanswered

TASKS_WITH_LONG_NOTES = 600
LONG_NOTE = "ab" * 5_000
SOUGHT = "ab" * 127 + "c"

COMBINING = "a" + "\u0301" * 4_999 + "\u0316" * 5_000
MIB = 2**20


@dataclass(frozen=True)
class Attacker:
    """An account that has many tasks, so that what it asks for is large."""

    account: Account
    dated: int

    def fill(self, port):
        """Store tasks with long notes and many with due dates."""
        with Client(port, self.account.token, timeout=120) as ask:
            operation = {"method": "POST", "body": {"name": "x", "note": LONG_NOTE}}
            for _ in range(TASKS_WITH_LONG_NOTES // 50):
                path = f"{self.account.tasks}/batch"
                assert ask("POST", path, {"operations": [operation] * 50}).status == 200
            tasks = [{"name": "y", "due_date": "2030-01-01"}] * self.dated
            answer = ask("POST", f"{self.account.path}/import", {"tasks": tasks})
            assert answer.status == 200, answer


def send_request(port, method, path, token=None, *headers, body=b"", receive_buffer=None):
    """Open a connection and send a request; return the connection, with nothing read."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", port))
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return connection


def search_and_go_away(port, attacker, enough):
    """Search all notes for a long text, and close the connection at once."""
    path = f"{attacker.account.tasks}?q={SOUGHT}"
    while not enough.wait(0.02):
        with suppress(OSError), send_request(port, "GET", path, attacker.account.token):
            pass


def write_combining_marks(port, attacker, enough):
    """Create tasks whose texts are of combining marks, 51 at once."""
    body = {"name": "x", "note": COMBINING}
    operations = {"operations": [{"method": "POST", "body": body}] * 51}
    with Client(port, attacker.account.token) as ask:
        while not enough.is_set():
            _try(ask, "POST", f"{attacker.account.tasks}/batch", operations)


def change_the_time_zone(port, attacker, enough):
    """Move to another time zone and back, with many dated tasks."""
    with Client(port, attacker.account.token) as ask:
        while not enough.is_set():
            for zone in ("Asia/Tokyo", "America/New_York"):
                _try(ask, "PATCH", attacker.account.path, {"timezone": zone})


def import_time_zones(port, attacker, enough):
    """Import calendars that define a time zone of hard rules, and ones of many equal lines."""
    rule = "BEGIN:STANDARD\r\nDTSTART:00010101T000000\r\nRRULE:FREQ=YEARLY;BYMONTH=1;BYMONTHDAY="
    rule += ",".join(map(str, range(1, 32)))
    rule += "\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\n"
    zone = "BEGIN:VTIMEZONE\r\nTZID:z\r\n" + rule * 10 + "END:VTIMEZONE\r\n"
    todo = "BEGIN:VTODO\r\nUID:{}\r\nSUMMARY:x\r\nDUE;TZID=z:20300101T000000\r\nEND:VTODO\r\n"
    todos = "".join(map(todo.format, range(100)))
    equal = "BEGIN:VTODO\r\nUID:1\r\n" + "SUMMARY:x\r\n" * 50_000 + "END:VTODO\r\n"
    for each in _in_turn(enough, zone + todos, zone * 20 + todos, equal):
        calendar = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{each}END:VCALENDAR\r\n".encode()
        headers = ("Content-Type: text/calendar", f"Content-Length: {len(calendar)}")
        path = f"{attacker.account.path}/import"
        with (
            suppress(OSError),
            send_request(port, "POST", path, attacker.account.token, *headers, body=calendar) as it,
        ):
            it.recv(65_536)


def leave_answers_unread(port, attacker, enough):
    """Open streams, exports and lists whose answers are never read."""
    account = attacker.account
    paths = (f"{account.path}/events", f"{account.path}/export", f"{account.tasks}?limit=200")
    with ExitStack() as unread:
        for path in _in_turn(enough, *paths * 10):
            with suppress(OSError):
                connection = send_request(port, "GET", path, account.token, receive_buffer=4_096)
                unread.enter_context(connection)
            if enough.wait(0.1):
                break


def stall_uploads(port, attacker, enough):
    """Begin imports of 60 MiB, of which no more than a third ever comes."""
    headers = ("Content-Type: text/csv", f"Content-Length: {60 * MIB}")
    path = f"{attacker.account.path}/import"
    with ExitStack() as stalled:
        while not enough.wait(1):
            with suppress(OSError):
                connection = send_request(port, "POST", path, attacker.account.token, *headers)
                stalled.enter_context(connection)
                for _ in range(20):
                    connection.sendall(b"name\n" * (MIB // 5))


ATTACKS = (
    search_and_go_away,
    write_combining_marks,
    change_the_time_zone,
    import_time_zones,
    leave_answers_unread,
    stall_uploads,
)


def _in_turn(enough, *values):
    """Yield the values again and again until it is enough."""
    while True:
        for value in values:
            if enough.is_set():
                return
            yield value


def _try(ask, *request):
    """Send a request; what becomes of it does not matter."""
    with suppress(Unanswered):
        ask(*request)
