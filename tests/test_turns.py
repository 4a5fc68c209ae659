"""Places for requests: how many there are, who gets the next one, and who gets none."""

import http.client
import io
import socket
import threading
import time
from contextlib import ExitStack, closing, contextmanager

import httpx
import pytest
from conftest import serving

from todo_api import places, turns, urls
from todo_api.errors import Unavailable
from todo_api.turns import Turns

LIST = "/api/v1/accounts/alice/tasks"


class Application:
    """A WSGI application whose requests go on when they are told to; it notes who has begun."""

    def __init__(self):
        self.begun = []
        self.refused = []
        self.released = threading.Event()
        self.changed = threading.Condition()

    def __call__(self, environ, start_response):
        name = environ["name"]
        with self.changed:
            self.begun.append(name)
            self.changed.notify_all()
        if environ.get("reads"):
            try:
                environ["wsgi.input"].read(10)
                self.begun.append(f"{name} goes on")
            except Unavailable:
                self.refused.append(name)
                return []
        assert self.released.wait(10)
        return iter([name])

    def refuse(self, environ, start_response):
        self.refused.append(environ["name"])
        return []

    def sees(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= count, 10), self.begun


class Slow:
    """A body that comes when it is told to."""

    def __init__(self):
        self.asked = threading.Event()
        self.came = threading.Event()

    def read(self, size):
        self.asked.set()
        assert self.came.wait(10)
        return b"a body"[:size]


@pytest.fixture
def application():
    return Application()


@contextmanager
def asking(in_turn):
    """Hand out a function that sends a request in a thread of its own; end them all."""
    threads = []

    def ask(name, path=LIST, method="GET", **more):
        environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "name": name}
        environ["CONTENT_LENGTH"] = "10" if "wsgi.input" in more else "0"
        thread = threading.Thread(target=in_turn, args=[{**environ, **more}, None])
        thread.start()
        threads.append(thread)
        return thread

    yield ask
    in_turn.app.released.set()
    for thread in threads:
        thread.join()


def one_place(application, patience=10):
    return Turns(application, application.refuse, 1, stored=urls.stored(), patience=patience)


def waiting(places, count):
    for _ in range(1000):
        if places.waiting == count:
            return
        time.sleep(0.01)
    raise AssertionError(places.waiting)


def test_a_process_works_on_few_requests_at_a_time(application):
    refuse = application.refuse
    in_turn = Turns(application, refuse, 2, stored=urls.stored(), patience=10)
    with asking(in_turn) as ask:
        for name in "abcde":
            ask(name)
        waiting(in_turn.reads, 3)
        assert len(application.begun) == 2
    assert sorted(application.begun) == ["a", "b", "c", "d", "e"]


def test_places_are_given_in_the_order_in_which_they_were_asked_for(application):
    in_turn = one_place(application)
    with asking(in_turn) as ask:
        ask("first")
        application.sees(1)
        for number in range(10):
            ask(number)
            waiting(in_turn.reads, number + 1)
    assert application.begun == ["first", *range(10)]


def test_a_stream_that_has_begun_has_no_place_any_more(application):
    in_turn = one_place(application)
    application.released.set()
    environ = {"PATH_INFO": LIST, "REQUEST_METHOD": "GET", "wsgi.input": None}
    streams = [in_turn({**environ, "name": name}, None) for name in "abc"]
    assert [next(stream) for stream in streams] == ["a", "b", "c"]


def test_writes_hold_up_no_reads_and_neither_what_needs_no_database(application):
    with asking(one_place(application)) as ask:
        ask("write", method="POST")
        application.sees(1)
        ask("read")
        application.sees(2)
        ask("echo", "/echo/hi")
        application.sees(3)
        assert application.begun == ["write", "read", "echo"]


def test_who_comes_when_too_many_wait_is_refused_at_once(application):
    in_turn = one_place(application)
    with asking(in_turn) as ask:
        for number in range(places.WAITING + 1):
            ask(number)
        waiting(in_turn.reads, places.WAITING)
        ask("too many").join(5)
        assert application.refused == ["too many"]
    assert len(application.begun) == places.WAITING + 1


def test_who_waits_too_long_is_refused_and_leaves_the_line(application):
    in_turn = one_place(application, patience=0.05)
    with asking(in_turn) as ask:
        ask("long")
        application.sees(1)
        ask("impatient").join(5)
        assert application.refused == ["impatient"]
        waiting(in_turn.reads, 0)
    assert in_turn.reads.take(0)


def test_who_waits_for_a_body_has_no_place_and_goes_on_before_who_has_not_begun(application):
    in_turn = one_place(application)
    body = Slow()
    with asking(in_turn) as ask:
        ask("slow", method="POST", reads=True, **{"wsgi.input": body})
        assert body.asked.wait(10)
        ask("quick", method="POST")
        application.sees(2)
        ask("late", method="POST")
        waiting(in_turn.writes, 1)
        body.came.set()
        waiting(in_turn.writes, 2)
    assert application.begun == ["slow", "quick", "slow goes on", "late"]
    assert in_turn.writes.take(0)


def test_too_many_bodies_on_their_way_are_refused(application, monkeypatch):
    monkeypatch.setattr(turns, "SLOW_BODIES", 2)
    in_turn = one_place(application)
    bodies = [Slow(), Slow()]
    with asking(in_turn) as ask:
        for number, body in enumerate(bodies):
            ask(number, method="POST", reads=True, **{"wsgi.input": body})
            assert body.asked.wait(10)
        ask("third", method="POST", reads=True, **{"wsgi.input": Slow()}).join(5)
        assert application.refused == ["third"]
        for body in bodies:
            body.came.set()


def test_a_process_has_a_thread_for_each_body_that_may_wait():
    assert turns.threads(4) == 2 * (4 + places.WAITING) + turns.SLOW_BODIES


def test_a_read_with_a_body_has_a_place_among_the_writes(application):
    in_turn = one_place(application)
    with asking(in_turn) as ask:
        ask("write", method="POST")
        application.sees(1)
        ask("read")
        application.sees(2)
        ask("read with a body", **{"wsgi.input": io.BytesIO(b"1"), "CONTENT_LENGTH": "1"})
        waiting(in_turn.writes, 1)


def test_the_body_of_who_is_refused_is_read_so_that_the_connection_goes_on(application):
    in_turn = one_place(application, patience=0)
    sent = io.BytesIO(60_000 * b"x")
    with asking(in_turn) as ask:
        ask("first", method="POST")
        application.sees(1)
        ask("refused", method="POST", **{"wsgi.input": sent, "CONTENT_LENGTH": "60000"}).join(5)
        assert application.refused == ["refused"]
        assert sent.tell() == 60_000


def test_a_few_half_sent_bodies_hold_up_nobody(database_url, tmp_path):
    head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    head += b"Content-Length: 9\r\n\r\n{"
    settings = {"DATABASE_URL": database_url, "WORKERS": 1, "THREADS": 1}
    with serving(tmp_path / "log", **settings) as live, ExitStack() as halves:
        tasks = b"/api/v1/accounts/alice/tasks"
        for path in 5 * [b"/echo", b"/api/v1/accounts/login", b"/users", tasks]:
            half = socket.create_connection(("127.0.0.1", live.port))
            halves.enter_context(half).sendall(head % path)
        time.sleep(0.2)
        for path in ("/echo/hi", "/itemprice?itemname=apples"):
            assert httpx.get(live.url + path, timeout=5).status_code == 200
        assert httpx.post(f"{live.url}/users", json={"data": "hi"}, timeout=5).status_code == 201


def test_a_connection_that_sends_no_whole_head_is_cut(database_url, tmp_path):
    settings = {"DATABASE_URL": database_url, "IDLE_TIMEOUT": 1}
    with serving(tmp_path / "log", **settings) as live:
        for sent in (b"", b"GET / HTTP/1.1\r\nHo", b"GET /echo/a HTTP/1.1\r\nHost: a\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", live.port), timeout=10) as idle:
                begun = time.monotonic()
                idle.sendall(sent)
                while idle.recv(65536):
                    pass
                assert 0.9 < time.monotonic() - begun < 8


def test_a_body_that_nobody_wanted_does_not_break_the_connection(live):
    head = {"Content-Type": "application/json"}
    for size in (10, 60_000, 900_000):
        connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)
        with closing(connection):
            connection.connect()
            first = connection.sock
            for _ in range(20):
                connection.request("POST", LIST, body=b"x" * size, headers=head)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 401
            assert connection.sock is first
