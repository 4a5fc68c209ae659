"""Events: what changes in an account reaches those who follow it, on every process and node."""

import json
import threading
import time
from contextlib import ExitStack, contextmanager

import httpx
import psycopg
import pytest
from conftest import serving
from support import PASSWORD

from todo_api.client import Client
from todo_api.errors import Unavailable
from todo_api.resources import event
from todo_api.services import accounts, feed

PATH = "/api/v1/accounts/alice/events"
SECONDS = 20
"""What a test waits for an event before it fails; the events themselves take milliseconds."""


def parsed(text):
    """Return the id and the data of each event, None for what is a comment."""
    found = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields:
            found.append((fields["id"], json.loads(fields["data"])))
        elif "retry" not in fields:
            found.append(None)
    return found


@pytest.fixture
def subscribe(backend):
    """Follow an account in this very process, by the body of the application's own answer."""
    own = backend.feed

    def begin(someone, since=None, beat=0.05, longest=SECONDS):
        with backend.session() as session:
            account = accounts.named(session, someone.username)
        subscription = own.subscribe(account.id)
        stream = event.ChangeStream(
            backend.database, subscription, someone.token, since, beat=beat, longest=longest
        )
        lines = iter(stream)
        assert next(lines) == b"retry: 1000\n\n"
        return lines

    return begin


def following_event(lines):
    """Return the id and the data of the next event, past the comments."""
    return next(found for text in lines for found in parsed(text.decode()) if found)


def names(told):
    return [change.get("name") for change in told["changes"]]


def test_a_stream_tells_first_what_was_missed_and_then_what_happens(alice, subscribe):
    alice.task(name="before")
    lines = subscribe(alice)
    first_id, first = following_event(lines)
    assert first == alice.get(f"{alice.path}/changes").json
    assert first_id == first["next"]
    later = alice.task(name="later")
    second_id, second = following_event(lines)
    assert second == alice.get(f"{alice.path}/changes", query_string={"since": first_id}).json
    assert names(second) == ["later"]
    alice.delete(later.headers["Location"])
    _, third = following_event(lines)
    assert third["changes"][0]["deleted"] is True
    assert second_id < third["next"]


def test_many_changes_come_as_events_of_one_page_each(alice, subscribe):
    operations = [{"method": "POST", "body": {"name": str(number)}} for number in range(100)]
    for _ in range(3):
        alice.post(f"{alice.tasks}/batch", json={"operations": operations})
    lines = subscribe(alice)
    _, first = following_event(lines)
    _, second = following_event(lines)
    assert (len(first["changes"]), first["more"]) == (200, True)
    assert (len(second["changes"]), second["more"]) == (100, False)


def test_a_silent_stream_says_now_and_then_that_it_is_alive_and_ends_in_time(alice, subscribe):
    since = alice.get(f"{alice.path}/changes").json["next"]
    began = time.monotonic()
    told = list(subscribe(alice, since, beat=0.2, longest=1.5))
    assert 1.4 < time.monotonic() - began < 10
    assert set(told) == {b":\n\n"}
    assert 2 <= len(told) <= 9


def test_a_foreign_sync_token_starts_anew(alice, subscribe):
    alice.task(name="x")
    _, told = following_event(subscribe(alice, "other.7"))
    assert told["reset"] is True
    assert names(told) == ["x"]


@pytest.mark.parametrize("end", ["logout", "delete"])
def test_a_stream_ends_with_its_token_and_tells_nothing_more(backend, alice, subscribe, end):
    lines = subscribe(alice)
    next(lines)
    other = backend.someone("alice")
    if end == "logout":
        alice.get("/api/v1/accounts/logout")
        other.task(name="secret")
    else:
        other.delete(alice.path)
    assert list(lines) == []


def test_a_stream_outlives_a_database_that_is_away_for_a_while(
    database, alice, subscribe, monkeypatch
):
    lines = subscribe(alice)
    following_event(lines)
    monkeypatch.setattr(event, "TRY_AGAIN", 0.01)
    with ExitStack() as held:
        for _ in range(database.engine.pool.size()):
            held.enter_context(database.reading())
        assert next(lines) == b":\n\n"
    alice.task(name="later")
    _, told = following_event(lines)
    assert names(told) == ["later"]


def test_no_more_streams_are_open_than_there_are_places(backend, alice):
    narrow = backend.with_settings(event_streams=1)
    own = narrow.feed
    first = narrow.someone("alice").get(PATH)
    assert (first.status_code, first.mimetype) == (200, "text/event-stream")
    assert first.headers["Cache-Control"] == "no-store"
    assert own.waiting == 1
    refused = narrow.someone("alice").get(PATH)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "30"
    head = narrow.someone("alice")("HEAD", PATH)
    assert (head.status_code, head.mimetype) == (200, "text/event-stream")
    first.close()
    assert own.waiting == 0
    again = narrow.someone("alice").get(PATH)
    assert again.status_code == 200
    again.close()
    own.stop()
    assert narrow.someone("alice").get(PATH).status_code == 503


def test_the_thread_that_listens_ends_with_the_last_stream(backend, alice):
    others = set(threading.enumerate())
    streams = [alice.get(PATH) for _ in range(3)]
    # What has connected to the database may not have quite ended yet.
    begun = set(threading.enumerate()) - others
    [listening] = [thread for thread in begun if thread.name != "connect"]
    assert listening.name == "feed"
    for stream in streams:
        stream.close()
    assert backend.feed.waiting == 0
    listening.join(SECONDS)
    assert not listening.is_alive()


class Follower:
    """Reads a stream from a live server."""

    def __init__(self, answer):
        self.answer = answer
        self.blocks = self._blocks()

    def _blocks(self):
        block = ""
        for text in self.answer.iter_text():
            block += text
            while "\n\n" in block:
                whole, _, block = block.partition("\n\n")
                yield from (found for found in parsed(whole) if found)

    def names(self, many):
        """Return the names in the next events, until there are `many` of them."""
        found = []
        while len(found) < many:
            self.last, told = next(self.blocks)
            found += names(told)
        return found


@contextmanager
def following(url, token, last=None):
    headers = {"Authorization": f"Bearer {token}"}
    if last is not None:
        headers["Last-Event-ID"] = last
    with httpx.stream("GET", f"{url}{PATH}", headers=headers, timeout=SECONDS) as answer:
        assert answer.status_code == 200, answer.read()
        yield Follower(answer)


def registered(url):
    with Client(url, timeout=SECONDS, tries=1) as client:
        client.register("alice", "alice@example.com", PASSWORD)
        return client.login("alice", PASSWORD).token


def task(url, token, name):
    with Client(url, token, username="alice", timeout=SECONDS, tries=1) as client:
        client.tasks.create(name)


def test_what_any_node_writes_reaches_every_stream_and_is_resumed_after(database_url, tmp_path):
    with (
        serving(tmp_path / "one", DATABASE_URL=database_url, WORKERS=2) as one,
        serving(tmp_path / "two", DATABASE_URL=database_url, WORKERS=1) as two,
    ):
        token = registered(one.url)
        sent = [str(number) for number in range(20)]
        with ExitStack() as open_streams:
            followers = [
                open_streams.enter_context(following(node.url, token))
                for node in (one, one, one, two)
            ]
            for number, name in enumerate(sent):
                task((one, two)[number % 2].url, token, name)
            assert [follower.names(20) for follower in followers] == [sent] * 4
            last = followers[0].last
            # Whoever waits is woken, and not only by the next heartbeat.
            began = time.monotonic()
            task(two.url, token, "woken")
            assert followers[0].names(1) == ["woken"]
            assert time.monotonic() - began < event.BEAT / 2
        task(two.url, token, "missed")
        with following(two.url, token, last) as resumed:
            assert resumed.names(2) == ["woken", "missed"]


def test_streams_take_no_thread_that_a_request_needs(database_url, tmp_path):
    narrow = {"WORKERS": 1, "THREADS": 1, "EVENT_STREAMS": 3}
    with serving(tmp_path / "log", DATABASE_URL=database_url, **narrow) as live:
        token = registered(live.url)
        headers = {"Authorization": f"Bearer {token}"}
        with ExitStack() as open_streams:
            followers = [open_streams.enter_context(following(live.url, token)) for _ in range(3)]
            refused = httpx.get(f"{live.url}{PATH}", headers=headers)
            assert refused.status_code == 503
            assert refused.headers["Retry-After"] == "30"
            for number in range(10):
                task(live.url, token, str(number))
                assert httpx.get(f"{live.url}/itemprice?itemname=x").status_code == 200
            assert len(followers[2].names(10)) == 10
        # A client that is gone is noticed when there is something to tell it.
        for _ in range(SECONDS * 10):
            task(live.url, token, "x")
            with httpx.stream("GET", f"{live.url}{PATH}", headers=headers) as again:
                if again.status_code == 200:
                    assert Follower(again).names(10)[:2] == ["0", "1"]
                    break
        else:
            raise AssertionError("no place was given back")


def test_streams_end_cleanly_when_the_server_stops(database_url, tmp_path):
    with serving(tmp_path / "log", DATABASE_URL=database_url, WORKERS=2) as live:
        token = registered(live.url)
        task(live.url, token, "x")
        with ExitStack() as open_streams:
            followers = [open_streams.enter_context(following(live.url, token)) for _ in range(6)]
            assert [follower.names(1) for follower in followers] == [["x"]] * 6
            began = time.monotonic()
            stopping = threading.Thread(target=live.stop)
            stopping.start()
            # A stream that was cut would raise httpx.RemoteProtocolError here.
            assert [list(follower.blocks) for follower in followers] == [[]] * 6
            stopping.join()
            assert time.monotonic() - began < 10
        assert live.process.returncode == 0


def test_a_listener_that_loses_its_connection_finds_what_it_missed(
    postgres, postgres_databases, tmp_path
):
    url = postgres_databases.migrated()
    with serving(tmp_path / "log", DATABASE_URL=url, WORKERS=1) as live:
        token = registered(live.url)
        with following(live.url, token) as follower:
            task(live.url, token, "before")
            assert follower.names(1) == ["before"]
            with psycopg.connect(url, autocommit=True) as connection:
                cut = connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
                ).fetchall()
            assert cut == [(True,)]
            task(live.url, token, "meanwhile")
            assert follower.names(1) == ["meanwhile"]
            time.sleep(3 * feed.LISTEN_FOR)
            began = time.monotonic()
            task(live.url, token, "after")
            assert follower.names(1) == ["after"]
            assert time.monotonic() - began < event.BEAT / 2


def test_an_account_without_a_stream_gets_one_when_others_have_taken_all(backend):
    """Of the account that has most the oldest one ends, whose client comes back."""
    feed = backend.with_settings(event_streams=8).feed
    first, second = ([feed.subscribe(account) for _ in range(4)] for account in (1, 2))
    with pytest.raises(Unavailable):
        feed.subscribe(1)
    other = feed.subscribe(3)
    ended = [each for each in (*first, *second) if each.over]
    assert ended == [first[0]]
    assert first[0].wait(5)
    assert not other.over
    for each in (*first, *second, other):
        each.close()
    assert feed.waiting == 0


def test_accounts_that_have_one_stream_each_keep_it(backend):
    feed = backend.with_settings(event_streams=3).feed
    taken = [feed.subscribe(account) for account in range(3)]
    with pytest.raises(Unavailable):
        feed.subscribe(4)
    assert not any(each.over for each in taken)
    for each in taken:
        each.close()
