"""Where requests are answered: in threads, on the loop, or in a batch of writes."""

import asyncio
import io
import threading
import time

import pytest
from messages import let_commits_fail, spoil, stored, write
from test_running_reads import read_forever

from todo_api.errors import TooSlow
from todo_api.resources import passage
from todo_api.server.executors import (
    HALF_LIFE,
    LARGEST_BATCH,
    MOST_COSTS,
    SECONDS_OF_ORDINARY_CLIENTS,
    Costs,
    CostSharingExecutor,
    LoopExecutor,
    ThreadExecutor,
    WriteQueue,
)
from todo_api.server.fairness import Overloaded


def environ(name=""):
    return {"wsgi.input": io.BytesIO(name.encode())}


def in_threads(app, database, **options):
    settings = {"threads": 2, "seconds": 5, **options}
    return ThreadExecutor("test", app, database, **settings)


def test_a_read_whose_client_goes_away_is_ended_in_the_database(database):
    ended = []

    def app(_environ, start_response):
        try:
            read_forever(database)
        except TooSlow:
            ended.append(True)
        start_response("503 SERVICE UNAVAILABLE", [])
        return []

    async def work():
        gone = asyncio.get_running_loop().create_future()
        answering = asyncio.ensure_future(in_threads(app, database).answer(environ(), "a", gone))
        await asyncio.sleep(0.5)
        assert not answering.done()
        gone.set_result(None)
        answer = await asyncio.wait_for(answering, 10)
        assert answer.status == 503

    asyncio.run(work())
    assert ended == [True]


def test_a_request_whose_client_goes_away_before_its_turn_is_never_begun(sqlite_database):
    go_on, asked = threading.Event(), []

    def app(sent, start_response):
        asked.append(sent["wsgi.input"].read())
        assert go_on.wait(10)
        start_response("200 OK", [])
        return []

    async def work():
        executor = in_threads(app, sqlite_database, threads=1)
        loop = asyncio.get_running_loop()
        first = asyncio.ensure_future(executor.answer(environ("first"), "a", None))
        gone = loop.create_future()
        second = asyncio.ensure_future(executor.answer(environ("second"), "b", gone))
        await asyncio.sleep(0.1)
        gone.set_result(None)
        with pytest.raises(Overloaded):
            await second
        go_on.set()
        assert (await first).status == 200

    asyncio.run(work())
    assert asked == [b"first"]


def test_clients_with_costly_requests_wait_for_each_other_and_nobody_waits_for_them(
    sqlite_database,
):
    free, is_held = threading.Event(), threading.Semaphore(0)

    def app(sent, start_response):
        if sent["wsgi.input"].read() == b"costly":
            is_held.release()
            assert free.wait(10)
        start_response("200 OK", [])
        return []

    async def work():
        ordinary, costly = (in_threads(app, sqlite_database, threads=2) for _ in range(2))
        executor = CostSharingExecutor(ordinary, costly)
        attackers = ["a", "b", "c", "d"]
        for each in attackers:
            ordinary.on_cost(each, SECONDS_OF_ORDINARY_CLIENTS + 1)
        held = [
            asyncio.ensure_future(executor.answer(environ("costly"), each, None))
            for each in attackers
        ]
        for _ in range(2):
            assert await asyncio.to_thread(is_held.acquire, timeout=5)
        answer = await asyncio.wait_for(executor.answer(environ(), "innocent", None), 5)
        assert answer.status == 200
        assert not any(each.done() for each in held)
        free.set()
        assert {answer.status for answer in await asyncio.gather(*held)} == {200}

    asyncio.run(work())


def test_what_a_client_has_cost_is_measured_and_forgotten_by_half():
    now = [100.0]
    costs = Costs(clock=lambda: now[0])
    assert costs.of("a") == 0
    costs.add("a", 4.0)
    costs.add("a", 2.0)
    assert costs.of("a") == 6.0
    now[0] += HALF_LIFE
    assert costs.of("a") == 3.0
    for number in range(MOST_COSTS):
        costs.add(number, 1.0)
    assert costs.of("a") == 0


def test_the_cost_of_a_request_is_the_time_in_its_thread(sqlite_database):
    costs = []

    def app(_environ, start_response):
        time.sleep(0.2)
        start_response("200 OK", [])
        return []

    async def work():
        executor = in_threads(app, sqlite_database, threads=1)
        executor.on_cost = lambda *cost: costs.append(cost)
        begun = time.monotonic()
        await asyncio.gather(*(executor.answer(environ(), "a", None) for _ in range(3)))
        return time.monotonic() - begun

    elapsed = asyncio.run(work())
    assert [client for client, _ in costs] == ["a"] * 3
    assert sum(seconds for _, seconds in costs) <= elapsed, "Waiting for a thread has counted"


def test_requests_without_the_database_come_between_many_lookups():
    order = []

    def app(sent, start_response):
        order.append(sent["wsgi.input"].read().decode())
        start_response("200 OK", [])
        return []

    async def work():
        executor = LoopExecutor(app, 5, lambda _client: None)
        lookups = [executor.answer(environ("lookup"), "a", None) for _ in range(40)]

        async def other():
            order.append("other")

        await asyncio.gather(*lookups, other())

    asyncio.run(work())
    assert order.count("lookup") == 40
    assert order.index("other") < 20


class Writing:
    """A WSGI application that stores the body it gets."""

    def __init__(self, database):
        self.database = database
        self.said = []

    def __call__(self, sent, start_response):
        name = sent["wsgi.input"].read().decode()
        with self.database.transaction() as session:
            write(session, name)
            if name == "broken":
                spoil(session)
        if name == "fails":
            raise KeyError
        sent[passage.ON_COMMIT].append(lambda: self.said.append(name))
        start_response("201 CREATED", [])
        return [name.encode()]


@pytest.fixture
def writing(sqlite_database):
    return Writing(sqlite_database)


def written(writing, *names):
    """Return the statuses of writes that come at once."""

    async def work():
        queue = WriteQueue(writing, writing.database, 5)
        answers = [queue.answer(environ(name), name, None) for name in names]
        return await asyncio.gather(*answers, return_exceptions=True)

    return [getattr(answer, "status", type(answer)) for answer in asyncio.run(work())]


def test_writes_that_wait_share_a_commit_and_are_told_in_their_order(writing, monkeypatch):
    batches = []
    batch = writing.database.batch
    monkeypatch.setattr(writing.database, "batch", lambda: batches.append(1) or batch())
    names = [str(number) for number in range(10)]
    assert written(writing, *names) == [201] * 10
    assert stored(writing.database) == writing.said == names
    assert len(batches) == 1


def test_a_batch_is_no_larger_than_its_bound(writing, monkeypatch):
    batches = []
    batch = writing.database.batch
    monkeypatch.setattr(writing.database, "batch", lambda: batches.append(1) or batch())
    names = [f"{number:03}" for number in range(LARGEST_BATCH + 1)]
    assert written(writing, *names) == [201] * len(names)
    assert len(batches) == 2


def test_where_a_commit_fails_each_write_is_done_again_by_itself(writing):
    let_commits_fail(writing.database)
    statuses = written(writing, "a", "broken", "b")
    assert statuses == [201, 500, 201]
    assert stored(writing.database) == ["a", "b"]
    assert writing.said == ["a", "b"]


def test_a_write_that_fails_unforeseen_harms_no_other(writing):
    assert written(writing, "a", "fails", "b") == [201, 500, 201]


def test_a_write_that_has_waited_too_long_is_refused_and_not_stored(writing):
    async def work():
        queue = WriteQueue(writing, writing.database, 0.1)
        with writing.database.transaction() as session:
            write(session, "held")
            answers = [asyncio.ensure_future(queue.answer(environ(n), n, None)) for n in "abc"]
            await asyncio.sleep(0.3)
            late = asyncio.ensure_future(queue.answer(environ("late"), "late", None))
            await asyncio.sleep(0.3)
        return await asyncio.gather(*answers, late, return_exceptions=True)

    outcomes = asyncio.run(work())
    stored_now = stored(writing.database)
    assert type(outcomes[-1]) is Overloaded
    assert "late" not in stored_now
    done = zip("abc", outcomes[:3], strict=True)
    told = {name for name, each in done if getattr(each, "status", 0) == 201}
    assert set(stored_now) == told | {"held"}
