"""The work that PocketBase does in its own way: with its own URLs, filters and tokens."""

from typing import Any

from data import BEGIN, CURRENCY, NOTE, PASSWORD, QUANTITY, cents, item_name, moment, task
from load import Ask, Work
from visit import Visit, Wrong, must_be, must_be_task

JSON = {"Content-Type": "application/json"}
TASKS = "/api/collections/task/records"
PRICES = "/api/collections/item_price/records?perPage=1&skipTotal=1&filter="
FULL = 2
"""What SQLite calls synchronous=FULL."""


def _login(who: str = "alice") -> Ask:
    body = f'{{"identity":"{who}@example.com","password":"{PASSWORD}"}}'
    return Ask("/api/collections/users/auth-with-password", "POST", body, JSON)


def _proof(visit: Visit, who: str) -> tuple[dict[str, str], str]:
    """Return the header that says who asks, and who that is."""
    answer = visit.ask(_login(who)).json()
    return {"Authorization": answer["token"]}, answer["record"]["id"]


def _must_be_task(found: dict[str, Any], number: int) -> None:
    """Raise Wrong unless it is that task; what is null has an empty text in PocketBase."""
    besides = ("collectionId", "collectionName", "owner")
    known = {name: value for name, value in found.items() if name not in besides}
    must_be_task({name: None if known[name] == "" else known[name] for name in known}, task(number))


def _page(visit: Visit, limit: int = 50) -> Ask:
    proof, _ = _proof(visit, "alice")
    ask = Ask(f"{TASKS}?perPage={limit}&skipTotal=1&sort=creation_date", headers=proof)
    page = visit.ask(ask).json()["items"]
    must_be(len(page), limit, "how many tasks there are")
    for number, each in enumerate(page):
        _must_be_task(each, number)
    return ask


def _list(visit: Visit) -> Work:
    return Work([_page(visit)])


def _task(visit: Visit) -> Work:
    proof, _ = _proof(visit, "alice")
    page = visit.ask(Ask(f"{TASKS}?sort=creation_date", headers=proof)).json()["items"]
    ask = Ask(f"{TASKS}/{page[5]['id']}", headers=proof)
    _must_be_task(visit.ask(ask).json(), 5)
    visit.ask(Ask(ask.path, headers=_proof(visit, "ticker")[0], status=404))
    return Work([ask])


def _price(visit: Visit) -> Work:
    for number in (0, visit.size.prices - 1):
        (found,) = visit.ask(Ask(f"{PRICES}name%3D'{item_name(number)}'")).json()["items"]
        must_be(found["name"], item_name(number), "whose price it is")
        must_be(found["price"], cents(number) / 100, "a price")
    return Work([Ask(f"{PRICES}name%3D'{item_name(0)[:-1]}{{0-{visit.size.prices - 1}}}'")])


def _logins(visit: Visit) -> Work:
    visit.ask(ask := _login())
    return Work([ask])


def _new(visit: Visit, who: str = "writer") -> Ask:
    must_be(visit.ask(Ask("/synchronous")).json(), {"synchronous": FULL}, "how durable a write is")
    proof, owner = _proof(visit, who)
    body = f'{{"owner":"{owner}","name":"Buy what is missing","note":"{NOTE}","item":"item-7",'
    ask = Ask(TASKS, "POST", f'{body}"quantity":{QUANTITY}}}', {**JSON, **proof})
    made = visit.ask(ask).json()
    shown = visit.ask(Ask(f"{TASKS}/{made['id']}", headers=proof)).json()
    right = ("Buy what is missing", NOTE, "item-7", QUANTITY, 1)
    for answered in (made, shown):
        found = tuple(answered[name] for name in ("name", "note", "item", "quantity", "revision"))
        must_be(found, right, "a new task")
    if not shown["creation_date"] > str(moment(BEGIN)):
        raise Wrong(f"when a task was created: {shown['creation_date']}")
    return ask


def _create(visit: Visit) -> Work:
    return Work([_new(visit)])


def _tick(visit: Visit) -> Work:
    """Tick all of somebody's tasks and untick them; PocketBase has no ETags to guard them."""
    proof, _ = _proof(visit, "ticker")
    path = f"{TASKS}?perPage=200&sort=creation_date"
    page = visit.ask(Ask(path, headers=proof)).json()["items"]
    amount = {"amount": cents(1) * QUANTITY / 100, "currency": CURRENCY}
    for done, paid in ((True, amount), (False, None)):
        body = f'{{"completed":{str(done).lower()}}}'
        ask = Ask(f"{TASKS}/{page[1]['id']}", "PATCH", body, {**JSON, **proof})
        ticked = visit.ask(ask).json()
        must_be((ticked["completed"], ticked["paid"]), (done, paid), "a ticked task")
        must_be(bool(ticked["completed_date"]), done, "whether there is a completed_date")
    asked = Ask(TASKS, "PATCH", headers={**JSON, **proof})
    return Work([asked], [(f"{TASKS}/{each['id']}", "") for each in page])


def _mixed(visit: Visit) -> Work:
    page, new, (price,) = _page(visit, 20), _new(visit, "alice"), _price(visit).asks
    pages = Ask(page.path, headers=page.headers, weight=8)
    return Work([pages, new, price])


WORK = {
    "list": _list,
    "task": _task,
    "price": _price,
    "login": _logins,
    "create": _create,
    "tick": _tick,
    "mixed": _mixed,
}
"""Its work by the names of the rows that it has."""
