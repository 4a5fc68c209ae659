"""No client fills the memory of a process with what it sends, however long and distinct that is."""

import gc
import itertools
import tracemalloc

import orjson
import pytest
from support import nothing_recorded, send

LONG = 7_500
"""Characters of a long input. A header may have 8,000."""

SENT = 50
"""Long inputs that are sent."""

NUMBERS = itertools.count(1)


def number(length):
    """Return a decimal number that no other input has, padded to `length` characters."""
    return f"{next(NUMBERS):0{length}}"


def word(length):
    """Return a text of letters that no other input has, of `length` characters."""
    letters = str.maketrans("0123456789", "abcdefghij")
    return number(length).translate(letters)


def header(name, start="", *, method="GET", path="/echo/a"):
    """Return a maker of requests that differ in one header."""

    def sent(length):
        return method, path, {name: start + word(length)}

    return sent


ANYBODY = {
    "path of a route": lambda length: ("GET", f"/echo/{word(length)}", {}),
    "path of no route": lambda length: ("GET", f"/{word(length)}", {}),
    "path in UTF-8": lambda length: ("GET", f"/echo/{'é' * (length // 4)}{word(length // 2)}", {}),
    "method": lambda length: (word(length).upper(), "/echo/a", {}),
    "method of no route": lambda length: (word(length).upper(), f"/{word(8)}", {}),
    "known parameters": lambda length: ("GET", f"/sum?number1={number(length)}&number2=1", {}),
    "unknown parameters": lambda length: (
        "GET",
        f"/sum?number1=1&number2=2&{word(length)}=1",
        {},
    ),
    "empty parameters": lambda length: (
        "GET",
        f"/sum?number1={number(9)}&number2=2{'&' * length}",
        {},
    ),
    "file of the docs": lambda length: ("GET", f"/docs/{word(length)}", {}),
    "file of the page": lambda length: ("GET", f"/web/{word(length)}", {}),
    "Host": header("Host"),
    "Accept": header("Accept", "text/"),
    "Accept-Encoding": header("Accept-Encoding", path="/openapi.json"),
    "Accept-Charset": header("Accept-Charset"),
    "Content-Type": header("Content-Type", "text/plain; charset=", method="POST", path="/echo"),
    "Cookie": header("Cookie", "a="),
    "User-Agent": header("User-Agent"),
    "If-None-Match": header("If-None-Match", path="/openapi.json"),
    "X-Request-ID": header("X-Request-ID"),
    "X-Forwarded-For": header("X-Forwarded-For"),
    "X-Forwarded-For with an address": header("X-Forwarded-For", "fe80::1%"),
    "X-Forwarded-Proto": header("X-Forwarded-Proto"),
    "Origin": header("Origin", "https://"),
    "Origin of a preflight": header("Origin", "https://", method="OPTIONS"),
    "Access-Control-Request-Method": header("Access-Control-Request-Method", method="OPTIONS"),
    "Access-Control-Request-Headers": lambda length: (
        "OPTIONS",
        "/echo/a",
        {
            "Origin": "https://a.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": word(length),
        },
    ),
}


def preflight(length):
    """Return a preflight request that differs in each of its headers."""
    headers = {
        "Origin": f"https://{word(length)}",
        "Access-Control-Request-Method": word(length),
        "Access-Control-Request-Headers": word(length),
    }
    return "OPTIONS", "/echo/a", headers


def everything(length):
    """Return a request that differs in whatever a client may choose."""
    names = ("Accept", "Cookie", "User-Agent", "X-Forwarded-For", "X-Forwarded-Proto")
    headers = {name: word(length) for name in names}
    return "GET", f"/echo/{word(length)}?{word(length)}={word(length)}", headers


def unroutable(length):
    """Return a request with a method and a path that no route has."""
    return word(length).upper(), f"/{word(length)}", {}


def numbers(length):
    """Return a request whose parameters are read."""
    return "GET", f"/sum?number1={number(length)}&number2={number(length)}", {}


ALICE = "/api/v1/accounts/alice"
TASKS = f"{ALICE}/tasks"
TASK = f"{TASKS}/2"
FIELDS = {"due_date": "2031-01-01", "item": "milk", "quantity": 2, "name": "a", "completed": True}
SUBSETS = itertools.cycle(
    fields
    for size in range(len(FIELDS) + 1)
    for fields in itertools.combinations(FIELDS.items(), size)
)


def of_task(method, path, **fields):
    """Return a maker of requests that send a task with a long note."""

    def sent(length):
        return method, path, {}, {**fields, "note": word(length)}

    return sent


SOMEBODY = {
    "unknown parameters of a profile": lambda length: (
        "GET",
        f"{ALICE}?{word(length)}=1",
        {},
    ),
    "unknown parameters of a task": lambda length: ("GET", f"{TASK}?{word(length)}", {}),
    "unknown parameters of a list": lambda length: ("GET", f"{TASKS}?{word(length)}=1", {}),
    "empty parameters of a list": lambda length: (
        "GET",
        f"{TASKS}?q={word(9)}{'&' * (length // 10)}&due_after=2000-01-01{'0' * length}",
        {},
    ),
    "text that is searched": lambda length: ("GET", f"{TASKS}?q={word(length)}", {}),
    "percent-encoded text that is searched": lambda length: (
        "GET",
        f"{TASKS}?q={quote_all(word(min(length // 3, 255)))}{'&' * (length // 10)}",
        {},
    ),
    "cursor": lambda length: ("GET", f"{TASKS}?after={word(length)}", {}),
    "sync token": lambda length: ("GET", f"{ALICE}/changes?since={word(length)}", {}),
    "username in a path": lambda length: ("GET", f"/api/v1/accounts/{word(length)}/tasks", {}),
    "padded username in a path": lambda length: (
        "GET",
        f"/api/v1/accounts/{' ' * length}{word(8)}/tasks",
        {},
    ),
    "token": header("Authorization", "Bearer ", path=TASKS),
    "item whose price is asked": lambda length: ("GET", f"/itemprice?itemname={word(length)}", {}),
    "note of a new task": of_task("POST", TASKS, name="new"),
    "note of a task that changes": of_task("PATCH", TASK),
    "note of a task that changes in various fields": lambda length: (
        "PATCH",
        TASK,
        {},
        {**dict(next(SUBSETS)), "note": word(length)},
    ),
    "Idempotency-Key": lambda length: (
        "POST",
        TASKS,
        {"Idempotency-Key": word(length)},
        {"name": word(8)},
    ),
    "unknown field of a task": lambda length: ("PATCH", TASK, {}, {word(length): 1}),
    "name of an account that logs in": lambda length: (
        "POST",
        "/api/v1/accounts/login",
        {},
        {"username": word(length), "password": "x"},
    ),
    "message": lambda length: ("POST", "/users", {}, {"data": word(length)}),
}


def quote_all(text):
    return "".join(f"%{ord(each):02x}" for each in text)


def growth(app, make, length, times, token=None):
    """Return by how many bytes the memory grows when `times` requests are sent."""
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(times):
        method, target, headers, *body = make(length)
        if token:
            headers = {"Authorization": f"Bearer {token}", **headers}
        if body:
            headers = {"Content-Type": "application/json", **headers}
        assert send(app, method, target, headers, *map(orjson.dumps, body)) < 500
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    return after - before


@pytest.fixture
def traced():
    tracemalloc.start()
    with nothing_recorded():
        yield
    tracemalloc.stop()


@pytest.mark.parametrize("what", ANYBODY)
def test_a_long_input_is_not_remembered(doorstep, traced, what):
    make = ANYBODY[what]
    growth(doorstep.app, make, LONG, 20)
    assert growth(doorstep.app, make, LONG, SENT) < SENT * LONG / 10


@pytest.mark.parametrize("what", SOMEBODY)
def test_a_long_input_of_somebody_with_an_account_is_not_remembered(backend, traced, what):
    app = backend.with_settings(messages_per_hour=1_000).app
    alice = backend.someone("alice")
    alice.task(name="the second revision")
    make = SOMEBODY[what]
    growth(app, make, LONG, 20, alice.token)
    assert growth(app, make, LONG, SENT, alice.token) < SENT * LONG / 10


# How many are more than the caches that they fill have entries.
@pytest.mark.parametrize(
    ("make", "many"), [(everything, 2_100), (unroutable, 2_100), (numbers, 1_100), (preflight, 300)]
)
def test_short_inputs_are_remembered_only_up_to_a_limit(doorstep, traced, make, many):
    growth(doorstep.app, make, 12, many)
    # A dictionary is copied, if at all, in one of the two.
    assert min(growth(doorstep.app, make, 12, 100) for _ in range(2)) < 100 * 50
