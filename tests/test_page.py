"""The web page: greeting, logging in, and the to-do list, in a real browser."""

import itertools
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from conftest import serving
from pages import PATIENCE, person
from playwright.sync_api import expect
from support import PASSWORD

from todo_api.resources.page import FILES
from todo_api.values import moments


@pytest.fixture(scope="module")
def server(sqlite_databases, tmp_path_factory):
    log = tmp_path_factory.mktemp("page") / "log"
    url = sqlite_databases.migrated()
    with serving(log, "--with-sample", DATABASE_URL=url, REGISTRATIONS_PER_HOUR=1000) as live:
        yield live


@pytest.fixture
def visitor(server, chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server.url)
    yield page
    context.close()


@pytest.fixture
def ann(server, chromium, request):
    with person(chromium, server.url, f"ann-{abs(hash(request.node.name)) % 10**9}") as ann:
        ann.open()
        yield ann
        assert ann.complaints == []


# What the server gives.


KINDS = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
}


def test_a_file_says_what_it_is_and_is_sent_once(nobody):
    for name in (*(f"/web/{name}" for name in FILES), "/sw.js", "/manifest.webmanifest"):
        answer = nobody.get(name)
        assert answer.status_code == 200
        assert answer.content_type == f"{KINDS[name.rpartition('.')[2]]}; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        again = nobody.get(name, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_no_other_file_is_there(nobody):
    others = ("index.html", "types.d.ts", "docs/start.js", "sw.js", "views/../app.js", "a/b/c.js")
    for name in ("nonsense", *others):
        answer = nobody.get(f"/web/{name}")
        assert (answer.status_code, answer.json["message"]) == (404, "Invalid endpoint"), name


def test_the_policy_lets_in_what_this_server_has_and_nothing_inline(nobody):
    policy = nobody.get("/").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    own = ("script", "style", "connect", "img", "manifest", "worker")
    none = ("default-src", "base-uri", "form-action", "frame-ancestors")
    assert directives == {f"{kind}-src": "'self'" for kind in own} | dict.fromkeys(none, "'none'")


def test_no_module_makes_html_out_of_text():
    for name, file in FILES.items():
        text = file.content.decode()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, name


def test_the_service_worker_is_another_one_whenever_a_file_is(nobody):
    text = nobody.get("/sw.js").text
    assert re.match(r'const VERSION = "[0-9a-f]{16}";\nconst FILES = \["/",', text)
    for name in FILES:
        assert f'"/web/{name}"' in text


# Who comes.


def test_a_visitor_is_greeted_registers_and_is_greeted_by_name(visitor):
    expect(visitor.locator("h1")).to_have_text("Hello, World!")
    visitor.get_by_role("button", name="New here? Register").click()
    for label, value in {
        "Username": "newcomer",
        "E-mail": "new@example.com",
        "Password again": PASSWORD,
    }.items():
        visitor.get_by_label(label).fill(value)
    visitor.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.get_by_role("button", name="Register", exact=True).click()
    expect(visitor.locator("h1")).to_have_text("Hello, newcomer!")
    expect(visitor.get_by_text("Nothing to do.")).to_be_visible()
    visitor.reload()
    expect(visitor.locator("h1")).to_have_text("Hello, newcomer!")


def test_a_wrong_field_is_named_beside_it_and_keeps_what_was_typed(visitor):
    visitor.get_by_role("button", name="New here? Register").click()
    visitor.get_by_label("Username").fill("x")
    visitor.get_by_label("E-mail").fill("nobody")
    visitor.get_by_label("Password", exact=True).fill("short")
    visitor.get_by_role("button", name="Register", exact=True).click()
    name = visitor.get_by_label("Username")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Must be 3 to 64 of A-Z a-z 0-9 . _ -")
    expect(name).to_be_focused()
    expect(name).to_have_value("x")
    expect(visitor.get_by_label("E-mail")).to_have_accessible_description("Not an e-mail address.")


def test_a_wrong_password_is_told(visitor, server):
    visitor.get_by_label("Username").fill("user1")
    visitor.get_by_label("Password").fill("not the password")
    visitor.get_by_role("button", name="Log in", exact=True).click()
    expect(visitor.get_by_role("alert")).to_have_text("Wrong username or password.")


def test_the_greeting_needs_no_script(server, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.url)
    assert page.text_content("h1") == "Hello, World!"
    assert page.get_by_role("link", name="/api/v1").is_visible()
    context.close()


def test_logging_out_leaves_nothing_behind(ann):
    ann.add("a secret")
    ann.is_live()
    ann.page.get_by_role("link", name="Profile").click()
    ann.page.get_by_role("button", name="Log out", exact=True).click()
    expect(ann.page.locator("h1")).to_have_text("Hello, World!")
    assert ann.page.evaluate("indexedDB.databases()") == []
    assert ann.page.evaluate("Object.keys(localStorage)") == []
    assert ann.api.get(ann.path).status_code == 401
    ann.page.reload()
    expect(ann.page.get_by_role("button", name="Log in", exact=True)).to_be_visible()


def test_the_token_is_in_no_url_and_in_no_cookie(ann):
    ann.add("anything")
    ann.is_live()
    token = ann.api.headers["Authorization"].removeprefix("Bearer ")
    assert any(token in request.headers.get("x-auth-token", "") for request in ann.asked)
    assert all(token not in request.url for request in ann.asked)
    assert ann.context.cookies() == []


# The list.


def test_a_task_is_added_in_one_line_with_its_details(ann):
    page = ann.page
    page.get_by_role("button", name="Details").click()
    page.get_by_label("Item").fill("milk")
    page.get_by_label("Quantity").fill("2,5")
    page.get_by_label("Due day").fill("2030-12-24")
    page.get_by_label("Due time").fill("18:00")
    ann.add("Milk for the cake")
    ann.is_live()
    task = ann.tasks()["Milk for the cake"]
    assert (task["item"], task["quantity"]) == ("milk", 2.5)
    assert task["due_date"] == "2030-12-24T18:00:00Z"
    expect(page.get_by_label("What is to be done?")).to_be_focused()
    expect(page.get_by_label("What is to be done?")).to_have_value("")


def test_times_are_those_of_the_accounts_own_zone(ann):
    account = ann.path.removesuffix("/tasks")
    assert ann.api.patch(account, json={"timezone": "Asia/Tokyo"}).status_code == 200
    ann.task("Call Kyoto", due_date="2030-01-01T00:30:00Z")
    expect(ann.row("Call Kyoto")).to_contain_text(re.compile(r"9:30"))
    form = ann.edit("Call Kyoto")
    expect(form.get_by_label("Due time")).to_have_value("09:30")
    form.get_by_label("Due time").fill("10:15")
    form.get_by_role("button", name="Save").click()
    expect(ann.row("Call Kyoto")).to_contain_text("10:15")
    ann.is_live()
    assert ann.tasks()["Call Kyoto"]["due_date"] == "2030-01-01T01:15:00Z"


def test_a_wall_time_becomes_the_moment_that_the_server_makes_of_it(visitor):
    zones = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu")
    days = ("2026-03-29", "2026-03-08", "2026-10-25", "2026-11-01", "2026-04-05", "2026-10-04")
    times = ("00:00", "01:30", "02:00", "02:30", "03:00", "23:59")
    cases = list(itertools.product(zones, days, times))
    made = visitor.evaluate(
        """async (cases) => {
            const {dueOf} = await import("/web/dates.js");
            return cases.map(([zone, day, time]) => dueOf(day, time, zone));
        }""",
        cases,
    )
    for (zone, day, time), moment in zip(cases, made, strict=True):
        wall = datetime.fromisoformat(f"{day}T{time}")
        assert moment == moments.wire(moments.at(wall, ZoneInfo(zone))), (zone, day, time)


def test_a_quantity_that_is_none_is_refused_before_it_is_sent(ann):
    page = ann.page
    page.get_by_label("What is to be done?").fill("Flour")
    page.get_by_role("button", name="Details").click()
    page.get_by_label("Quantity").fill("0.00001")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Quantity")).to_be_focused()
    expect(page.get_by_label("Quantity")).to_have_accessible_description(
        re.compile("four decimals")
    )
    expect(page.get_by_label("What is to be done?")).to_have_value("Flour")
    assert ann.tasks() == {}


def test_a_name_in_which_nothing_can_be_seen_is_refused_before_it_is_sent(ann):
    box = ann.page.get_by_label("What is to be done?")
    box.fill("\u200b\u00ad")
    box.press("Enter")
    expect(ann.page.get_by_text("Write at least one letter.")).to_be_visible()
    assert ann.tasks() == {}


def test_ticking_moves_a_task_and_can_be_undone(ann):
    ann.add("Water the plants")
    ann.tick("Water the plants")
    ann.sees_no("Water the plants")
    ann.page.get_by_role("radio", name="Done").check(force=True)
    expect(ann.row("Water the plants").get_by_role("checkbox")).to_have_attribute(
        "aria-checked", "true"
    )
    ann.page.get_by_role("button", name="Undo").click()
    ann.sees_no("Water the plants")
    ann.is_live()
    assert ann.tasks()["Water the plants"]["completed"] is False


def test_a_task_is_edited_in_its_place(ann):
    ann.add("Rite to Ann")
    ann.add("Another")
    ann.save("Rite to Ann", Name="Write to Ann", Note="about <b>June</b>", Due_day="2031-05-06")
    ann.sees("about <b>June</b>")
    expect(ann.row("Write to Ann").locator("button.name")).to_be_focused()
    ann.is_live()
    task = ann.tasks()["Write to Ann"]
    assert (task["note"], task["due_date"]) == ("about <b>June</b>", "2031-05-06")


def test_escape_leaves_the_editor_and_changes_nothing(ann):
    ann.add("Stay as it is")
    ann.edit("Stay as it is", Name="Something else").get_by_label("Name").press("Escape")
    ann.sees("Stay as it is")
    ann.is_live()
    assert [request.method for request in ann.methods()] == ["POST"]


def test_a_deletion_is_taken_back(ann):
    ann.add("Nearly lost")
    ann.is_live()
    number = ann.tasks()["Nearly lost"]["id"]
    ann.row("Nearly lost").get_by_role("button", name="Delete Nearly lost").click()
    ann.sees_no("Nearly lost")
    ann.is_live()
    assert ann.tasks() == {}
    ann.page.get_by_role("button", name="Undo").click()
    ann.sees("Nearly lost")
    ann.is_live()
    assert ann.tasks()["Nearly lost"]["id"] == number


def test_the_list_is_filtered_searched_and_sorted_as_the_api_does(ann):
    ann.task("Ärger", note="tax return", due_date="2001-01-01")
    ann.task("apples", due_date="2031-01-02")
    ann.task("Bread", due_date="2031-01-02T00:00:00Z")
    ann.task("\U0001f350 οδός")
    ann.task("\uf8ff private")
    ann.task("never due")
    ann.change(ann.task("finished"), completed=True)
    page = ann.page
    ann.sees("never due")

    def names():
        return page.locator(".task .title").all_inner_texts()

    def by_api(**query):
        return [task["name"] for task in ann.api.get(ann.path, params=query).json()["tasks"]]

    expect(page.locator(".task")).to_have_count(6)
    for sort in ("due_date", "-due_date", "name", "-name", "creation_date"):
        page.get_by_label("Sort by").select_option(sort)
        assert names() == by_api(sort=sort, completed=False), sort
    page.get_by_role("radio", name="Overdue").check(force=True)
    assert names() == by_api(overdue=True) == ["Ärger"]
    expect(ann.row("Ärger")).to_contain_text("Overdue")
    page.get_by_role("radio", name="All").check(force=True)
    expect(page.locator(".task")).to_have_count(7)
    for words in ("ÄRGER", "Tax", "e", "ΟΔΌΣ", "app\u00adles"):
        page.get_by_role("searchbox").fill(words)
        page.get_by_label("Sort by").select_option("name")
        assert names() == by_api(q=words, sort="name")
    page.get_by_role("searchbox").fill("zebra")
    expect(page.get_by_text("Nothing here has “zebra”")).to_be_visible()


def test_everything_is_done_by_keyboard_alone(ann):
    page, keys = ann.page, ann.page.keyboard
    keys.press("n")
    keys.type("First")
    keys.press("Enter")
    keys.type("Second")
    keys.press("Enter")
    ann.sees("Second")
    ann.is_live()
    page.locator("main").focus()
    keys.press("ArrowDown")
    expect(ann.row("First").get_by_role("checkbox")).to_be_focused()
    keys.press("j")
    expect(ann.row("Second").get_by_role("checkbox")).to_be_focused()
    keys.press("Delete")
    ann.sees_no("Second")
    expect(ann.row("First").get_by_role("checkbox")).to_be_focused()
    keys.press("z")
    ann.sees("Second")
    keys.press("e")
    page.get_by_label("Name").press("ControlOrMeta+a")
    keys.type("The first")
    keys.press("Enter")
    expect(ann.row("The first").locator("button.name")).to_be_focused()
    keys.press("x")
    ann.sees_no("The first")
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.get_by_label("Single keys act as above").uncheck()
    keys.press("Escape")
    keys.press("2")
    expect(page.locator("nav [aria-current]")).to_have_text("Tasks")
    ann.is_live()
    assert {name: task["completed"] for name, task in ann.tasks().items()} == {
        "The first": True,
        "Second": False,
    }


def test_what_happens_is_said_to_a_screen_reader(ann):
    ann.add("Listen")
    expect(ann.page.locator("#voice")).to_have_text("Added: Listen")
    ann.tick("Listen")
    expect(ann.page.locator("#voice")).to_have_text("Done: Listen")


def test_more_tasks_than_fit_are_shown_on_demand(ann):
    for start in range(0, 250, 50):
        operations = [{"method": "POST", "body": {"name": f"task {start + n}"}} for n in range(50)]
        assert ann.api.post(f"{ann.path}/batch", json={"operations": operations}).status_code == 200
    expect(ann.page.get_by_text("250 tasks")).to_be_visible()
    expect(ann.page.locator(".task")).to_have_count(200)
    ann.page.get_by_role("button", name="Show more").click()
    expect(ann.page.locator(".task")).to_have_count(250)


def test_an_admin_who_closed_the_registration_is_believed(sqlite_databases, tmp_path, chromium):
    url = sqlite_databases.migrated()
    with serving(tmp_path / "log", DATABASE_URL=url, REGISTRATION="closed") as live:
        page = chromium.new_page()
        page.goto(live.url)
        page.get_by_role("button", name="New here? Register").click()
        page.get_by_label("Username").fill("somebody")
        page.get_by_label("E-mail").fill("a@example.com")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password again").fill(PASSWORD)
        page.get_by_role("button", name="Register", exact=True).click()
        expect(page.get_by_role("alert")).to_have_text("Registration is closed.")
        page.close()
        assert httpx.get(f"{live.url}/users").json() == []
