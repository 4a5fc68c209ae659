"""Who answers a request: whoever is at work in its lane, or the thread that brought it."""

import io
import math
import threading
import time
from contextlib import closing
from types import SimpleNamespace

import pytest
from granian.server import mp
from messages import let_commits_fail, let_connections_end, spoil, stored, write

from todo_api import lanes, part, places, turns, urls
from todo_api.crew import STUCK, Crew
from todo_api.database import Database
from todo_api.dispatch import Dispatcher
from todo_api.resources import passage
from todo_api.sessions import take_turns
from todo_api.staying import WARY
from todo_api.turns import Turns
from todo_api.values import proofs

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
        self.at_work = threading.Semaphore(0)

    def __call__(self, environ, start_response):
        if "limit=9" in environ["QUERY_STRING"]:
            self.begun.set()
            self.at_work.release()
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
def database(sqlite_databases):
    database = Database(sqlite_databases.migrated())
    yield database
    database.close()


class Tireless(Crew):
    """A crew of which nobody rests, since a test's threads come and go; it counts who goes away."""

    gone = 0

    def finish(self):
        """Go on."""

    def away(self):
        self.gone += 1
        return super().away()


def dispatching(application, database, *, patience=10, round_trip=0, in_turn=in_turn, crew=None):
    stored, crew = urls.stored(), crew or Tireless()
    waiting = Turns(in_turn, refuse, 4, stored=stored, patience=patience)
    return Dispatcher(application, waiting, database, 2, crew, round_trip=round_trip, stored=stored)


@pytest.fixture
def dispatcher(application, database):
    return dispatching(application, database)


@pytest.fixture
def on_postgresql(request, application, postgres_databases):
    database = Database(postgres_databases.migrated())
    yield dispatching(application, database, round_trip=getattr(request, "param", math.inf))
    database.close()


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


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_as_many_ask_postgresql_at_a_time_as_there_are_hands(on_postgresql, application, method):
    dispatcher, answers, nothing = on_postgresql, [], {"wsgi.input": io.BytesIO()}

    def ask(owner):
        token = {"HTTP_AUTHORIZATION": f"Bearer {proofs.new_secret(owner)}"}
        answers.append(asked(dispatcher, TASKS, "limit=9", method, **nothing, **token))

    threads = [threading.Thread(target=ask, args=[owner], name="at work") for owner in (1, 2)]
    for each in threads:
        each.start()
    for _ in threads:
        assert application.at_work.acquire(timeout=10)
    left = asked(dispatcher, TASKS, method=method, **nothing)
    assert not left.answered.is_set()
    assert told(dispatcher, "/echo/a") == "MainThread"
    application.go_on.set()
    assert left.answered.wait(10)
    assert left.body == b"at work"
    for each in threads:
        each.join()
    assert [each.status for each in answers] == [200, 200]


@pytest.fixture
def one_at_work(application, on_postgresql):
    """A thread that asks PostgreSQL until it is let go on."""
    thread = threading.Thread(target=asked, args=[on_postgresql, TASKS, "limit=9"], name="at work")
    thread.start()
    assert application.begun.wait(10)
    yield
    application.go_on.set()
    thread.join()


@pytest.mark.parametrize("on_postgresql", [0.00005], indirect=True)
def test_one_asks_a_postgresql_that_is_near(on_postgresql, one_at_work, application, monkeypatch):
    monkeypatch.setattr(lanes, "STALLED", 10)
    left = asked(on_postgresql, TASKS)
    assert not left.answered.is_set()
    application.go_on.set()
    assert left.answered.wait(10)
    assert left.body == b"at work"


@pytest.mark.parametrize("on_postgresql", [0.00005], indirect=True)
def test_another_one_helps_while_that_one_is_stalled(on_postgresql, one_at_work, monkeypatch):
    monkeypatch.setattr(lanes, "STALLED", 10)
    left = asked(on_postgresql, TASKS)
    monkeypatch.setattr(lanes, "STALLED", 0.001)
    time.sleep(0.01)
    assert told(on_postgresql, TASKS) == "MainThread"
    assert left.body == b"MainThread"


def test_who_has_waited_too_long_is_refused(database, application):
    dispatcher = dispatching(application, database, patience=0.2)
    thread = threading.Thread(target=asked, args=[dispatcher, TASKS, "limit=9"])
    thread.start()
    assert application.begun.wait(10)
    late = asked(dispatcher, TASKS)
    assert not late.answered.wait(0.3)
    application.go_on.set()
    assert late.answered.wait(10)
    assert late.body == b"refused"
    thread.join()


def test_who_finds_nobody_at_work_answers_itself(dispatcher):
    assert told(dispatcher, TASKS) == "MainThread"
    assert told(dispatcher, TASKS) == "MainThread"


@pytest.mark.parametrize("path", LONG_READS)
def test_what_may_take_long_waits_for_its_turn(dispatcher, path):
    assert told(dispatcher, path) == "in turn"


class Waiting:
    """A WSGI application that says what body it has read once it is let go on."""

    def __init__(self):
        self.go_on = threading.Event()

    def __call__(self, environ, start_response):
        assert self.go_on.wait(10)
        start_response("200 OK", [])
        body = environ.get("wsgi.input")
        return [body.read() if body else b"nothing"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", LONG_READS[0], b""),
        ("POST", "/api/v1/accounts/login", b"1"),
        ("POST", "/echo", b"22"),
        ("GET", "/echo", b"333"),
        ("PUT", "/api/v1/prices/a", bytes(99_999)),
    ],
)
def test_whoever_takes_it_goes_on_meanwhile(application, database, method, path, body):
    waiting, crew = Waiting(), Tireless()
    dispatcher = dispatching(application, database, in_turn=waiting, crew=crew)
    sent = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)} if body else {}
    to = asked(dispatcher, path, method=method, **sent)
    assert not to.answered.is_set()
    assert crew.gone == 0
    # Granian drops what is left of a body when the call returns.
    assert not body or sent["wsgi.input"].read() == b""
    waiting.go_on.set()
    assert to.answered.wait(10)
    assert to.body == (body or b"nothing")


@pytest.mark.parametrize(
    "sent", [{"CONTENT_LENGTH": "100000"}, {"HTTP_TRANSFER_ENCODING": "chunked"}]
)
def test_who_has_a_large_body_is_answered_within_the_call(application, database, sent):
    waiting, crew = Waiting(), Tireless()
    waiting.go_on.set()
    dispatcher = dispatching(application, database, in_turn=waiting, crew=crew)
    body = io.BytesIO(bytes(100_000))
    for method, path in (("POST", "/echo"), ("GET", "/echo"), ("PUT", "/api/v1/prices/a")):
        before = crew.gone
        to = asked(dispatcher, path, method=method, **sent, **{"wsgi.input": body})
        assert to.answered.is_set()
        assert crew.gone == before + 1


@pytest.mark.parametrize("query", ["q=a", "limit=5&total=true", "completed=true", "x=1", "overdue"])
def test_so_does_a_query_that_no_index_answers(dispatcher, query):
    assert told(dispatcher, TASKS, query) == "in turn"


@pytest.mark.parametrize("sent", [{"CONTENT_LENGTH": "3"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
@pytest.mark.parametrize("path", ["/api/v1/accounts/alice", "/echo"])
def test_and_whatever_has_a_body_or_writes(dispatcher, path, sent):
    assert told(dispatcher, path, **sent, **{"wsgi.input": io.BytesIO(b"abc")}) == "in turn"
    for method in ("POST", "PUT", "PATCH", "DELETE", "BREW", "get"):
        assert told(dispatcher, path, method=method) == "in turn"


def test_a_lane_has_room_for_so_many_and_holds_up_no_other(dispatcher, application, at_work):
    waiting = [asked(dispatcher, TASKS) for _ in range(places.WAITING + 1)]
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


def test_who_comes_when_the_last_one_is_answered_is_answered_too(
    application, database, monkeypatch
):
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
    own = SimpleNamespace(Lock=Lock, Semaphore=threading.Semaphore)
    monkeypatch.setattr(lanes, "threading", own)
    dispatcher = dispatching(application, database)
    assert told(dispatcher, TASKS) == "MainThread"
    assert late[0].answered.is_set()


class Writing:
    """A WSGI application that stores the body it gets, and lets others come meanwhile."""

    def __init__(self, database):
        self.database = database
        self.dispatcher = None
        self.others = []
        self.said = []

    def __call__(self, environ, start_response):
        name = environ["wsgi.input"].read().decode()
        with self.database.transaction() as session:
            write(session, name)
            if name == "broken":
                spoil(session)
            if name == "keyed":
                take_turns(session, "a key")
        others, self.others = self.others, []
        for other in others:
            other()
        if name == "fails":
            raise KeyError
        environ[passage.AFTERWARDS].append(lambda: self.said.append(name))
        start_response("201 CREATED", [])
        return [name.encode()]


@pytest.fixture
def either(databases):
    """A database of either kind."""
    database = Database(databases.migrated())
    yield database
    database.close()


@pytest.fixture
def writing(either, monkeypatch):
    monkeypatch.setattr(part, "LONGEST", 10)
    writing = Writing(either)
    writing.dispatcher = dispatching(writing, either)
    return writing


@pytest.fixture
def writing_into_postgresql(postgres_databases, monkeypatch):
    monkeypatch.setattr(part, "LONGEST", 10)
    with closing(Database(postgres_databases.migrated())) as database:
        writing = Writing(database)
        writing.dispatcher = dispatching(writing, database)
        yield writing


def sent(writing, name, path=TASKS, method="POST"):
    body = {"CONTENT_LENGTH": str(len(name)), "wsgi.input": io.BytesIO(name.encode())}
    return asked(writing.dispatcher, path, method=method, **body)


def with_others(writing, name, *others):
    """Write `name`, while `others` come; return all answers."""
    answers = []
    writing.others = [lambda: answers.extend(sent(writing, each) for each in others)]
    return [sent(writing, name), *answers]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", [TASKS, f"{TASKS}/", f"{TASKS}/7", f"{TASKS}/7/restore"])
def test_short_writes_are_done_by_whoever_finds_nobody_at_work(writing, method, path):
    assert sent(writing, "a", path, method).body == b"a"


def test_those_that_come_meanwhile_share_a_commit_and_nobody_is_answered_before(writing, either):
    def look():
        assert stored(either) == []
        assert not any(each.answered.is_set() for each in answers)
        assert writing.said == []

    answers = []
    writing.others = [lambda: answers.extend(sent(writing, each) for each in "abc"), look]
    first = sent(writing, "first")
    assert [each.body for each in (first, *answers)] == [b"first", b"a", b"b", b"c"]
    assert stored(either) == ["a", "b", "c", "first"]
    assert writing.said == ["first", "a", "b", "c"]


def test_where_the_commit_fails_each_is_done_again_by_itself(writing, either):
    let_commits_fail(either)
    answers = with_others(writing, "a", "broken", "b")
    assert [each.body for each in answers] == [b"in turn"] * 3
    assert stored(either) == []
    assert writing.said == []


def test_where_nobody_knows_whether_it_did_all_are_refused(writing_into_postgresql):
    writing = writing_into_postgresql
    let_connections_end(writing.database)
    answers = with_others(writing, "a", "ends", "b")
    assert [(each.status, each.body) for each in answers] == [(503, b"refused")] * 3
    assert writing.said == []


def test_who_would_wait_for_others_is_done_by_itself(writing_into_postgresql):
    writing = writing_into_postgresql
    url = writing.database.url.render_as_string(hide_password=False)
    with closing(Database(url)) as other, other.transaction() as session:
        take_turns(session, "a key")
        answers = with_others(writing, "a", "keyed", "b")
    assert [each.body for each in answers] == [b"a", b"in turn", b"b"]
    assert stored(writing.database) == ["a", "b"]


def test_who_fails_unforeseen_harms_nobody(writing, caplog):
    statuses = [each.status for each in with_others(writing, "a", "fails", "b")]
    assert statuses == [201, 500, 201]
    assert "A request was not answered" in caplog.text


@pytest.fixture
def commits(either, monkeypatch):
    """A list with an item for each time that something is done together."""

    def counted():
        commits.append(True)
        return together()

    together, commits = either.together, []
    monkeypatch.setattr(either, "together", counted)
    return commits


@pytest.mark.parametrize("bound", [("MOST", 2), ("LONGEST", 0)])
def test_what_is_done_together_is_bounded(writing, commits, monkeypatch, bound):
    monkeypatch.setattr(part, *bound)
    assert [each.status for each in with_others(writing, "a", "b", "c", "d")] == [201] * 4
    assert len(commits) == (2 if bound[0] == "MOST" else 4)


def test_the_wait_of_the_first_one_is_not_within_the_bound(writing, either, commits, monkeypatch):
    monkeypatch.setattr(part, "LONGEST", 0.2)
    with closing(Database(either.url.render_as_string(hide_password=False))) as other:
        begun, waited = threading.Event(), 2 * part.LONGEST

        def keep_waiting():
            with other.transaction() as session:
                take_turns(session, "a key")
                begun.set()
                time.sleep(waited)

        keeping = threading.Thread(target=keep_waiting)
        keeping.start()
        assert begun.wait(10)
        since = time.monotonic()
        answers = with_others(writing, "keyed", "a", "b")
        assert time.monotonic() > since + part.LONGEST
        keeping.join()
    assert [each.status for each in answers] == [201] * 3
    assert len(commits) == 1


def test_a_write_for_which_there_is_no_room_is_refused(writing):
    names = [str(number) for number in range(places.WAITING + 2)]
    answers = with_others(writing, "a", *names)
    assert [each.status for each in answers] == [201] * (places.WAITING + 2) + [503]


def test_a_body_for_which_no_thread_can_wait_is_left_to_others(writing, monkeypatch):
    monkeypatch.setattr(turns, "SLOW_BODIES", 0)
    writing.dispatcher = dispatching(writing, writing.database)
    assert sent(writing, "a").body == b"in turn"


class SlowBody(io.BytesIO):
    def read(self, size=-1):
        time.sleep(2 * STUCK)
        return super().read(size)


def test_once_a_body_has_come_slowly_who_reads_one_is_away_for_a_while(writing, monkeypatch):
    def gone(body):
        before = crew.gone
        sent = {"CONTENT_LENGTH": "1", "wsgi.input": body}
        assert asked(writing.dispatcher, TASKS, method="POST", **sent).body == b"a"
        return crew.gone - before

    monkeypatch.setattr("todo_api.staying.ALONE", math.inf)
    crew = Tireless()
    writing.dispatcher = dispatching(writing, writing.database, crew=crew)
    to_write = gone(io.BytesIO(b"a"))
    assert gone(SlowBody(b"a")) == to_write
    assert gone(io.BytesIO(b"a")) == gone(SlowBody(b"a")) == to_write + 1
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + WARY)
    assert gone(io.BytesIO(b"a")) == to_write


def test_on_sqlite_who_writes_is_away_unless_the_write_comes_alone(writing, monkeypatch):
    # As on a machine that is never too busy.
    monkeypatch.setattr("todo_api.staying.ALONE", 0.5)
    monkeypatch.setattr("todo_api.staying.STUCK", math.inf)
    crew = Tireless()
    writing.dispatcher = dispatching(writing, writing.database, crew=crew)
    gone = []
    for text, pause in (("a", 0), ("b", 0), ("c", 0.6)):
        time.sleep(pause)
        assert sent(writing, text).status == 201
        gone.append(crew.gone)
    assert gone == ([0, 1, 1] if writing.database.is_sqlite else [1, 2, 3])


def test_granian_has_the_place_at_which_it_is_told_who_answers():
    assert callable(vars(mp)["_wsgi_call_wrap"])
