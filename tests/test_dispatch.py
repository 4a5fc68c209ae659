"""Who answers a request: whoever is at work in its lane, or the thread that brought it."""

import threading
from types import SimpleNamespace

import pytest
from granian.server import mp

from todo_api import dispatch, turns, urls
from todo_api.dispatch import Dispatcher

TASKS = "/api/v1/accounts/alice/tasks"
SHORT_READS = [TASKS, f"{TASKS}/2", "/itemprice", "/users", "/api/v1/prices/apples", "/api/v1"]
LONG_READS = ["/api/v1/accounts/alice/events", "/api/v1/accounts/alice/export", f"{TASKS}/total"]
LONG_READS += ["/ready", "/api/v1/accounts/alice/events/"]


class To:
    """Granian's side of a request."""

    def __init__(self):
        self.answered = threading.Event()
        self.status = self.body = None

    def response_bytes(self, status, headers, body):
        self.status, self.body = status, body
        self.answered.set()

    def response_iter(self, status, headers, body):
        self.response_bytes(status, headers, b"".join(iter(body.__next__, None)))


class Application:
    """A WSGI application that says in which thread it was asked; what is to wait, may wait."""

    def __init__(self):
        self.go_on = threading.Event()
        self.begun = threading.Event()

    def __call__(self, environ, start_response):
        if "limit=9" in environ["QUERY_STRING"]:
            self.begun.set()
            assert self.go_on.wait(10)
        if "fail" in environ["QUERY_STRING"]:
            raise KeyError
        start_response("200 OK", [])
        return [threading.current_thread().name.encode()]


def in_turn(_environ, start_response):
    start_response("200 OK", [])
    return [b"in turn"]


def refuse(_environ, start_response):
    start_response("503 SERVICE UNAVAILABLE", [])
    return [b"refused"]


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def dispatcher(application):
    return Dispatcher(application, in_turn, refuse, stored=urls.stored(), looks=True)


def asked(dispatcher, path, query="", method="GET", **more):
    to = To()
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **more}
    dispatcher(to, environ)
    return to


def told(*arguments, **options):
    to = asked(*arguments, **options)
    assert to.answered.wait(10)
    return to.body.decode()


@pytest.fixture
def at_work(application, dispatcher):
    """A thread that is at work in the lane of short reads until it is let go on."""
    to = []
    thread = threading.Thread(
        target=lambda: to.append(asked(dispatcher, TASKS, "limit=9")), name="at work"
    )
    thread.start()
    assert application.begun.wait(10)
    yield
    application.go_on.set()
    thread.join()
    assert to[0].status == 200


@pytest.mark.parametrize("path", ["/", "/echo/a", "/sum", "/health", "/docs", "/nothing", ""])
def test_what_needs_no_database_has_a_lane_of_its_own(dispatcher, at_work, path):
    assert told(dispatcher, path) == "MainThread"
    assert told(dispatcher, path, "number1=1&x=%00") == "MainThread"


@pytest.mark.parametrize("path", SHORT_READS)
def test_a_look_into_sqlite_has_another_one(dispatcher, application, at_work, path):
    left = [asked(dispatcher, path), asked(dispatcher, path, "limit=50&sort=-name&after=x")]
    assert not any(each.answered.is_set() for each in left)
    application.go_on.set()
    for each in left:
        assert each.answered.wait(10)
        assert each.body == b"at work"
    over_a_network = Dispatcher(application, in_turn, refuse, stored=urls.stored(), looks=False)
    assert told(over_a_network, path) == "in turn"


def test_who_finds_nobody_at_work_answers_itself(dispatcher):
    assert told(dispatcher, TASKS) == "MainThread"
    assert told(dispatcher, TASKS) == "MainThread"


@pytest.mark.parametrize("path", LONG_READS)
def test_what_may_take_long_waits_for_its_turn(dispatcher, path):
    assert told(dispatcher, path) == "in turn"


@pytest.mark.parametrize("query", ["q=a", "limit=5&total=true", "completed=true", "x=1", "overdue"])
def test_so_does_a_query_that_no_index_answers(dispatcher, query):
    assert told(dispatcher, TASKS, query) == "in turn"


@pytest.mark.parametrize("sent", [{"CONTENT_LENGTH": "3"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
@pytest.mark.parametrize("path", [TASKS, "/echo"])
def test_and_whatever_has_a_body_or_writes(dispatcher, path, sent):
    assert told(dispatcher, path, **sent) == "in turn"
    for method in ("POST", "PUT", "PATCH", "DELETE", "BREW", "get"):
        assert told(dispatcher, path, method=method) == "in turn"


def test_a_lane_has_room_for_so_many_and_holds_up_no_other(dispatcher, application, at_work):
    waiting = [asked(dispatcher, TASKS) for _ in range(turns.WAITING + 1)]
    assert told(dispatcher, TASKS) == "refused"
    assert told(dispatcher, "/health") == "MainThread"
    assert not any(each.answered.is_set() for each in waiting)
    application.go_on.set()
    for each in waiting:
        assert each.answered.wait(10)
        assert each.status == 200
    assert told(dispatcher, TASKS) != "refused"


def test_a_lane_goes_on_after_an_error_that_nobody_foresaw(dispatcher, caplog):
    to = asked(dispatcher, "/echo/a", "fail")
    assert (to.status, to.body) == (500, b"")
    assert "A request was not answered" in caplog.text
    assert told(dispatcher, "/echo/a") == "MainThread"


def test_who_comes_when_the_last_one_is_answered_is_answered_too(application, monkeypatch):
    class Lock:
        """A lock before whose release another request comes."""

        def __init__(self):
            self.acquire, self._release = (lock := real()).acquire, lock.release

        def release(self):
            if not late:
                late.append(asked(dispatcher, TASKS))
                assert not late[0].answered.is_set()
            self._release()

    real, late = threading.Lock, []
    monkeypatch.setattr(dispatch, "threading", SimpleNamespace(Lock=Lock))
    dispatcher = Dispatcher(application, in_turn, refuse, stored=urls.stored(), looks=True)
    assert told(dispatcher, TASKS) == "MainThread"
    assert late[0].answered.is_set()


def test_granian_has_the_place_at_which_it_is_told_who_answers():
    assert callable(vars(mp)["_wsgi_call_wrap"])
