"""A person with a browser: what the tests of the web page share."""

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support import PASSWORD

from todo_api.database import Database
from todo_api.services import accounts

PATIENCE = 10_000
"""Milliseconds that a test waits for something to appear; it takes a fraction of that."""


def account(url, name):
    """Register over HTTP, unless that is done, log in, and return a client that is logged in."""
    client = httpx.Client(base_url=url, timeout=20)
    fields = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    assert client.post("/api/v1/accounts", json=fields).status_code in (201, 409)
    del fields["email"]
    token = client.post("/api/v1/accounts/login", json=fields).json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def make_admin(database_url, name):
    database = Database(database_url)
    with database.transaction() as session:
        accounts.named(session, name).is_admin = True
    database.close()


@dataclass
class Person:
    """Somebody who is logged in, their browser with its page, and their API beside it."""

    url: str
    name: str
    api: httpx.Client
    context: BrowserContext
    page: Page
    asked: list = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @cached_property
    def path(self):
        return f"/api/v1/accounts/{self.name}/tasks"

    def watch(self, page):
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.asked.extend([request]))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def open(self, view=""):
        self.page.goto(f"{self.url}/#/{view}")
        expect(self.page.locator("#greeting")).to_have_text(f"Hello, {self.name}!")
        expect(self.page.locator("main > section")).to_be_visible()
        return self.page

    def ready(self):
        """Wait until the page would open without a network, too."""
        self.page.evaluate("navigator.serviceWorker.ready")
        self.is_live()

    def is_live(self):
        """Wait until all is sent, which the page says a frame after something was to be sent."""
        frame = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.page.evaluate(frame)
        expect(self.page.locator("#status")).to_have_text("Live", timeout=PATIENCE)

    def task(self, name="a task", **fields):
        """Create a task over the API, as another device would."""
        task = self.api.post(self.path, json={"name": name, **fields}).json()
        assert task.pop("msg") == "posted"
        return task

    def change(self, task, **fields):
        answer = self.api.patch(f"{self.path}/{task['id']}", json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tasks(self):
        """Return what the server has, by name."""
        listed = self.api.get(self.path, params={"limit": 200}).json()["tasks"]
        assert len({task["name"] for task in listed}) == len(listed)
        return {task["name"]: task for task in listed}

    def add(self, name):
        box = self.page.get_by_label("What is to be done?")
        box.fill(name)
        box.press("Enter")
        self.sees(name)

    def row(self, name):
        found = self.page.locator(".task").filter(has_text=re.compile(re.escape(name)))
        return found.first

    def sees(self, name):
        expect(self.row(name)).to_be_visible(timeout=PATIENCE)

    def sees_no(self, name):
        expect(self.page.locator(".task").filter(has_text=name)).to_have_count(0, timeout=PATIENCE)

    def tick(self, name):
        self.row(name).get_by_role("checkbox").click()

    def edit(self, name, **fields):
        """Open the editor and fill it in; leave it open."""
        self.row(name).locator("button.name").click()
        form = self.page.get_by_role("form", name=f"Edit {name}")
        for label, value in fields.items():
            form.get_by_label(label.replace("_", " "), exact=True).fill(value)
        return form

    def save(self, name, **fields):
        form = self.edit(name, **fields)
        form.get_by_role("button", name="Save").click()
        expect(form).to_have_count(0)

    def offline(self):
        self.context.set_offline(True)
        expect(self.page.locator("#status")).to_contain_text("Offline")

    def online(self):
        self.context.set_offline(False)

    def methods(self, part="/tasks"):
        """Return the writes that the page has sent to URLs with `part`."""
        return [each for each in self.asked if each.method != "GET" and part in each.url]


@contextmanager
def person(browser: Browser, url, name, host=None, api_url=None, **options):
    """Let somebody log in by the token alone, as on a second visit, to the server by that name.

    Their API is at `api_url`, where that is not the page's.
    """
    api = account(api_url or url, name)
    url = url.replace("127.0.0.1", host or "127.0.0.1")
    token = api.headers["Authorization"].removeprefix("Bearer ")
    session = {"name": "todo_api:session", "value": json.dumps({"token": token, "username": name})}
    state = {"cookies": [], "origins": [{"origin": url, "localStorage": [session]}]}
    context = browser.new_context(storage_state=state, **options)
    page = context.new_page()
    someone = Person(url, name, api, context, page)
    someone.watch(page)
    try:
        yield someone
    finally:
        context.close()
        api.close()


# The views, each in the state in which it shows most, for pictures and for axe-core.


def scene(url, settings):
    """Make alice an admin with a list that has something of everything."""
    alice = account(url, "alice")
    make_admin(settings["DATABASE_URL"], "alice")
    tasks = "/api/v1/accounts/alice/tasks"
    today = datetime.now(UTC).date()
    for days, fields in {
        -2: {"name": "Return the library books", "note": "Ask about the June fee"},
        0: {"name": "Call the plumber about the kitchen tap"},
        1: {"name": "Write to Ann", "note": "photos from the lake, and the recipe"},
        5: {"name": "Renew the passport"},
        40: {"name": "Book the summer house"},
    }.items():
        alice.post(tasks, json={"due_date": str(today + timedelta(days=days)), **fields})
    items = {"apples": 2, "bread": 1, "water": 6, "a very special cheese from the market": 0.4}
    for item, quantity in items.items():
        alice.post(tasks, json={"name": item, "item": item, "quantity": quantity})
    for name, item in {"bananas": "bananas", "Water the plants": None}.items():
        task = alice.post(tasks, json={"name": name, "item": item}).json()
        alice.patch(f"{tasks}/{task['id']}", json={"completed": True})
    alice.patch("/api/v1/accounts/alice", json={"pets": ["dog", "hamster"], "listed": True})
    alice.post("/api/v1/accounts/alice/tokens", json={"name": "kitchen display", "scope": "read"})
    alice.post("/api/v1/prices", json={"name": "milk", "price": "1.19", "unit": "litre"})
    for text in ("hi", "Greetings from a page of another origin.\nIt has two lines."):
        alice.post("/users", json={"data": text})
    alice.close()


def see_list(alice):
    alice.open().locator(".task").nth(6).wait_for()


def see_editor(alice):
    see_list(alice)
    alice.edit("Write to Ann")
    alice.page.get_by_role("button", name="Details").click()


def see_shopping(alice):
    alice.open("shopping").get_by_text("No price").first.wait_for()


def see_prices(alice):
    alice.open("prices").get_by_text("apples").first.wait_for()


def see_price_file(alice):
    see_prices(alice)
    alice.page.get_by_text("Prices from a file").click()
    text = "product;a column with a name that is long enough to be cut;amount\nmilk;1 l;1,19\n"
    file = {"name": "prices.csv", "mimeType": "text/csv", "buffer": text.encode()}
    alice.page.get_by_label("CSV file").set_input_files(file)
    alice.page.get_by_label("Column of the name").select_option("product")
    alice.page.get_by_label("Column of the price").select_option("amount")
    alice.page.get_by_text("Nothing is imported yet.").wait_for()


def see_profile(alice):
    alice.open("profile").get_by_text("kitchen display").wait_for()


def see_messages(alice):
    alice.open("messages").get_by_text("Greetings").wait_for()


def see_conflict(alice):
    alice.open()
    alice.sees("Renew the passport")
    alice.edit("Renew the passport", Name="Renew both passports")
    task = alice.tasks()["Renew the passport"]
    alice.change(task, name="Renew the passport online", note="needs a photo")
    alice.page.get_by_role("button", name="Save").click()
    alice.page.locator(".needs").click()
    alice.page.locator("article").wait_for()
    alice.change(task, name="Renew the passport", note=None)


def see_help(alice):
    see_list(alice)
    alice.page.locator("main").focus()
    alice.page.keyboard.press("?")
    alice.page.get_by_role("dialog").wait_for()


def see_visitor(alice):
    alice.open()
    alice.page.evaluate("localStorage.clear()")
    alice.page.goto(f"{alice.url}/#/")
    alice.page.reload()
    alice.page.get_by_role("button", name="New here? Register").click()


VIEWS = {
    "tasks": see_list,
    "editor": see_editor,
    "shopping": see_shopping,
    "prices": see_prices,
    "price file": see_price_file,
    "profile": see_profile,
    "messages": see_messages,
    "conflict": see_conflict,
    "help": see_help,
    "visitor": see_visitor,
}
