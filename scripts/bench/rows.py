"""The work that is measured. Each row asks first, and goes on only if what is answered is right."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import logins
from data import BEGIN, CURRENCY, NOTE, PASSWORD, QUANTITY, cents, item_name, moment, task
from load import Ask, Work
from visit import Visit, Wrong, must_be, must_be_page, must_be_task

BESIDE = f"list of 50 tasks, {logins.A_SECOND} logins a second beside"
JSON = {"Content-Type": "application/json"}
NEW = f'{{"name":"Buy what is missing","note":"{NOTE}","item":"item-7","quantity":{QUANTITY}}}'
TICK, UNTICK = '{"completed":true}', '{"completed":false}'
DEEP = 0.9
"""How far down a list a deep page stands."""
SPREAD = 999
"""How many different prices are asked for where lists of several sizes are compared."""
SHORT = 4
"""How many tasks the pages have that are compared: two of them are in the shortest list, too."""


@dataclass(frozen=True)
class Row:
    """One kind of work.

    `needs` is what a server must have for it, if anything; `beside` is what else is sent meanwhile,
    a few times a second, and not counted.
    """

    name: str
    title: str
    work: Callable[[Visit], Work]
    needs: str = ""
    creates: bool = False
    beside: Callable[[Visit], Work] | None = None


def _page(visit: Visit, who: str = "alice", limit: int = 50) -> Ask:
    ask = Ask(f"{visit.path(who)}?limit={limit}", headers=visit.proof(who))
    there = min(limit, visit.size.accounts[who])
    must_be_page(visit.ask(ask).json(), who, range(there))
    return ask


def _list(visit: Visit) -> Work:
    return Work([_page(visit)])


def _task(visit: Visit) -> Work:
    page = visit.ask(Ask(visit.path("alice"), headers=visit.proof("alice"))).json()
    shown = page["tasks"][5]
    ask = Ask(f"{visit.path('alice')}/{shown['id']}", headers=visit.proof("alice"))
    must_be_task(visit.ask(ask).json(), task(5))
    return Work([ask])


def _price(visit: Visit) -> Work:
    _must_be_priced(visit, 0, visit.size.prices - 1)
    return Work([Ask(f"/itemprice?itemname={item_name(0)[:-1]}{{0-{visit.size.prices - 1}}}")])


def _spread(visit: Visit) -> Work:
    """Ask for prices all over the list, as many different ones at each size.

    What is asked for again costs less, whatever the size: how a question is understood is kept.
    """
    zeros = len(str(visit.size.prices)) - len(str(SPREAD)) - 1
    _must_be_priced(visit, 10**zeros, SPREAD * 10**zeros)
    return Work([Ask(f"/itemprice?itemname={item_name(0)[:-1]}{{1-{SPREAD}}}{zeros * '0'}")])


def _must_be_priced(visit: Visit, *numbers: int) -> None:
    for number in numbers:
        found = visit.ask(Ask(f"/itemprice?itemname={item_name(number)}")).json()
        must_be(found, {"name": item_name(number), "price": cents(number) / 100}, "a price")


def _not_modified(visit: Visit) -> Work:
    ask = _page(visit)
    known = {**ask.headers, "If-None-Match": visit.ask(ask).headers["etag"]}
    ask = Ask(ask.path, headers=known, status=304)
    must_be(visit.ask(ask).body, b"", "the body of a 304")
    return Work([ask])


def _sum(visit: Visit) -> Work:
    ask = Ask("/sum?number1=13&number2=28")
    right = {"number1": 13.0, "number2": 28.0, "total_sum": 41.0}
    must_be(visit.ask(ask).json(), right, "a sum")
    return Work([ask])


def _echo(visit: Visit) -> Work:
    ask = Ask("/echo/hello%20there")
    must_be(visit.ask(ask).json(), {"echo": "hello there hello there"}, "an echo")
    return Work([ask])


def _login(visit: Visit) -> Work:
    body = f'{{"username":"alice","password":"{PASSWORD}"}}'
    ask = Ask("/api/v1/accounts/login", "POST", body, JSON)
    must_be(visit.ask(ask).json()["token_type"], "Bearer", "the kind of token")
    return Work([ask])


def _new(visit: Visit, who: str = "writer") -> Ask:
    ask = Ask(visit.path(who), "POST", NEW, {**JSON, **visit.proof(who)}, status=201)
    made = visit.ask(ask).json()
    shown = visit.ask(Ask(f"{ask.path}/{made['id']}", headers=visit.proof(who))).json()
    for answered in (made, shown):
        must_be(answered["name"], "Buy what is missing", "the name of a new task")
        must_be(answered["note"], NOTE, "the note of a new task")
        must_be((answered["item"], answered["quantity"]), ("item-7", QUANTITY), "what is bought")
    if not shown["creation_date"] > str(moment(BEGIN)):
        raise Wrong(f"when a task was created: {shown['creation_date']}")
    return ask


def _create(visit: Visit) -> Work:
    return Work([_new(visit)])


def _tick(visit: Visit) -> Work:
    """Tick all of somebody's tasks and untick them, each with the ETag that it had last."""
    path, proof = visit.path("ticker"), visit.proof("ticker")
    page = visit.ask(Ask(f"{path}?limit=200", headers=proof)).json()["tasks"]
    at = f"{path}/{page[1]['id']}"
    amount = {"amount": cents(1) * QUANTITY / 100, "currency": CURRENCY}
    for body, done, paid in ((TICK, True, amount), (UNTICK, False, None)):
        tag = _tag(visit, at, proof)
        change = Ask(at, "PATCH", body, {**JSON, **proof, **({"If-Match": tag} if tag else {})})
        ticked = visit.ask(change).json()
        must_be((ticked["completed"], ticked["paid"]), (done, paid), "a ticked task")
        if tag:
            visit.ask(replace(change, status=412))
    paths = [f"{path}/{each['id']}" for each in page]
    tasks = [(each, _tag(visit, each, proof)) for each in paths]
    return Work([Ask(path, "PATCH", headers={**JSON, **proof})], tasks)


def _tag(visit: Visit, path: str, proof: dict[str, str]) -> str:
    """Return a task's ETag, or nothing: a weak one, which Express makes, guards no change."""
    tag = visit.ask(Ask(path, headers=proof)).headers.get("etag", "")
    return "" if tag.startswith("W/") else tag


def _mixed(visit: Visit) -> Work:
    page, new, (price,) = _page(visit, limit=20), _new(visit, "alice"), _price(visit).asks
    return Work(
        [
            Ask(page.path, headers=page.headers, weight=8),
            Ask(new.path, "POST", new.body, new.headers, status=201),
            price,
        ]
    )


def _first(visit: Visit, who: str) -> Work:
    return Work([_page(visit, who, SHORT)])


def _deep(visit: Visit, who: str) -> Work:
    """Ask for a page far down, which is found by walking there."""
    path, passed = f"{visit.path(who)}?limit=200", 0
    if visit.size.accounts[who] <= 200:  # noqa: PLR2004 - The longest page.
        path = path.replace("limit=200", f"limit={SHORT}")
    while True:
        page = visit.ask(Ask(path, headers=visit.proof(who))).json()
        path, passed = page["next"], passed + len(page["tasks"])
        if passed + 200 > visit.size.accounts[who] * DEEP:
            break
    ask = Ask(path.replace("limit=200", f"limit={SHORT}"), headers=visit.proof(who))
    must_be_page(visit.ask(ask).json(), who, range(passed, passed + SHORT))
    return Work([ask])


def _found(visit: Visit) -> Work:
    """Search 10,000 tasks for a few of them."""
    ask = Ask(f"{visit.path('search')}?q=number%20777", headers=visit.proof("search"))
    names = [each["name"] for each in visit.ask(ask).json()["tasks"]]
    must_be(names, [task(each).name for each in (777, *range(7_770, 7_780))], "what is found")
    return Work([ask])


def _counted(visit: Visit) -> Work:
    ask = Ask(f"{visit.path('search')}?total=true", headers=visit.proof("search"))
    must_be(visit.ask(ask).json()["total"], visit.size.accounts["search"], "the count")
    return Work([ask])


ROWS = (
    Row("list", "list of 50 tasks", _list),
    Row("task", "one task", _task),
    Row("price", "one price", _price),
    Row("304", "list of 50, not modified", _not_modified, needs="etags"),
    Row("sum", "sum", _sum),
    Row("echo", "echo", _echo),
    Row("login", "login", _login, needs="login"),
    Row("create", "create a task", _create, creates=True),
    Row("tick", "tick a task, with If-Match where there is an ETag", _tick),
    Row("beside", BESIDE, _list, needs="logins beside", beside=_login),
    Row("mixed", "10 % creates, 80 % lists of 20, 10 % prices", _mixed),
)
GROWTH = (
    Row("first-10", "first page of 10 tasks", partial(_first, who="few")),
    Row("first-1000", "first page of 1,000 tasks", partial(_first, who="more")),
    Row("first-100000", "first page of 100,000 tasks", partial(_first, who="many")),
    Row("deep-10", "deep page of 10 tasks", partial(_deep, who="few")),
    Row("deep-1000", "deep page of 1,000 tasks", partial(_deep, who="more")),
    Row("deep-100000", "deep page of 100,000 tasks", partial(_deep, who="many")),
    Row("q", "search of 10,000 tasks", _found, needs="search"),
    Row("total", "list and count of 10,000 tasks", _counted, needs="search"),
)
OF_ANY_SIZE = Row("spread", f"one of {SPREAD} prices", _spread)
BY_NAME = {row.name: row for row in (*ROWS, *GROWTH, OF_ANY_SIZE)}
