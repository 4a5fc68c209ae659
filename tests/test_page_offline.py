"""The web page without a network, with other devices, and with a server that says no."""

import re
from unittest.mock import ANY

import pytest
from browser import LAN
from conftest import serving
from pages import PATIENCE, person
from playwright.sync_api import expect
from support import PASSWORD

from todo_api.database import Database
from todo_api.models import Task
from todo_api.services import accounts


@pytest.fixture(scope="module")
def stored_at(sqlite_databases):
    return sqlite_databases.migrated()


@pytest.fixture(scope="module")
def server(stored_at, tmp_path_factory):
    log = tmp_path_factory.mktemp("page") / "log"
    with serving(log, DATABASE_URL=stored_at, REGISTRATIONS_PER_HOUR=1000) as live:
        yield live


@pytest.fixture
def name(request):
    return f"ben-{abs(hash(request.node.nodeid)) % 10**9}"


@pytest.fixture
def ben(server, chromium, name):
    with person(chromium, server.url, name) as ben:
        ben.open()
        ben.ready()
        yield ben
        unexpected = re.compile("Failed to load resource|ERR_INTERNET_DISCONNECTED")
        assert [text for text in ben.complaints if not unexpected.search(text)] == []


def waiting(ben):
    ben.page.get_by_role("link", name=re.compile("needs? you")).click()
    return ben.page.locator("article")


# Without a network.


def test_the_page_opens_shows_the_list_and_takes_changes(ben):
    ben.add("from before")
    ben.add("to be ticked")
    ben.add("to be deleted")
    ben.is_live()
    ben.offline()
    ben.page.reload()
    expect(ben.page.locator("#greeting")).to_have_text(f"Hello, {ben.name}!")
    ben.sees("from before")
    ben.add("from the train")
    ben.save("from before", Name="from before, changed")
    ben.tick("to be ticked")
    ben.row("to be deleted").get_by_role("button", name=re.compile("Delete")).click()
    expect(ben.page.locator("#status")).to_contain_text("4 changes not sent yet")
    ben.page.reload()
    ben.sees("from the train")
    before = len(ben.asked)
    ben.online()
    ben.is_live()
    tasks = ben.tasks()
    assert {name: task["completed"] for name, task in tasks.items()} == {
        "from before, changed": False,
        "to be ticked": True,
        "from the train": False,
    }
    sent = [each for each in ben.asked[before:] if each.method != "GET" and "/tasks" in each.url]
    assert [each.method for each in sent] == ["POST", "PATCH", "PATCH", "DELETE"]
    assert re.fullmatch("[a-z0-9-]{16,}", sent[0].headers["idempotency-key"])
    assert all(re.fullmatch(r'"\w+\.\d+"', each.headers["if-match"]) for each in sent[1:])


def test_what_was_created_without_a_network_is_edited_and_ticked_there_too(ben):
    ben.offline()
    ben.add("draft of a task")
    ben.save("draft of a task", Name="a task", Note="with a note")
    ben.tick("a task")
    ben.online()
    ben.is_live()
    (task,) = ben.tasks().values()
    assert (task["name"], task["note"], task["completed"]) == ("a task", "with a note", True)


def test_what_was_created_and_deleted_without_a_network_never_was(ben):
    ben.offline()
    ben.add("a mistake")
    ben.row("a mistake").get_by_role("button", name=re.compile("Delete")).click()
    ben.page.get_by_role("button", name="Undo").click()
    ben.sees("a mistake")
    ben.row("a mistake").get_by_role("button", name=re.compile("Delete")).click()
    ben.online()
    ben.is_live()
    ben.sees_no("a mistake")
    assert ben.tasks() == {}


@pytest.mark.parametrize("action", ["create", "change", "delete"])
def test_an_answer_that_was_lost_does_the_work_once_and_is_no_conflict(ben, action):
    ben.add("only once")
    ben.is_live()
    lost = []

    def lose(route):
        if route.request.method == "GET" or lost:
            return route.fallback()
        lost.append(route.request)
        route.fetch()
        return route.abort()

    ben.page.route("**/tasks**", lose)
    if action == "create":
        ben.add("a second one")
    elif action == "change":
        ben.tick("only once")
    else:
        ben.row("only once").get_by_role("button", name=re.compile("Delete")).click()
    expect(ben.page.locator("#status")).to_contain_text("not sent yet")
    ben.is_live()
    same = [each for each in ben.methods() if each.url == lost[0].url][-2:]
    assert [each.headers.get("idempotency-key") for each in same] == [
        lost[0].headers.get("idempotency-key")
    ] * len(same)
    tasks = ben.tasks()
    expected = {"create": {"only once", "a second one"}, "change": {"only once"}, "delete": set()}
    assert set(tasks) == expected[action]
    expect(ben.page.locator(".task")).to_have_count(2 if action == "create" else 0)
    assert ben.page.locator(".needs").count() == 0


def test_what_is_being_typed_is_still_there_after_a_reload(ben):
    ben.add("half a thought")
    ben.page.get_by_label("What is to be done?").fill("half a new one")
    ben.edit("half a thought", Note="half a note")
    ben.page.reload()
    expect(ben.page.get_by_label("What is to be done?")).to_have_value("half a new one")
    expect(ben.page.get_by_label("Note")).to_have_value("half a note")
    ben.page.get_by_role("button", name="Save").click()
    expect(ben.page.get_by_label("Note")).to_have_count(0)
    ben.is_live()
    assert ben.tasks()["half a thought"]["note"] == "half a note"


# With other devices.


def test_a_change_elsewhere_appears_without_a_reload(live, chromium):
    with person(chromium, live.url, "ben") as ben, person(chromium, live.url, "ben") as other:
        ben.open()
        other.open()
        ben.is_live()
        other.is_live()
        ben.asked.clear()  # Where the stream is slow to begin, the page asks for changes once.
        ben.add("from the one")
        other.sees("from the one")
        other.save("from the one", Name="from both")
        ben.sees("from both")
        other.tick("from both")
        ben.sees_no("from both")
        other.add("gone soon")
        ben.sees("gone soon")
        ben.row("gone soon").get_by_role("button", name=re.compile("Delete")).click()
        other.sees_no("gone soon")
        assert not [each for each in ben.asked if "/changes" in each.url]
        assert ben.complaints == other.complaints == []


def test_a_stream_that_falls_silent_is_opened_anew(server, chromium, name):
    with person(chromium, server.url, name) as ben:
        ben.page.clock.install()
        ben.open()
        ben.page.clock.run_for(1000)
        ben.is_live()
        streams = [each for each in ben.asked if each.url.endswith("/events")]
        with ben.page.expect_request("**/events") as again:
            ben.page.clock.run_for(41_000)
        assert again.value not in streams
        assert re.fullmatch(r"\w+\.\d+", again.value.headers["last-event-id"])


def test_after_a_restore_from_a_backup_the_page_shows_what_there_is(ben, stored_at):
    kept, lost = ben.task("in the backup"), ben.task("after the backup")
    ben.sees("after the backup")
    ben.is_live()
    ben.offline()
    database = Database(stored_at)
    with database.transaction() as session:
        account = accounts.named(session, ben.name)
        account.era = "restored"
        session.delete(session.get(Task, (account.id, lost["id"])))
    database.close()
    ben.online()
    ben.sees_no("after the backup")
    ben.save("in the backup", Note="as ever")
    ben.is_live()
    expected = {**kept, "note": "as ever", "revision": ANY, "etag": ANY}
    assert ben.tasks() == {"in the backup": expected}


def test_two_tabs_share_one_stream_and_one_copy(ben):
    second = ben.watch(ben.context.new_page())
    second.goto(ben.url)
    second.locator("#status").get_by_text("Live").wait_for()
    ben.add("seen in both tabs")
    expect(second.locator(".task")).to_contain_text("seen in both tabs")
    ben.task("from another device")
    for page in (ben.page, second):
        expect(page.locator(".task").filter(has_text="from another device")).to_be_visible()
    assert len([each for each in ben.asked if each.url.endswith("/events")]) == 1
    ben.page.close()
    ben.task("after the first tab")
    expect(second.locator(".task").filter(has_text="after the first tab")).to_be_visible()
    ben.page = second


def conflict(ben, mine, theirs):
    """Change a task here and elsewhere, without a network here, and open what comes of it."""
    task = ben.task("Cake", note="for June", item="cake")
    ben.sees("Cake")
    ben.offline()
    ben.save("Cake", **mine)
    ben.change(task, **theirs)
    ben.online()
    return waiting(ben)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("Keep mine", ("My cake", "for June")),
        ("Keep theirs", ("Their cake", "for July")),
        ("Keep what is marked", ("My cake", "for July")),
    ],
)
def test_a_conflict_shows_both_versions_and_does_what_is_chosen(ben, choice, expected):
    card = conflict(ben, {"Name": "My cake"}, {"name": "Their cake", "note": "for July"})
    for text in ("My cake", "Their cake", "for June", "for July"):
        expect(card).to_contain_text(text)
    card.get_by_role("button", name=choice).click()
    expect(card).to_have_count(0)
    ben.is_live()
    (task,) = ben.tasks().values()
    assert (task["name"], task["note"]) == expected
    ben.page.get_by_role("link", name="Tasks").click()
    ben.sees(expected[0])


def test_a_task_that_was_deleted_elsewhere_comes_back_with_what_was_typed(ben):
    task = ben.task("Cake")
    ben.sees("Cake")
    ben.offline()
    ben.save("Cake", Note="three eggs")
    ben.api.delete(f"{ben.path}/{task['id']}")
    ben.online()
    card = waiting(ben)
    expect(card).to_contain_text("three eggs")
    card.get_by_role("button", name="Bring it back with mine").click()
    ben.is_live()
    (back,) = ben.tasks().values()
    assert (back["id"], back["note"]) == (task["id"], "three eggs")


def test_a_task_that_was_deleted_elsewhere_may_be_let_go(ben):
    task = ben.task("Cake")
    ben.sees("Cake")
    ben.offline()
    ben.save("Cake", Note="three eggs")
    ben.api.delete(f"{ben.path}/{task['id']}")
    ben.online()
    waiting(ben).get_by_role("button", name="Let it go").click()
    ben.is_live()
    ben.page.get_by_role("link", name="Tasks").click()
    ben.sees_no("Cake")
    assert ben.tasks() == {}


@pytest.mark.parametrize("choice", ["Keep theirs", "Delete it anyway"])
def test_deleting_what_was_changed_elsewhere_asks_first(ben, choice):
    task = ben.task("Cake")
    ben.sees("Cake")
    ben.offline()
    ben.row("Cake").get_by_role("button", name="Delete Cake").click()
    ben.change(task, note="three eggs")
    ben.online()
    card = waiting(ben)
    expect(card).to_contain_text("three eggs")
    card.get_by_role("button", name=choice).click()
    expect(card).to_have_count(0)
    ben.is_live()
    assert [task["note"] for task in ben.tasks().values()] == (
        ["three eggs"] if choice == "Keep theirs" else []
    )


def test_an_editor_that_is_open_while_the_task_changes_says_so_and_loses_nothing(ben):
    task = ben.task("Cake")
    ben.sees("Cake")
    form = ben.edit("Cake", Note="mine")
    ben.change(task, note="theirs")
    expect(form).to_contain_text("changed elsewhere")
    form.get_by_role("button", name="Save").click()
    card = waiting(ben)
    for text in ("mine", "theirs"):
        expect(card).to_contain_text(text)


def test_the_news_does_not_move_the_button_that_is_being_pressed(ben):
    task = ben.task("Cake")
    ben.sees("Cake")
    form = ben.edit("Cake", Note="mine")
    form.get_by_role("button", name="Save").hover()
    ben.page.mouse.down()
    ben.change(task, note="theirs")
    expect(form).to_contain_text("changed elsewhere")
    ben.page.mouse.up()
    expect(waiting(ben)).to_contain_text("mine")


def test_undoing_ones_own_tick_beside_an_open_editor_is_no_conflict(ben):
    ben.add("Cake")
    ben.page.get_by_role("radio", name="All").check(force=True)
    ben.tick("Cake")
    ben.is_live()
    form = ben.edit("Cake", Note="three eggs")
    ben.page.get_by_role("button", name="Undo").click()
    ben.is_live()
    expect(form).not_to_contain_text("changed elsewhere")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    ben.is_live()
    task = ben.tasks()["Cake"]
    assert (task["completed"], task["note"]) == (False, "three eggs")


def test_an_editor_outlives_its_task(ben):
    task = ben.task("Cake")
    ben.sees("Cake")
    form = ben.edit("Cake", Note="still here")
    ben.page.wait_for_timeout(300)
    ben.api.delete(f"{ben.path}/{task['id']}")
    expect(form).to_contain_text("changed elsewhere")
    expect(form.get_by_label("Note")).to_have_value("still here")
    form.get_by_role("button", name="Save").click()
    waiting(ben).get_by_role("button", name="Bring it back with mine").click()
    ben.is_live()
    assert ben.tasks()["Cake"]["note"] == "still here"


# With a server that says no.


def test_a_write_that_is_refused_is_shown_with_the_servers_words_and_mended(ben):
    form = ben.page.get_by_role("form", name="Add a task")
    form.get_by_role("button", name="Details").click()
    form.get_by_label("Due day").fill("1969-07-20")
    form.get_by_label("What is to be done?").fill("Land on the moon")
    form.get_by_role("button", name="Add", exact=True).click()
    card = waiting(ben)
    expect(card).to_contain_text("Must lie in the years 1970 to 9998.")
    card.get_by_label("Due day").fill("2069-07-20")
    card.get_by_role("button", name="Send again").click()
    expect(card).to_have_count(0)
    ben.is_live()
    assert ben.tasks()["Land on the moon"]["due_date"] == "2069-07-20"


def test_a_write_that_is_refused_may_be_dropped_and_holds_up_no_other(ben):
    ben.add("Stay on earth")
    ben.is_live()
    ben.save("Stay on earth", Due_day="1969-07-20")
    ben.add("Go on")
    ben.page.get_by_role("link", name="1 change needs you").wait_for()
    expect(ben.page.locator("#status")).not_to_contain_text("not sent yet")
    assert set(ben.tasks()) == {"Stay on earth", "Go on"}
    waiting(ben).get_by_role("button", name="Drop it").click()
    ben.is_live()
    assert ben.tasks()["Stay on earth"]["due_date"] is None


def test_logging_out_asks_first_while_something_is_unsent(ben):
    ben.offline()
    ben.add("not sent")
    ben.page.get_by_role("link", name="Profile").click()
    ben.page.get_by_role("button", name="Log out", exact=True).click()
    dialog = ben.page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 change was not sent yet")
    dialog.get_by_role("button", name="Stay").click()
    ben.page.get_by_role("link", name="Tasks").click()
    ben.sees("not sent")
    ben.online()
    ben.is_live()
    assert set(ben.tasks()) == {"not sent"}


def test_a_session_that_ended_elsewhere_loses_nothing(ben):
    ben.offline()
    ben.add("typed on the train")
    ben.api.delete(f"/api/v1/accounts/{ben.name}/tokens")
    ben.online()
    expect(ben.page.get_by_role("status").first).to_contain_text("1 change waits")
    ben.page.get_by_label("Password").fill(PASSWORD)
    ben.page.get_by_role("button", name="Log in", exact=True).click()
    ben.sees("typed on the train")
    ben.is_live()
    listed = ben.page.evaluate(
        """async (path) => {
            const {token} = JSON.parse(localStorage.getItem("todo_api:session"));
            const answer = await fetch(path, {headers: {Authorization: `Bearer ${token}`}});
            return (await answer.json()).tasks.map((task) => task.name);
        }""",
        ben.path,
    )
    assert listed == ["typed on the train"]


# Where a browser or a server has less to give.


def test_without_a_stream_the_changes_are_asked_for(sqlite_databases, tmp_path, chromium):
    url = sqlite_databases.migrated()
    with (
        serving(tmp_path / "log", DATABASE_URL=url, EVENT_STREAMS=0) as live,
        person(chromium, live.url, "ben") as ben,
    ):
        ben.open()
        expect(ben.page.locator("#status")).to_contain_text("asking every few seconds")
        ben.task("from elsewhere")
        ben.sees("from elsewhere")
        ben.add("from here")
        expect(ben.page.locator("#status")).not_to_contain_text("not sent")
        assert set(ben.tasks()) == {"from elsewhere", "from here"}


def test_over_plain_http_on_a_lan_all_else_works(server, chromium, name):
    with person(chromium, server.url, name, host=LAN) as ben:
        ben.open()
        assert ben.page.evaluate("[isSecureContext, 'serviceWorker' in navigator]") == [False] * 2
        ben.is_live()
        ben.add("made on the LAN")
        ben.task("from elsewhere")
        ben.sees("from elsewhere")
        ben.offline()
        ben.add("made without a network")
        ben.online()
        ben.is_live()
        assert len(ben.tasks()) == 3
        second = ben.watch(ben.context.new_page())
        second.goto(ben.url)
        expect(second.locator(".task")).to_have_count(3)
        ben.add("in one tab")
        expect(second.locator(".task")).to_have_count(4)
        ben.page.get_by_role("link", name="Profile").click()
        ben.page.get_by_role("textbox", name="Name", exact=True).fill("a script")
        ben.page.get_by_role("button", name="Make a token").click()
        ben.page.get_by_role("button", name="Copy").click()
        expect(ben.page.get_by_text("Press Ctrl+C")).to_be_visible()
        assert ben.complaints == []


def test_without_indexeddb_what_is_unsent_outlives_a_reload_all_the_same(server, chromium, name):
    with person(chromium, server.url, name) as ben:
        ben.context.add_init_script("Object.defineProperty(window, 'indexedDB', {value: null})")
        ben.open()
        ben.ready()
        ben.add("first")
        ben.is_live()
        ben.offline()
        ben.add("second")
        ben.page.reload()
        ben.sees("second")
        ben.online()
        ben.is_live()
        assert set(ben.tasks()) == {"first", "second"}


def test_without_any_storage_the_page_says_so(server, chromium):
    context = chromium.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'indexedDB', {value: null});"
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }});"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server.url)
    page.get_by_role("button", name="New here? Register").click()
    for label in ("Password", "Password again"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_label("Username").fill("ben-without")
    page.get_by_label("E-mail").fill("ben@example.com")
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.locator("#status")).to_contain_text("keeps no local copy")
    page.get_by_label("What is to be done?").fill("in memory")
    page.keyboard.press("Enter")
    expect(page.locator(".task")).to_contain_text("in memory")
    expect(page.locator("#status")).not_to_contain_text("not sent yet")
    context.close()
