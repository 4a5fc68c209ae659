"""Whatever is done through the API, and in whatever order, is what the plain dicts of model.py say.

Seeded and short here; `make model EXAMPLES=500` takes other ways each time.
"""

import copy
import itertools
import json
import os
import sys
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote, urlencode

import httpx
import model
import pytest
from conftest import serving
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from model import Refused
from support import PASSWORD

EXAMPLES = os.environ.get("MODEL_EXAMPLES")
STEPS = 60

NAMES = [
    "pears",
    "PEARS ",
    "Äpfel",
    "ﬁgs",
    "FIGS",
    "straße",
    "STRASSE",
    "\ufeffpears",
    "str\u00adasse",
    "100%",
    "a_b",
    "\\x",
    "🍐",
]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"]
DUES = [
    *(
        "2001-02-03",
        "2031-03-30",
        "2031-03-30T00:00:00",
        "2031-03-30T02:30:00",
        "2031-03-29T23:00Z",
    ),
    *("30/03/2031 00:00:00", "26/10/2031 02:30:00", "1999-12-31T23:59:59.5Z"),
    *("2031-03-31", "2031-03-30T12:00:00+14:00", "2031-03-29T22:59:59.999999Z"),
]
QUANTITIES = [None, 1, 2, "0.5", "0.0001", 10000, 3.75, "0.3333"]
PRICES = ["0", "1.35", "0.0001", "0.005", "2.4999", "99999999.9999", "100000000"]
MATCHES = st.sampled_from(["none", "none", "right", "any", "stale"])

maybe = st.none() | st.booleans()
item = st.none() | st.sampled_from(NAMES)
fields = {
    "note": st.none() | st.sampled_from(["", "über PEARS", "50%_\\"]),
    "due_date": st.none() | st.sampled_from(DUES),
    "completed": maybe,
    "item": item,
    "quantity": st.sampled_from(QUANTITIES),
}
name = st.sampled_from(NAMES)
tasks = st.fixed_dictionaries({"name": name}, optional=fields)
changes = st.fixed_dictionaries({}, optional={"name": name, **fields})
wanted = {
    "completed": st.booleans(),
    "due_before": st.sampled_from(DUES),
    "due_after": st.sampled_from(DUES),
    "overdue": st.booleans(),
    "q": st.sampled_from(["pear", "ss", "%", "_", "\\", "FI", "Ä", "r\u200bs", "nothing"]),
}
filters = st.sets(st.sampled_from([*wanted]), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries({name: wanted[name] for name in sorted(names)})
)


class Person:
    """Somebody who registered: what the model says of their account, and what they hold."""

    def __init__(self, account, era):
        self.account = account
        self.era = era
        self.username = account.profile["username"]
        self.path = f"/api/v1/accounts/{self.username}"
        self.password = PASSWORD
        self.tokens, self.dead = [], []
        self.asked = {}
        self.synced = [(None, 0)]

    def etag(self, revision):
        return f'"{self.era}.{revision}"'


def without_etag(shown):
    """The model knows revisions only; those of tasks are what their ETags end with."""
    tag = shown.pop("etag", None)
    assert tag is None or "revision" not in shown or tag.endswith(f'.{shown["revision"]}"')
    return shown


runs = itertools.count()


class Machine(RuleBasedStateMachine):
    """One client after another does something, and each answer is held against the model."""

    counts = Counter()

    def __init__(self, clients, admin):
        super().__init__()
        self.clients, self.admin = clients, admin
        self.run = f"run{next(runs)}"
        self.prices = model.Prices()
        self.people, self.gone = [], []
        self.data = None

    # How it is asked and compared

    def send(self, method, path, *, token=None, headers=(), **body):
        self.counts["requests"] += 1
        client = self.clients[self.counts["requests"] % len(self.clients)]
        sent = {**dict(headers), **({"Authorization": f"Bearer {token}"} if token else {})}
        return client.request(method, path, headers=sent, **body)

    def ask(self, person, method, path, **options):
        token = self.one_of(person.tokens)
        return self.send(method, person.path + path, token=token, **options)

    def one_of(self, things):
        return self.data.draw(st.sampled_from(list(things))) if self.data else things[0]

    def sent(self, body):
        """The same fields as JSON or as a form, in which an empty value is null."""
        if any(value == "" for value in body.values()) or self.data.draw(st.booleans()):
            return {"json": body}
        return {"data": {name: in_form(value) for name, value in body.items()}}

    @staticmethod
    def shown(answer, status=200):
        assert answer.status_code == status, (answer.status_code, answer.text)
        if not answer.content:
            return None
        return json.loads(answer.text, parse_float=Decimal, object_hook=without_etag)

    def same(self, answer, expected, *, status=200):
        shown = self.shown(answer, status)
        assert shown == expected, (shown, expected)

    def someone(self, *, logged_in=True):
        return self.one_of([p for p in self.people if p.tokens or not logged_in])

    def a_task(self, person):
        """The id of a task, most often of a live one of theirs."""
        live = [task["id"] for task in person.account.live]
        return self.one_of([*live, *live, *person.account.tasks, 1, 999_999])

    def item(self, name):
        """Prices are everybody's, so each run has items of its own."""
        return None if name is None else f"{self.run} {name}"

    def with_items(self, body):
        return {**body, "item": self.item(body["item"])} if "item" in body else body

    @invariant()
    def each_step_counts(self):
        self.counts["steps"] += 1

    # Accounts

    @initialize(data=st.data())
    def begin(self, data):
        for _ in range(2):
            self.register(data)
            self.login(data, right=True)
        for _ in range(3):
            self.create(data, data.draw(tasks))

    @precondition(lambda self: len(self.people) < 3)
    @rule(data=st.data())
    def register(self, data):
        self.data = data
        number = len(self.people) + len(self.gone)
        username = self.one_of([f"{self.run}.{number}", *[each.username for each in self.gone]])
        body = {"username": username, "email": "x@example.com", "password": PASSWORD}
        before = now()
        answer = self.send("POST", "/api/v1/accounts", json=body)
        shown = self.shown(answer, 201)
        assert before <= model.moment(shown["date_joined"]) <= now()
        profile = {
            "username": username,
            "email": "x@example.com",
            "date_joined": shown["date_joined"],
            "timezone": "UTC",
            "pets": [],
            "listed": False,
            "is_admin": False,
        }
        assert shown == profile
        assert answer.headers["Location"] == f"/api/v1/accounts/{username}"
        person = Person(model.Account(profile), answer.headers["ETag"].strip('"').split(".")[0])
        assert answer.headers["ETag"] == person.etag(1)
        assert person.era not in [other.era for other in (*self.people, *self.gone)]
        self.gone = [other for other in self.gone if other.username != username]
        self.people.append(person)

    @rule(data=st.data())
    def register_what_is_taken(self, data):
        self.data = data
        username = self.someone(logged_in=False).username.upper()
        body = {"username": username, "email": "y@example.com", "password": PASSWORD}
        self.shown(self.send("POST", "/api/v1/accounts", json=body), 409)

    @rule(data=st.data(), right=st.integers(0, 3).map(bool))
    def login(self, data, right):
        self.data = data
        person = self.someone(logged_in=False)
        body = {"username": person.username, "password": person.password + "!" * (not right)}
        answer = self.send("POST", "/api/v1/accounts/login", **self.sent(body))
        if not right:
            self.shown(answer, 401)
            return
        shown = self.shown(answer)
        assert shown["account"] == person.account.profile
        person.tokens.append(shown["token"])

    def can_act(self):
        return any(person.tokens for person in self.people)

    @precondition(can_act)
    @rule(data=st.data(), method=st.sampled_from(["GET", "POST"]))
    def logout(self, data, method):
        self.data = data
        person = self.someone()
        token = self.one_of(person.tokens)
        answer = self.send(method, "/api/v1/accounts/logout", token=token)
        self.same(answer, {"msg": "Logged out."})
        person.tokens.remove(token)
        person.dead.append(token)

    @precondition(lambda self: any(person.dead for person in self.people))
    @rule(data=st.data())
    def use_a_dead_token(self, data):
        self.data = data
        person = self.one_of([person for person in self.people if person.dead])
        token = self.one_of(person.dead)
        for method, path in (("GET", "/tasks"), ("POST", "/tasks"), ("DELETE", "")):
            body = {"json": {"name": "pears"}} if method == "POST" else {}
            self.shown(self.send(method, person.path + path, token=token, **body), 401)

    @precondition(can_act)
    @rule(
        data=st.data(),
        match=MATCHES,
        changes=st.fixed_dictionaries(
            {},
            optional={
                "timezone": st.sampled_from(ZONES),
                "pets": st.lists(st.sampled_from(["dog", "Katze"]), max_size=2),
                "listed": st.booleans(),
            },
        ),
    )
    def change_the_profile(self, data, match, changes):
        self.data = data
        person = self.someone()
        account = person.account
        headers = self.if_match(person, account.changed, match)
        answer = self.ask(person, "PATCH", "", json=changes, headers=headers)
        if match == "stale":
            self.shown(answer, 412)
            return
        self.same(answer, account.configure(changes))
        assert answer.headers["ETag"] == person.etag(account.changed)

    @precondition(can_act)
    @rule(data=st.data())
    def change_the_password(self, data):
        self.data = data
        person = self.someone()
        token = self.one_of(person.tokens)
        new = person.password + "x" if len(person.password) < 30 else PASSWORD
        body = {"password": new, "current_password": person.password}
        answer = self.send("PATCH", person.path, token=token, json=body)
        account = person.account
        account.changed = account.count()
        self.same(answer, account.profile)
        person.password = new
        person.dead += [other for other in person.tokens if other != token]
        person.tokens = [token]

    @precondition(lambda self: len(self.people) > 1 and self.can_act())
    @rule(data=st.data())
    def delete_an_account(self, data):
        self.data = data
        person = self.someone()
        assert self.ask(person, "DELETE", "").status_code == 204
        self.shown(self.send("GET", person.path, token=person.tokens[0]), 401)
        self.people.remove(person)
        self.gone.append(person)

    # Tasks

    def if_match(self, person, revision, match):
        tags = {"right": person.etag(revision), "any": "*", "stale": person.etag(revision - 1)}
        return {} if match == "none" else {"If-Match": tags[match]}

    def created(self, person, body, shown, before):
        """Let the model create the task too, at the moments that the server says."""
        assert before <= model.moment(shown["creation_date"]) <= now()
        task = person.account.create(body, self.prices, shown)
        assert shown == task, (shown, task)
        self.in_time(shown)

    def in_time(self, shown):
        """What is completed says since when, which is not in the future."""
        assert (shown["completed_date"] is not None) == shown["completed"]
        assert not shown["completed"] or model.moment(shown["completed_date"]) <= now()

    @precondition(can_act)
    @rule(data=st.data(), body=tasks)
    def create(self, data, body):
        self.data = data
        person, body, before = self.someone(), self.with_items(body), now()
        answer = self.ask(person, "POST", "/tasks", **self.sent(body))
        shown = self.shown(answer, 201)
        assert shown.pop("msg") == "posted"
        self.created(person, body, shown, before)
        assert answer.headers["Location"] == f"{person.path}/tasks/{shown['id']}"
        assert answer.headers["ETag"] == person.etag(shown["id"])

    @precondition(can_act)
    @rule(data=st.data(), body=tasks, key=st.sampled_from("ABC"), same=st.integers(0, 3).map(bool))
    def create_with_a_key(self, data, body, key, same):
        self.data = data
        person, body, before = self.someone(), self.with_items(body), now()
        asked = person.asked.get(key)
        if asked and same:
            body = asked[0]
        answer = self.ask(person, "POST", "/tasks", json=body, headers={"Idempotency-Key": key})
        if asked and body != asked[0]:
            self.shown(answer, 422)
        elif asked:
            assert answer.headers["Idempotent-Replayed"] == "true"
            assert (answer.status_code, answer.content) == (201, asked[1])
        else:
            shown = self.shown(answer, 201)
            shown.pop("msg")
            self.created(person, body, shown, before)
            person.asked[key] = (body, answer.content)

    @precondition(can_act)
    @rule(data=st.data(), changes=changes, method=st.sampled_from(["PUT", "PATCH"]), match=MATCHES)
    def change(self, data, changes, method, match):
        self.data = data
        person, changes = self.someone(), self.with_items(changes)
        number = self.a_task(person)
        account = person.account
        revision = account.tasks.get(number, {"revision": 1})["revision"]
        headers = self.if_match(person, revision, match)
        body = self.sent(changes)
        if number in account.tasks and self.data.draw(st.booleans()):
            # A client sends back what it got, with some of it changed.
            body = {"content": json.dumps({**account.tasks[number], **changes}, default=float)}
            headers = {**headers, "Content-Type": "application/json"}
        answer = self.ask(person, method, f"/tasks/{number}", headers=headers, **body)
        try:
            account.find(number)
        except Refused as refused:
            self.shown(answer, refused.status)
            return
        if match == "stale":
            self.shown(answer, 412)
            return
        shown = self.shown(answer)
        task = account.change(number, changes, self.prices, shown)
        assert shown == task, (shown, task)
        self.in_time(shown)
        assert answer.headers["ETag"] == person.etag(task["revision"])

    @precondition(can_act)
    @rule(data=st.data(), claim=st.sampled_from(["id", "revision", "creation_date", "paid"]))
    def claim_what_is_read_only(self, data, claim):
        self.data = data
        person = self.someone()
        if person.account.live:
            number = self.one_of(person.account.live)["id"]
            wrong = {"id": number + 1, "revision": 0, "creation_date": "2001-01-01T00:00:00Z"}
            wrong["paid"] = {"amount": 12345, "currency": "JPY"}
            answer = self.ask(person, "PATCH", f"/tasks/{number}", json={claim: wrong[claim]})
            assert list(self.shown(answer, 422)["errors"]) == [claim]

    @precondition(can_act)
    @rule(data=st.data(), match=MATCHES)
    def delete(self, data, match):
        self.data = data
        person = self.someone()
        number = self.a_task(person)
        revision = person.account.tasks.get(number, {"revision": 1})["revision"]
        headers = self.if_match(person, revision, match)
        answer = self.ask(person, "DELETE", f"/tasks/{number}", headers=headers)
        try:
            person.account.find(number)
        except Refused as refused:
            self.shown(answer, refused.status)
            return
        if match == "stale":
            self.shown(answer, 412)
            return
        assert (answer.status_code, answer.content) == (204, b"")
        person.account.delete(number)

    @precondition(can_act)
    @rule(data=st.data())
    def restore(self, data):
        self.data = data
        person = self.someone()
        number = self.one_of([*person.account.deleted, *person.account.tasks, 999_999])
        answer = self.ask(person, "POST", f"/tasks/{number}/restore")
        try:
            self.same(answer, person.account.restore(number))
        except Refused as refused:
            self.shown(answer, refused.status)

    @precondition(can_act)
    @rule(data=st.data())
    def see(self, data):
        self.data = data
        person = self.someone()
        number = self.a_task(person)
        answer = self.ask(person, "GET", f"/tasks/{number}")
        try:
            task = person.account.find(number)
        except Refused as refused:
            self.shown(answer, refused.status)
        else:
            self.same(answer, task)
            assert answer.headers["ETag"] == person.etag(task["revision"])

    @precondition(can_act)
    @rule(data=st.data(), sizes=st.integers(1, 6))
    def batch(self, data, sizes):
        self.data = data
        person = self.someone()
        trial = copy.deepcopy(person.account)
        operations, doings, failed, touched = [], [], None, set()
        for index in range(sizes):
            operation, do = self.operation(person, trial, touched)
            operations.append(operation)
            doings.append(do)
            try:
                do(trial, {"creation_date": None, "completed_date": "then"})
            except Refused as refused:
                failed = (refused.status, index)
                break
        answer = self.ask(person, "POST", "/tasks/batch", json={"operations": operations})
        if failed:
            assert self.shown(answer, failed[0])["index"] == failed[1]
            return
        shown = self.shown(answer)
        # What the batch answers is how each task is after all of it.
        for do, result in zip(doings, shown["results"], strict=True):
            do(person.account, {"creation_date": None, "completed_date": None, **result})
        results = [person.account.change_shown(result["id"]) for result in shown["results"]]
        assert shown == {"results": results, "revision": person.account.revision}, results

    def operation(self, person, trial, touched):
        """One operation of a batch, and what does the same to an account of the model.

        None deletes what one before it has `touched`: a tombstone does not say when that was.
        """
        method = self.one_of(["POST", "PUT", "PATCH", "DELETE"])
        if method == "POST":
            body = self.with_items(self.data.draw(tasks))
            touched.add(trial.revision + 1)
            return {"method": method, "body": body}, lambda account, at: account.create(
                body, self.prices, at
            )
        live = [task["id"] for task in trial.live]
        if method == "DELETE":
            live = [number for number in live if number not in touched]
        number = self.one_of([*live, *live, *live, 999_999])
        touched.add(number)
        operation = {"method": method, "id": number}
        match = self.data.draw(MATCHES)
        revision = trial.tasks.get(number, {"revision": 1})["revision"]
        if match != "none":
            operation["if_match"] = self.if_match(person, revision, match)["If-Match"]
        body = self.with_items(self.data.draw(changes))
        if method != "DELETE":
            operation["body"] = body

        def do(account, at):
            account.find(number)
            if match == "stale":
                raise Refused(412)
            if method == "DELETE":
                account.delete(number)
            else:
                account.change(number, body, self.prices, at)

        return operation, do

    # What is read of many

    @precondition(can_act)
    @rule(
        data=st.data(),
        wanted=filters,
        sort=st.sampled_from(["id", "name", "due_date", "creation_date"]),
        backwards=st.booleans(),
        limit=st.sampled_from([1, 2, 3, 200]),
        total=st.booleans(),
    )
    def list(self, *, data, wanted, sort, backwards, limit, total):
        self.data = data
        person = self.someone()
        wanted = self.near(person, wanted)
        self.list_of(person, wanted, "-" * backwards + sort, limit, total=total)

    @precondition(can_act)
    @rule(data=st.data(), side=st.sampled_from(["due_before", "due_after"]))
    def list_from_the_very_moment_of_a_task(self, data, side):
        self.data = data
        person = self.someone()
        dues = [task["due_date"] for task in person.account.live if task["due_date"]]
        if dues:
            self.list_of(person, {side: self.one_of(dues)}, "due_date", 200)

    def near(self, person, wanted):
        """Ask now and then for what is due before or after the very moment of a task."""
        dues = [task["due_date"] for task in person.account.live if task["due_date"]]
        bounds = [name for name in ("due_before", "due_after") if name in wanted]
        return {**wanted, **{name: self.one_of([wanted[name], *dues]) for name in bounds}}

    def list_of(self, person, wanted, sort, limit, *, total=False):
        expected = person.account.listing(sort, **wanted)
        query = {**wanted, "sort": sort, "limit": limit, **({"total": True} if total else {})}
        path = "/tasks?" + urlencode({name: text(value) for name, value in query.items()})
        seen = []
        while path:
            answer = self.ask(person, "GET", path)
            shown = self.shown(answer)
            assert shown["username"] == person.username
            assert shown.get("total") == (len(expected) if total else None)
            seen += shown["tasks"]
            following = shown["next"]
            assert answer.headers.get("Link") == (following and f'<{following}>; rel="next"')
            assert len(shown["tasks"]) == limit or not following
            path = following and following.removeprefix(person.path)
        assert seen == expected, (seen, expected)
        if "overdue" in wanted:
            assert "ETag" not in answer.headers
        else:
            assert answer.headers["ETag"] == person.etag(person.account.revision)
            known = {"If-None-Match": answer.headers["ETag"]}
            assert self.ask(person, "GET", "/tasks", headers=known).status_code == 304

    @precondition(can_act)
    @rule(data=st.data(), wanted=filters)
    def total(self, data, wanted):
        self.data = data
        person = self.someone()
        wanted = self.near(person, wanted)
        query = urlencode({name: text(value) for name, value in wanted.items()})
        answer = self.ask(person, "GET", f"/tasks/total?{query}")
        self.same(answer, person.account.total(self.prices, **wanted))

    @precondition(can_act)
    @rule(data=st.data(), limit=st.sampled_from([1, 3, 200]))
    def catch_up(self, data, limit):
        self.data = data
        person = self.someone()
        token, since = self.one_of([*person.synced, *person.synced[-1:]])
        foreign = [other.synced[-1][0] for other in (*self.people, *self.gone) if other != person]
        foreign = [other for other in foreign if other]
        if foreign and self.data.draw(st.integers(0, 5)) == 0:
            self.catch_up_since(person, foreign[0], 0, limit, reset=True)
        else:
            self.catch_up_since(person, token, since, limit)

    def catch_up_since(self, person, token, since, limit, *, reset=False):
        expected = person.account.changes(since)
        seen, profiles, more = [], [], True
        while more:
            query = {"limit": limit, **({"since": token} if token else {})}
            shown = self.shown(self.ask(person, "GET", f"/changes?{urlencode(query)}"))
            assert shown["reset"] == reset
            assert len(shown["changes"]) == limit or not shown["more"]
            seen += shown["changes"]
            profiles += [shown["account"]] if "account" in shown else []
            token, more, reset = shown["next"], shown["more"], False
        assert seen == expected, (seen, expected)
        changed = person.account.changed > since
        assert profiles == ([person.account.profile] if changed else [])
        person.synced.append((token, person.account.revision))

    # Others

    @precondition(lambda self: len(self.people) > 1 and self.can_act())
    @rule(
        data=st.data(),
        method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
        known=st.booleans(),
    )
    def intrude(self, data, method, known):
        self.data = data
        person = self.someone()
        other = self.one_of([each for each in self.people if each != person])
        number = self.one_of([*other.account.tasks, 1])
        paths = {
            "GET": ["", "/tasks", f"/tasks/{number}", "/tasks/total", "/changes", "/tokens"],
            "POST": ["/tasks", "/tasks/batch", f"/tasks/{number}/restore", "/tokens"],
            "DELETE": ["", f"/tasks/{number}", "/tokens"],
        }.get(method, ["", f"/tasks/{number}"])
        path = (other.path if known else "/api/v1/accounts/nobody-at-all") + self.one_of(paths)
        body = {} if method in ("GET", "DELETE") else {"json": {"name": "pears"}}
        answer = self.send(method, path, token=self.one_of(person.tokens), **body)
        is_for_admins_too = path in (other.path, "/api/v1/accounts/nobody-at-all")
        self.same(answer, FORBIDDEN_TO_OTHERS if is_for_admins_too else FORBIDDEN, status=403)
        self.shown(self.send(method, path, **body), 401)
        if not is_for_admins_too:
            self.same(self.send(method, path, token=self.admin, **body), FORBIDDEN, status=403)

    @rule(data=st.data())
    def an_admin_looks(self, data):
        self.data = data
        person = self.someone(logged_in=False)
        self.same(self.send("GET", person.path, token=self.admin), person.account.profile)

    # Prices

    @rule(
        data=st.data(),
        method=st.sampled_from(["POST", "POST", "PUT", "PATCH", "DELETE"]),
        name=name,
        renamed=st.none() | name,
        price=st.sampled_from(PRICES),
        currency=st.none() | st.sampled_from(["EUR", "JPY", "KWD"]),
        allowed=st.integers(0, 4).map(bool),
    )
    def price(self, *, data, method, name, renamed, price, currency, allowed):
        self.data = data
        name = self.item(name)
        body = {"price": price, **({"currency": currency} if currency else {})}
        if method == "POST":
            body["name"] = name
        elif renamed:
            body["name"] = self.item(renamed)
        path = "/api/v1/prices" + f"/{quote(name, safe='')}" * (method != "POST")
        sent = {} if method == "DELETE" else {"json": body}
        if not allowed:
            tokens = [token for person in self.people for token in person.tokens]
            token = self.one_of([*tokens, None])
            self.shown(self.send(method, path, token=token, **sent), 403 if token else 401)
            return
        answer = self.send(method, path, token=self.admin, **sent)
        fields = {**body, "price": Decimal(price)}
        try:
            if method == "POST":
                expected = self.prices.create(fields)
            elif method == "DELETE":
                expected = self.prices.delete(name)
            else:
                expected = self.prices.change(name, fields)
        except Refused as refused:
            self.shown(answer, refused.status)
            return
        shown = self.shown(answer, {"POST": 201, "DELETE": 204}.get(method, 200))
        if shown is not None:
            shown.pop("updated_date")
        assert shown == expected, (shown, expected)

    @rule(data=st.data(), name=name)
    def ask_prices(self, data, name):
        self.data = data
        name = self.item(name)
        price = self.prices.of(name)
        answer = self.send("GET", f"/itemprice?itemname={quote(name, safe='')}")
        self.same(answer, {"name": name, "price": price[0] if price else 0})
        shown = self.shown(self.send("GET", f"/api/v1/prices?limit=200&q={self.run} "))
        for each in shown["prices"]:
            each.pop("updated_date")
        expected = [price for _, price in sorted(self.prices.items.items())]
        assert shown == {"prices": expected, "next": None}

    def teardown(self):
        """In the end everything that there is is as the model says."""
        self.data = None
        for person in self.people:
            if person.tokens:
                for sort in ("id", "-name", "due_date", "-due_date"):
                    self.list_of(person, {}, sort, 200)
                for token, since in [*person.synced]:
                    self.catch_up_since(person, token, since, 200)
        super().teardown()


FORBIDDEN = {
    "status": 403,
    "message": "Only the owner of this account may do this.",
    "code": "not_owner",
}
FORBIDDEN_TO_OTHERS = {
    **FORBIDDEN,
    "message": "Only the owner of this account or an administrator may do this.",
}
"""The answer that others get at a profile, which admins may see and change."""


def now():
    return datetime.now(UTC)


def text(value):
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def in_form(value):
    if isinstance(value, bool):
        return "on" if value else "0"
    return "" if value is None else str(value)


@pytest.mark.timeout(3_600)
def test_the_api_does_what_the_model_says(database_url, admin, tmp_path):
    Machine.counts.clear()
    plenty = {"REGISTRATIONS_PER_HOUR": 10**6, "ADDRESS_LOGIN_FAILURES": 10**6}
    plenty |= {"LOGIN_FAILURES": 10**6, "ACCOUNT_LOGIN_FAILURES": 10**6}
    chosen = settings(
        max_examples=int(EXAMPLES or 8),
        stateful_step_count=STEPS,
        derandomize=not EXAMPLES,
        # To shrink what failed takes minutes, and the steps that led there are printed anyway.
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with serving(tmp_path / "log", DATABASE_URL=database_url, WORKERS=2, **plenty) as live:
        # The ETag of a list is a weak one for a client that takes it compressed.
        plain = {"base_url": live.url, "headers": {"Accept-Encoding": "identity"}}
        clients = [httpx.Client(**plain, timeout=30) for _ in range(4)]
        run_state_machine_as_test(lambda: Machine(clients, admin.token), settings=chosen)
        for client in clients:
            client.close()
    sys.stdout.write(
        f"{Machine.counts['steps']:,} steps, {Machine.counts['requests']:,} requests\n"
    )
