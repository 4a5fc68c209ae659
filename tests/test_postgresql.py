"""A PostgreSQL that is frozen, stopped, or not there: nobody waits for it for long."""

import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from postgres import Postgres
from sqlalchemy import text
from support import Backend

from todo_api import migrations
from todo_api.database import Database
from todo_api.errors import CannotStart, Unavailable
from todo_api.notices import Listener
from todo_api.pulse import NoAnswer, Pulse
from todo_api.settings import Settings

LONG_AGO = -1000.0


@pytest.fixture(scope="module")
def own_postgres():
    """One that may be frozen and stopped, since no other test needs it."""
    cluster = Postgres()
    cluster.start()
    yield cluster
    cluster.thaw()
    cluster.stop()


@pytest.fixture
def own(own_postgres):
    database = Database(own_postgres.url("postgres"))
    yield database
    database.close()


def asked(database, question="SELECT 1"):
    """Return the answer, None where there was none, and the seconds that it took."""
    begun = time.monotonic()
    try:
        with database.reading() as session:
            answer = session.scalar(text(question))
    except Unavailable:
        answer = None
    return answer, time.monotonic() - begun


def asked_at_once(database, many, question="SELECT 1"):
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(asked(database, question)))
        for _ in range(many)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_who_waits_for_a_frozen_server_is_told_in_time_and_who_comes_later_at_once(
    own_postgres, own
):
    assert asked_at_once(own, 4) == [(1, pytest.approx(0, abs=2))] * 4
    own_postgres.freeze()
    # More than there are connections in the pool: those who wait for one are told as well.
    early = asked_at_once(own, 12)
    late = [asked(own) for _ in range(20)]
    own_postgres.thaw()
    assert [answer for answer, _ in early + late] == [None] * 32
    assert max(seconds for _, seconds in early) < 4.5
    assert max(seconds for _, seconds in late) < 0.5
    thawed = time.monotonic()
    while asked(own)[0] is None:
        assert time.monotonic() < thawed + 5
        time.sleep(0.01)
    assert [answer for answer, _ in asked_at_once(own, 12)] == [1] * 12
    assert "pulse" not in {thread.name for thread in threading.enumerate()}


def test_a_slow_statement_is_not_cut_off(own):
    """It takes longer than a server may stay silent."""
    slow = "SELECT 7 FROM pg_sleep(3.5)"
    assert asked(own, slow)[0] == 7


def test_a_server_that_started_again_costs_nobody_an_error(own_postgres, own):
    assert len(asked_at_once(own, 6, "SELECT 1 FROM pg_sleep(0.2)")) == 6
    own_postgres.crash()
    own_postgres.start_again()
    assert [answer for answer, _ in asked_at_once(own, 6)] == [1] * 6


def test_a_listener_that_finds_no_connection_free_is_unavailable(own_postgres):
    database = Database(own_postgres.url("postgres"), lock_timeout=1, pool_size=1)
    with database.reading(), pytest.raises(Unavailable):
        Listener(database)
    Listener(database).close()
    database.close()


def test_an_idle_connection_is_kept_alive(own):
    with own.reading() as session:
        driver = session.connection().connection.driver_connection
        with socket.socket(fileno=driver.fileno()) as peer:
            idle = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            peer.detach()
    assert idle == 30


def test_a_server_that_is_stopped_is_unavailable_at_once(own_postgres, own):
    assert asked(own)[0] == 1
    own_postgres.crash()
    answers = asked_at_once(own, 6)
    own_postgres.start_again()
    assert [answer for answer, _ in answers] == [None] * 6
    assert max(seconds for _, seconds in answers) < 1
    assert asked(own)[0] == 1


@contextmanager
def silent_host():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield "127.0.0.1", listening.getsockname()[1]


@pytest.mark.parametrize("hosts", [1, 2, 5])
def test_hosts_that_do_not_answer_are_waited_for_no_longer_than_the_lock_timeout(hosts):
    with ExitStack() as stack:
        silent = [stack.enter_context(silent_host()) for _ in range(hosts)]
        query = "&".join(f"host={host}:{port}" for host, port in silent)
        database = Database(f"postgresql://test@/postgres?{query}", lock_timeout=1)
        answer, seconds = asked(database)
        assert answer is None
        assert 0.9 < seconds < 2
        with pytest.raises(CannotStart, match="does not answer"):
            migrations.upgrade(database)
        database.close()


@pytest.mark.parametrize("silent", [1, 2])
def test_hosts_that_do_not_answer_are_passed_over_and_then_not_tried_again(own_postgres, silent):
    with ExitStack() as stack:
        places = [stack.enter_context(silent_host()) for _ in range(silent)]
        places.append(("127.0.0.1", own_postgres.port))
        hosts = "&".join(f"host={host}:{port}" for host, port in places)
        database = Database(f"postgresql://test@/postgres?{hosts}")
        stack.callback(database.close)
        answer, seconds = asked(database)
        assert answer == 1
        assert seconds < 2 * silent + 2
        time.sleep(max(0, 3.5 - seconds))
        answers = asked_at_once(database, 8)
        assert [answer for answer, _ in answers] == [1] * 8
        assert max(seconds for _, seconds in answers) < 1


def test_a_primary_that_falls_silent_is_left_for_the_standby_that_was_promoted():
    """As when its machine is gone: no socket is closed, and no packet comes back."""
    with ExitStack() as stack:
        primary, standby = Postgres(), Postgres()
        stack.callback(primary.stop)
        stack.callback(standby.stop)
        primary.start()
        standby.follow(primary)
        hosts = "&".join(f"host=127.0.0.1:{each.port}" for each in (primary, standby))
        database = Database(f"postgresql://test@/postgres?{hosts}&target_session_attrs=read-write")
        stack.callback(database.close)
        assert [answer for answer, _ in asked_at_once(database, 8)] == [1] * 8
        listener = Listener(database)
        stack.callback(listener.close)
        stack.callback(primary.thaw)
        primary.freeze()
        standby.promote()
        silent = time.monotonic()
        while asked(database)[0] is None:
            assert time.monotonic() < silent + 10
        with pytest.raises(Unavailable):
            listener.hear(1)
        answers = asked_at_once(database, 16)
        assert [answer for answer, _ in answers] == [1] * 16
        assert max(seconds for _, seconds in answers) < 1


def test_a_connection_that_comes_too_late_is_closed(own_postgres):
    database = Database(own_postgres.url("postgres"), lock_timeout=1)
    own_postgres.freeze()
    assert asked(database)[0] is None
    own_postgres.thaw()
    count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    with psycopg.connect(own_postgres.url("postgres"), autocommit=True) as look:
        until = time.monotonic() + 5
        while look.execute(count).fetchone() != (1,):
            assert time.monotonic() < until
            time.sleep(0.05)
    database.close()


def test_a_refusal_is_no_silence():
    def refused():
        raise psycopg.OperationalError("sorry, too many clients already")

    pulse = Pulse(refused, seconds=0)
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        pulse.bear(LONG_AGO)
        time.sleep(0.01)


def test_a_silent_server_is_away_until_it_answers():
    silent = threading.Event()
    silent.set()

    def ask():
        if silent.is_set():
            raise psycopg.errors.ConnectionTimeout

    pulse = Pulse(ask, seconds=0.1)
    pulse.bear(LONG_AGO)
    time.sleep(0.2)
    assert pulse.away
    with pytest.raises(NoAnswer):
        pulse.bear(time.monotonic())
    silent.clear()
    time.sleep(0.5)
    pulse.bear(time.monotonic())
    assert not pulse.away


def test_routes_answer_503_with_retry_after_while_postgresql_is_frozen(own_postgres):
    with psycopg.connect(own_postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE routes")
    backend = Backend(Settings(), Database(own_postgres.url("routes")))
    alice = backend.someone()
    own_postgres.freeze()
    answers = [
        alice.get(alice.tasks),
        alice.post(alice.tasks, json={"name": "x"}),
        backend.nobody.get("/ready"),
    ]
    health = backend.nobody.get("/health")
    own_postgres.thaw()
    assert [answer.status_code for answer in answers] == [503] * 3
    assert [answer.headers["Retry-After"] for answer in answers] == ["1"] * 3
    assert health.status_code == 200
    time.sleep(0.5)
    assert alice.task().json["id"] == 2
    backend.database.close()


def test_a_connection_that_ended_while_it_was_read_from_is_out_of_reach(own_postgres, own):
    with pytest.raises(Unavailable), own.reading() as session:
        # So it is left by a cursor of the server's, which could not be closed.
        session.place.driver.close()
