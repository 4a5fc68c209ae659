"""The Python client, against a server that runs, over real sockets."""

import itertools
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import ROOT, serving
from cutting import CuttingNetwork
from faults.rig import Server
from price_names import NAMES as NAMES_OF_PRICES
from support import PASSWORD

from todo_api.client import (
    ApiError,
    Client,
    Conflict,
    Deleted,
    Forbidden,
    Invalid,
    Mirror,
    Money,
    NotFound,
    Stale,
    Task,
    TooMany,
    Unauthorized,
    Unavailable,
    changing,
    creating,
    deleting,
)
from todo_api.database import Database
from todo_api.resources import json_text
from todo_api.schemas.item_price import ItemPriceSchema
from todo_api.schemas.token import Session
from todo_api.services import accounts

NAMES = (f"user{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def module_url(databases):
    return databases.migrated()


@pytest.fixture(scope="module")
def server(module_url, tmp_path_factory):
    """One server for all tests that leave it running; each has accounts of its own."""
    log = tmp_path_factory.mktemp("client") / "log"
    with serving(log, DATABASE_URL=module_url, REGISTRATIONS_PER_HOUR=10_000) as live:
        yield live


@contextmanager
def somebody(url, username=None, **options):
    """Register and log in."""
    username = username or next(NAMES)
    with Client(url, **options) as client:
        client.register(username, f"{username}@example.com", PASSWORD)
        client.login(username, PASSWORD)
        yield client


@pytest.fixture
def client(server):
    with somebody(server.url) as client:
        yield client


@pytest.fixture
def network(server):
    with CuttingNetwork(server.port) as network:
        yield network


@pytest.fixture
def cut_off(client, network):
    """The same caller as `client`, over a network that cuts answers off."""
    with Client(network.url, client.token, username=client.username) as cut_off:
        yield cut_off


@pytest.fixture
def admin(client, module_url):
    database = Database(module_url)
    with database.transaction() as session:
        accounts.find(session, client.username).is_admin = True
    database.close()
    return client


def names(tasks):
    return [task.name for task in tasks]


def test_importing_it_loads_nothing_of_the_server():
    code = (
        "import sys, todo_api.client\n"
        "heavy = {'flask', 'werkzeug', 'sqlalchemy', 'marshmallow', 'alembic', 'granian'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "own = [name for name in sys.modules if name.startswith('todo_api.')]\n"
        "assert all(name.startswith('todo_api.client') for name in own), own\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_example_of_the_readme_runs(client, server, capsys):
    block = re.search(
        r"code-block:: python\n\n((?:    .*\n|\n)+)", (ROOT / "README.rst").read_text()
    )[1]
    example = re.sub("^    ", "", block, flags=re.MULTILINE)
    example = example.replace("http://127.0.0.1:5000", server.url)
    example = example.replace('"alice"', f'"{client.username}"').replace("correct-horse", PASSWORD)
    exec(compile(example, "README.rst", "exec"), {})
    assert capsys.readouterr().out == "bread None\n"


def test_it_registers_logs_in_and_out_and_keeps_a_profile(server):
    username = next(NAMES)
    with Client(server.url) as client:
        made = client.register(username, "a@example.com", PASSWORD, timezone="Europe/Berlin")
        assert (made.username, made.timezone, made.pets) == (username, "Europe/Berlin", ())
        assert client.token is None
        session = client.login(username.upper(), PASSWORD)
        assert (client.token, client.username) == (session.token, username)
        assert timedelta(days=29) < session.expires_at - datetime.now(UTC) < timedelta(days=31)
        assert session.token not in repr(session)

        changed = client.change_account(made, pets=["dog"], listed=True)
        assert (changed.pets, changed.listed) == (("dog",), True)
        assert client.account() == changed
        for old in (made, session.account):
            with pytest.raises(Stale) as stale:
                client.change_account(old, listed=False)
            assert (stale.value.mine, stale.value.theirs) == (old, changed)
        client.change_account(password="another-horse", current_password=PASSWORD)

        client.logout()
        with pytest.raises(Unauthorized):
            client.account()
        client.logout()
        client.login(username, "another-horse")
        client.delete_account()
        with pytest.raises(Unauthorized, match="401 Wrong username or password"):
            client.login(username, "another-horse")


def test_without_a_token_or_a_username_there_is_no_account(server):
    with Client(server.url) as client, pytest.raises(ValueError, match="give a token"):
        next(client.tasks())


def test_a_price_of_any_name_is_found_changed_and_deleted(admin):
    for number, name in enumerate(NAMES_OF_PRICES, 1):
        assert admin.prices.create(name, number).name == name
    for number, name in enumerate(NAMES_OF_PRICES, 1):
        price = admin.prices.get(name)
        assert (price.name, price.price) == (name, number)
        assert admin.prices.change(price, unit="kg").name == name
        admin.prices.delete(name)
        with pytest.raises(NotFound):
            admin.prices.get(name)
    for folder in (".", ".."):
        with pytest.raises(NotFound, match="No such price"):
            admin.prices.get(folder)


def test_a_token_is_all_that_a_program_needs(client, server):
    made = client.tokens.create("backup", expires_at=date(2027, 1, 1))
    with Client(server.url, made.secret) as program:
        assert program.tasks.create("milk").name == "milk"
        assert program.username == client.username
    with Client(server.url, made.secret) as program:
        me = program.me()
        assert program.username == me.account.username == client.username
        assert me.account == client.account()
        assert me.token == made
        assert program.change_account(me.account, pets=["cat"]).pets == ("cat",)
        with pytest.raises(Stale):
            program.change_account(me.account, pets=["dog"])
        with pytest.raises(Forbidden) as forbidden:
            program.delete_account()
        assert forbidden.value.code == "login_required"


def test_values_are_exact_and_times_know_their_offset(client):
    east = datetime(2030, 12, 24, 18, 0, 0, 250_000, timezone(timedelta(hours=2)))
    task = client.tasks.create(
        "Äpfel", note="die \U0001f34e", due_date=east, item="apples", quantity=Decimal("0.1000")
    )
    assert (task.name, task.note, task.quantity) == ("Äpfel", "die \U0001f34e", Decimal("0.1"))
    assert (task.due_date, task.due_date.tzinfo) == (east, UTC)
    assert abs(task.creation_date - datetime.now(UTC)) < timedelta(minutes=1)
    day = client.tasks.change(task, due_date=date(2030, 12, 24), quantity=3)
    assert (day.due_date, type(day.due_date), day.quantity) == (date(2030, 12, 24), date, 3)
    assert client.tasks.get(task.id) == day
    none = client.tasks.change(day, due_date=None, note=None)
    assert (none.due_date, none.note) == (None, None)
    with pytest.raises(TypeError, match="cannot be sent"):
        client.tasks.create("x", note=object())


def test_all_pages_are_one_list(client):
    for start in range(0, 450, 90):
        client.tasks.batch(*(creating(f"{start + number:03}") for number in range(90)))
    assert names(client.tasks()) == [f"{number:03}" for number in range(450)]
    assert next(client.tasks(sort="-name")).name == "449"
    first = client.tasks.get(2)
    client.tasks.change(first, completed=True)
    assert names(client.tasks(completed=True)) == ["000"]
    assert len(list(client.tasks(completed=False))) == 449
    assert names(client.tasks(q="44", sort="-id")) == [
        *(f"{number}" for number in range(449, 439, -1)),
        *("344", "244", "144", "044"),
    ]


def test_what_somebody_else_changed_is_not_overwritten(client):
    mine = client.tasks.create("milk")
    theirs = client.tasks.change(mine, name="oat milk")
    with pytest.raises(Stale, match="412") as stale:
        client.tasks.change(mine, name="whole milk")
    assert (stale.value.mine, stale.value.theirs) == (mine, theirs)
    with pytest.raises(Stale) as stale:
        client.tasks.delete(mine)
    assert stale.value.theirs == theirs
    assert client.tasks.get(mine.id) == theirs
    # Who names a task by its id alone has not looked at it, and wants no guard.
    assert client.tasks.change(mine.id, name="soy milk").name == "soy milk"


@pytest.mark.parametrize("listing", [{}, {"overdue": True}, {"q": "milk"}])
def test_a_task_from_a_list_guards_its_change(client, listing):
    client.tasks.create("milk", due_date=datetime(2020, 1, 1, tzinfo=UTC))
    (task,) = client.tasks(**listing)
    client.tasks.change(task, note="first")
    with pytest.raises(Stale):
        client.tasks.change(task, note="second")
    (task,) = client.tasks(**listing)
    client.tasks.delete(task)
    assert list(client.tasks()) == []


def test_a_deletion_is_taken_back(client):
    task = client.tasks.create("milk")
    client.tasks.delete(task)
    with pytest.raises(NotFound):
        client.tasks.get(task.id)
    back = client.tasks.restore(task)
    assert (back.name, back.id) == ("milk", task.id)
    assert client.tasks.change(back, name="bread").name == "bread"


def test_a_batch_is_done_wholly_or_not_at_all(client):
    milk, bread = client.tasks.create("milk"), client.tasks.create("bread")
    made, changed, gone = client.tasks.batch(
        creating("apples", quantity=2), changing(milk, completed=True), deleting(bread)
    )
    assert (made.name, made.quantity, changed.completed) == ("apples", 2, True)
    assert gone == Deleted(bread.id, changed.revision + 1)
    with pytest.raises(Stale) as stale:
        client.tasks.batch(deleting(made), changing(milk, note="x"))
    assert stale.value.index == 1
    assert names(client.tasks()) == ["milk", "apples"]
    assert client.tasks.change(changed, note="y").note == "y"


def test_errors_say_what_was_wrong(client, server):
    with pytest.raises(Invalid, match="422") as invalid:
        client.tasks.create("x", quantity=Decimal("0.00001"))
    assert list(invalid.value.errors) == ["quantity"]
    assert (invalid.value.status, invalid.value.code) == (422, "validation_failed")
    assert server.says(invalid.value.request_id)
    with pytest.raises(NotFound, match="No such task"):
        client.tasks.get(10**9)
    with pytest.raises(Conflict, match="409 This username is taken"):
        client.register(client.username, "a@example.com", PASSWORD)
    with Client(server.url, client.token, username="somebody-else") as other:
        with pytest.raises(Forbidden) as forbidden:
            other.account()
        assert forbidden.value.code == "not_owner"
        with pytest.raises(Forbidden):
            next(other.events())
    with pytest.raises(ApiError, match="413") as large:
        client.tasks.create("x", note="x" * 2**20)
    assert type(large.value) is ApiError


def test_too_many_wrong_passwords_say_when_to_come_again_and_nobody_waits(client):
    began = time.monotonic()
    for _ in range(10):
        with pytest.raises(Unauthorized):
            client.login(client.username, "wrong")
    with pytest.raises(TooMany) as many:
        client.login(client.username, PASSWORD)
    assert 0 < many.value.retry_after <= 900
    assert time.monotonic() - began < 15


def test_prices_are_kept_by_an_admin(admin):
    item = next(NAMES)
    with pytest.raises(NotFound):
        admin.prices.get(item)
    apples = admin.prices.create(item, Decimal("1.3505"), unit="kg")
    assert (apples.price, apples.currency, apples.unit) == (Decimal("1.3505"), "EUR", "kg")
    assert admin.prices.get(item.upper()) == apples
    dearer = admin.prices.change(apples, price=Decimal("1.5"))
    assert dearer.price == Decimal("1.5")
    with pytest.raises(Stale) as stale:
        admin.prices.delete(apples)
    assert stale.value.code == "revision_conflict"
    assert (stale.value.mine, stale.value.theirs) == (apples, dearer)
    (listed,) = admin.prices(q=item)
    assert listed == dearer
    dearer = admin.prices.change(listed, unit="g")
    with pytest.raises(Stale):
        admin.prices.delete(listed)
    task = admin.tasks.create("apples", item=item, quantity=2)
    unknown = admin.tasks.create("balloons", item="balloons nobody sells")
    total = admin.tasks.total()
    assert (total.totals, total.priced) == ((Money(Decimal("3.00"), "EUR"),), 1)
    assert [each.id for each in total.unpriced] == [unknown.id]
    assert admin.tasks.change(task, completed=True).paid == Money(Decimal("3.00"), "EUR")
    told = admin.prices.load(f"name,price\n{item},2\n{item}b,3\n".encode())
    assert told == {"new": 1, "changed": 1, "unchanged": 0}
    admin.prices.delete(item)
    with pytest.raises(NotFound):
        admin.prices.get(item)


@pytest.mark.parametrize("name", ["a/b %41+ü?#", "slash/", "a..b", "...", "%2e%2e"])
def test_an_item_may_have_any_name(admin, name):
    made = admin.prices.create(name, 1)
    assert admin.prices.get(name) == made
    assert admin.prices.change(name, unit="kg").name == name
    admin.prices.delete(name)


@pytest.mark.parametrize("name", [".", ".."])
def test_a_dot_is_the_name_of_no_item(client, name):
    with pytest.raises(NotFound):
        client.prices.get(name)


def test_tokens_are_made_listed_and_ended(client, server):
    made = client.tokens.create("backup", "read", date(2027, 1, 1))
    assert (made.scope, made.origin) == ("read", "made")
    assert made.secret not in repr(made)
    listed = {token.id: token for token in client.tokens()}
    assert listed[made.id] == made
    assert listed[made.id].secret is None
    with Client(server.url, made.secret, username=client.username) as reader:
        assert list(reader.tasks()) == []
        with pytest.raises(Forbidden):
            reader.tasks.create("x")
        client.tokens.delete(made)
        with pytest.raises(Unauthorized):
            list(reader.tasks())
    client.tokens.delete_all()
    for ask in (client.tokens, client.events):
        with pytest.raises(Unauthorized):
            next(ask())


@pytest.mark.parametrize("form", ["json", "csv", "ics"])
def test_tasks_go_out_and_come_in_again(client, form):
    client.tasks.create("milk", note="2 l", due_date=date(2030, 1, 1))
    file = client.tasks.export(form)
    assert client.tasks.load(file, form) == {"imported": 1, "skipped": []}
    first, second = client.tasks()
    assert (second.name, second.note, second.due_date) == (first.name, first.note, first.due_date)


WRITES = {
    "create": lambda client, _: client.tasks.create("bread"),
    "change": lambda client, task: client.tasks.change(task, note="x"),
    "delete": lambda client, task: client.tasks.delete(task),
    "restore": lambda client, task: client.tasks.restore(task),
    "batch": lambda client, task: client.tasks.batch(creating("a"), deleting(task)),
    "load": lambda client, _: client.tasks.load(b"name\nbread\n", "csv"),
}


@pytest.mark.parametrize("bytes_through", [0, 40])
@pytest.mark.parametrize("write", WRITES)
def test_a_write_whose_answer_is_cut_off_is_done_once(
    client, cut_off, network, write, bytes_through
):
    """What it does over the good network, and what it does when two answers are lost, is equal."""
    seen = []
    for each in (client, cut_off):
        task = client.tasks.create("milk")
        before = Mirror()
        client.sync(before)
        if each is cut_off:
            network.cuts.extend([bytes_through] * 2)
        WRITES[write](each, task)
        assert not network.cuts
        news = client.sync(before)
        revisions = [new.revision - task.revision for new in news]
        seen.append((revisions, sorted(type(new).__name__ for new in news)))
    assert seen[0] == seen[1]


def test_a_registration_whose_answer_is_cut_off_is_done_once(network):
    username = next(NAMES)
    with Client(network.url) as client:
        network.cuts.append(0)
        assert client.register(username, "a@example.com", PASSWORD).username == username


def test_a_login_whose_answer_is_cut_off_is_not_sent_again(client, cut_off, network):
    network.cuts.append(0)
    with pytest.raises(Unavailable, match="does not answer") as unavailable:
        cut_off.login(client.username, PASSWORD)
    assert unavailable.value.status is None
    assert len(list(client.tokens())) == 2
    network.cuts.append(0)
    with pytest.raises(Unavailable):
        cut_off.tokens.create("x")
    assert len(list(client.tokens())) == 3


def test_reading_goes_on_where_it_was_cut_off(client, cut_off, network):
    client.tasks.batch(*(creating(str(number)) for number in range(100)))
    network.cuts.extend([0, 10, 300])
    assert len(list(cut_off.tasks())) == 100
    assert not network.cuts


def test_a_server_that_restarts_in_between_loses_and_doubles_nothing(database_url, tmp_path):
    settings = {"DATABASE_URL": database_url, "ACCESS_LOG": "off", "WORKERS": 1}
    server = Server(tmp_path / "log", settings)
    server.start()
    try:
        with somebody(f"http://127.0.0.1:{server.port}", tries=20) as client:
            made, heard, over = [], [], threading.Event()

            def work():
                while not over.is_set():
                    made.append(client.tasks.create(str(len(made))).name)
                client.tasks.create("the last")

            def listen():
                for news in client.events():
                    heard.extend(names(news.changes))
                    if "the last" in heard:
                        return

            threads = [threading.Thread(target=each) for each in (work, listen)]
            for thread in threads:
                thread.start()
            for end in (server.stop, server.kill):
                time.sleep(0.3)
                end()
                server.start()
            over.set()
            for thread in threads:
                thread.join()
            assert len(made) > 4
            assert names(client.tasks()) == heard == [*made, "the last"]
    finally:
        server.stop()


def test_nobody_there_is_unavailable_after_as_many_tries():
    with CuttingNetwork(1) as closed:
        pass
    with Client(closed.url, tries=3) as client:
        began = time.monotonic()
        with pytest.raises(Unavailable) as unavailable:
            client.prices.get("x")
        assert 0.1 < time.monotonic() - began < 5
    assert unavailable.value.status is None


@contextmanager
def answering(*answers):
    """A server that gives these answers in turn, as what stands in front of the real one may do."""
    left, keys = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            keys.append(self.headers["Idempotency-Key"])
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = left.pop(0)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": len(body)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    for verb in ("GET", "POST"):
        setattr(Handler, f"do_{verb}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", left, keys
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def told(schema):
    return 200, {"Content-Type": "application/json"}, json_text.render(schema.example)


FOUND, LOGGED_IN = told(ItemPriceSchema), told(Session)


def busy(status, seconds=None):
    return status, {} if seconds is None else {"Retry-After": seconds}, b"<html>"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_is_busy_is_asked_again_under_the_same_key(status):
    with answering(busy(status), busy(status, 0), FOUND) as (url, _, keys), Client(url) as client:
        assert client.prices.create("x", 1).price == Decimal("1.35")
        assert len(keys) == 3
        assert len(set(keys)) == 1
        assert keys[0]


@pytest.mark.parametrize(("status", "again"), [(429, 1), (502, 0), (503, 1), (504, 0), (500, 0)])
def test_what_has_no_key_is_asked_again_only_if_it_was_refused(status, again):
    with answering(busy(status), LOGGED_IN) as (url, left, keys), Client(url) as client:
        with nullcontext() if again else pytest.raises(ApiError):
            client.login("alice", PASSWORD)
        assert (len(left), keys) == (1 - again, [None] * (1 + again))


def test_it_waits_as_long_as_it_is_told():
    with answering(busy(503, "1"), FOUND) as (url, _, _), Client(url) as client:
        began = time.monotonic()
        client.prices.get("x")
        assert time.monotonic() - began > 1


def test_it_waits_no_longer_than_it_is_patient():
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    for later in ("60", in_a_minute):
        with answering(busy(503, later)) as (url, _, _), Client(url) as client:
            began = time.monotonic()
            with pytest.raises(Unavailable, match="503 Service Unavailable") as unavailable:
                client.prices.get("x")
            assert 30 < unavailable.value.retry_after <= 60
            assert time.monotonic() - began < 20


def test_what_is_no_todo_api_is_told_apart():
    page = (200, {"Content-Type": "application/json"}, b"<html>")
    told_apart = pytest.raises(ApiError, match="is this the URL of a todo_api")
    with answering(page) as (url, _, _), Client(url) as client, told_apart:
        client.prices.get("x")


def test_two_copies_sync_over_absences_deletions_and_conflicts(client, server):
    with Client(server.url, client.token, username=client.username) as laptop:
        phone_copy, laptop_copy = Mirror(), Mirror()
        milk, bread = client.tasks.create("milk"), client.tasks.create("bread")
        assert client.sync(phone_copy) == [milk, bread]
        assert (phone_copy.tasks, phone_copy.account) == ({2: milk, 3: bread}, client.account())
        assert laptop.sync(laptop_copy) == [milk, bread]
        assert client.sync(phone_copy) == []

        # The laptop is away, and the phone goes on.
        oat = client.tasks.change(milk, name="oat milk")
        client.tasks.delete(bread)
        apples = client.tasks.create("apples")
        client.sync(phone_copy)

        # Back again, it sends what it has changed meanwhile.
        with pytest.raises(Stale) as stale:
            laptop.tasks.change(laptop_copy.tasks[milk.id], name="whole milk")
        assert stale.value.theirs == oat
        with pytest.raises(NotFound):
            laptop.tasks.delete(laptop_copy.tasks[bread.id])
        news = laptop.sync(laptop_copy)
        assert news == [Deleted(bread.id, bread.revision), oat, apples]
        assert laptop_copy == phone_copy
        assert set(laptop_copy.tasks) == {milk.id, apples.id}


def test_a_copy_of_many_tasks_syncs_in_pages(client):
    for _ in range(5):
        client.tasks.batch(*(creating("x") for _ in range(90)))
    mirror = Mirror()
    assert len(client.sync(mirror)) == len(mirror.tasks) == 450
    assert [len(page.changes) for page in client.changes()] == [200, 200, 50]


def test_a_copy_that_does_not_fit_any_more_begins_anew(client):
    kept, gone = client.tasks.create("kept"), client.tasks.create("gone")
    mirror = Mirror()
    client.sync(mirror)
    client.tasks.delete(gone)
    mirror.token = "another.7"
    assert client.sync(mirror) == [Deleted(gone.id, gone.revision)]
    assert mirror.tasks == {kept.id: kept}


def test_a_sync_that_is_cut_off_changes_nothing_in_the_copy(client):
    for _ in range(3):
        client.tasks.batch(*(creating("x") for _ in range(90)))
    mirror = Mirror()

    def broken():
        yield next(client.changes())
        raise Unavailable("cut")

    with pytest.raises(Unavailable):
        mirror.apply(broken())
    assert mirror == Mirror()


def test_events_come_as_they_happen_and_go_on_after_a_cut(client, cut_off, network):
    client.tasks.create("before")
    events = cut_off.events()
    mirror = Mirror()
    mirror.apply([next(events)])
    assert names(mirror.tasks.values()) == ["before"]
    client.tasks.create("x" * 200)
    mirror.apply([next(events)])
    # The next event is cut off in its middle, so that it has to come again.
    network.cuts.append(20)
    client.tasks.create("after")
    (news,) = next(events).changes
    assert news.name == "after"
    assert not network.cuts
    mirror.apply(client.changes(mirror.token))
    assert list(mirror.tasks.values()) == list(client.tasks())
    events.close()


def test_changes_that_are_too_large_for_one_event_come_whole_in_several(client):
    tasks = [creating("x", note="ü" * 10_000) for _ in range(10)]
    for _ in range(20):
        client.tasks.batch(*tasks)
    events, found = client.events(), []
    while len(found) < 200:
        found += next(events).changes
    events.close()
    assert [task.id for task in found] == list(range(2, 202))
    assert {task.note for task in found} == {"ü" * 10_000}


def test_a_task_is_what_it_was_when_it_was_read(client):
    task = client.tasks.create("milk")
    with pytest.raises(AttributeError):
        task.name = "bread"
    assert isinstance(task, Task)
