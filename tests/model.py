"""The contract in plain dicts: what accounts, tasks and prices are after what was done to them.

Written from the contract alone. It knows no database, no HTTP and nothing of `todo_api`.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from nfkc_casefold import name_key

MINOR_UNITS = {"EUR": 2, "JPY": 0, "KWD": 3}


class Refused(Exception):
    """What was asked for is answered with this status, and changes nothing."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


def due_shown(text, zone):
    """A bare date stays one; a time goes out in UTC."""
    if text is None or (len(text) == 10 and text[4] == "-"):
        return text
    if "/" in text:
        day, month, year, time = text.replace("/", " ").split()
        text = f"{year}-{month}-{day}T{time}"
    at = datetime.fromisoformat(text)
    return iso(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone)))


def iso(at):
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def moment(shown):
    return datetime.fromisoformat(shown)


def due_order(shown, zone):
    """A bare date sorts before the times of its day, which begins in the account's zone."""
    if len(shown) == 10:
        return (moment(shown).replace(tzinfo=ZoneInfo(zone)), 0)
    return (moment(shown), 1)


def money(amount, currency):
    """An exact amount rounded half up, once, to the currency's minor unit."""
    step = Decimal(1).scaleb(-MINOR_UNITS[currency])
    return {"amount": amount.quantize(step, ROUND_HALF_UP), "currency": currency}


@dataclass
class Prices:
    """The price list, by key."""

    items: dict = field(default_factory=dict)

    def of(self, item):
        found = self.items.get(name_key(item)) if item is not None else None
        return found and (found["price"], found["currency"])

    def find(self, name):
        if name_key(name) not in self.items:
            raise Refused(404)
        return self.items[name_key(name)]

    def create(self, fields):
        if name_key(fields["name"]) in self.items:
            raise Refused(409)
        self.items[name_key(fields["name"])] = {"currency": "EUR", "unit": None, **fields}
        return self.find(fields["name"])

    def change(self, name, changes):
        price = self.find(name)
        renamed = name_key(changes.get("name", name))
        if renamed != name_key(name) and renamed in self.items:
            raise Refused(409)
        del self.items[name_key(name)]
        self.items[renamed] = {**price, **changes}
        return self.items[renamed]

    def delete(self, name):
        self.find(name)
        del self.items[name_key(name)]


@dataclass
class Account:
    """An account. A task is its representation; beside it `price`, and whether it is deleted."""

    profile: dict
    revision: int = 1
    changed: int = 1
    tasks: dict = field(default_factory=dict)
    price: dict = field(default_factory=dict)
    deleted: set = field(default_factory=set)

    @property
    def zone(self):
        return self.profile["timezone"]

    @property
    def live(self):
        return [task for number, task in self.tasks.items() if number not in self.deleted]

    def count(self):
        self.revision += 1
        return self.revision

    def configure(self, changes):
        if any(self.profile[name] != value for name, value in changes.items()):
            self.profile = {**self.profile, **changes}
            self.changed = self.count()
        return self.profile

    def find(self, number):
        if number not in self.tasks or number in self.deleted:
            raise Refused(404)
        return self.tasks[number]

    def create(self, fields, prices, at):
        """`at` has the moments that the server says."""
        number = self.count()
        self.tasks[number] = {
            "id": number,
            "note": None,
            "creation_date": at["creation_date"],
            "due_date": None,
            "completed": False,
            "completed_date": None,
            "item": None,
            "quantity": Decimal(1),
            "paid": None,
            "revision": number,
        }
        self._set(number, fields, prices, at)
        return self.tasks[number]

    def change(self, number, changes, prices, at):
        before = self.find(number)
        self._set(number, changes, prices, at)
        if self.tasks[number] != before:
            self.tasks[number]["revision"] = self.count()
        return self.tasks[number]

    def _set(self, number, fields, prices, at):
        task = {**self.tasks[number], **fields}
        task["completed"] = bool(task["completed"])
        task["quantity"] = Decimal(1) if task["quantity"] is None else Decimal(task["quantity"])
        if "due_date" in fields:
            task["due_date"] = due_shown(fields["due_date"], self.zone)
        if task["completed"] and not task["completed_date"]:
            task["completed_date"] = at["completed_date"]
            self.price[number] = prices.of(task["item"])
        elif not task["completed"]:
            task["completed_date"] = self.price[number] = None
        paid = self.price[number]
        task["paid"] = paid and money(paid[0] * task["quantity"], paid[1])
        self.tasks[number] = task

    def delete(self, number):
        self.find(number)
        self.deleted.add(number)
        self.tasks[number] = {**self.tasks[number], "revision": self.count()}
        return self.change_shown(number)

    def restore(self, number):
        if number not in self.tasks:
            raise Refused(404)
        if number in self.deleted:
            self.deleted.remove(number)
            self.tasks[number] = {**self.tasks[number], "revision": self.count()}
        return self.tasks[number]

    def change_shown(self, number):
        task = self.tasks[number]
        tombstone = {"id": number, "deleted": True, "revision": task["revision"]}
        return tombstone if number in self.deleted else task

    def changes(self, since):
        """From the start on there are no tombstones."""
        changed = sorted(self.tasks.values(), key=lambda task: task["revision"])
        shown = [self.change_shown(task["id"]) for task in changed if task["revision"] > since]
        return [change for change in shown if since or "deleted" not in change]

    def listing(self, sort="id", **wanted):
        tasks = [task for task in self.live if self._is(task, **wanted)]
        column, backwards = sort.removeprefix("-"), sort.startswith("-")
        order = {
            "id": lambda task: task["id"],
            "name": lambda task: (name_key(task["name"]), task["id"]),
            "creation_date": lambda task: (
                datetime.fromisoformat(task["creation_date"]),
                task["id"],
            ),
            "due_date": lambda task: (due_order(task["due_date"], self.zone), task["id"]),
        }
        last = [task for task in tasks if column == "due_date" and not task["due_date"]]
        first = [task for task in tasks if task not in last]
        last.sort(key=order["id"], reverse=backwards)
        return sorted(first, key=order[column], reverse=backwards) + last

    def _is(self, task, *, completed=None, due_before=None, due_after=None, overdue=None, q=None):
        due = task["due_date"] and due_order(task["due_date"], self.zone)
        if completed is not None and task["completed"] != completed:
            return False
        for other, sign in ((due_before, -1), (due_after, 1)):
            if other is not None:
                there = due_order(due_shown(other, self.zone), self.zone)
                if not due or not (due < there if sign < 0 else due > there):
                    return False
        if overdue is not None and overdue != self._overdue(task):
            return False
        texts = [task["name"], task["note"] or ""]
        return q is None or any(name_key(q) in name_key(text) for text in texts)

    def _overdue(self, task):
        due = task["due_date"]
        if task["completed"] or not due:
            return False
        if len(due) == 10:
            return due < datetime.now(ZoneInfo(self.zone)).date().isoformat()
        return moment(due) < datetime.now(UTC)

    def total(self, prices, *, completed=None, **wanted):
        """Open tasks cost what their items cost now, completed ones what was paid."""
        sums, priced, unpriced = {}, 0, []
        for task in self.listing(completed=bool(completed), **wanted):
            price = self.price[task["id"]] if completed else prices.of(task["item"])
            if price:
                priced += 1
                sums[price[1]] = sums.get(price[1], 0) + price[0] * task["quantity"]
            elif task["item"] is not None:
                unpriced.append({name: task[name] for name in ("id", "name", "item")})
        totals = [money(amount, currency) for currency, amount in sorted(sums.items())]
        return {"totals": totals, "priced": priced, "unpriced": unpriced}
