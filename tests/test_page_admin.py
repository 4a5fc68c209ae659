"""The views beside the list: prices, profile, tokens, messages."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from conftest import serving
from import_files import calendar
from pages import account, make_admin, person
from playwright.sync_api import expect
from price_names import NAMES, PRICES, encoded
from support import PASSWORD


@pytest.fixture(scope="module")
def server(sqlite_databases, tmp_path_factory):
    log = tmp_path_factory.mktemp("page") / "log"
    url = sqlite_databases.migrated()
    with serving(log, "--with-sample", DATABASE_URL=url, REGISTRATIONS_PER_HOUR=1000) as live:
        account(live.url, "boss").close()
        make_admin(url, "boss")
        yield live


@pytest.fixture
def boss(server, chromium):
    with person(chromium, server.url, "boss", locale="en-GB") as boss:
        yield boss
        assert [text for text in boss.complaints if "422" not in text] == []


@pytest.fixture
def dora(server, chromium, request):
    name = f"dora-{abs(hash(request.node.nodeid)) % 10**9}"
    with person(chromium, server.url, name, locale="en-GB") as dora:
        yield dora
        assert [text for text in dora.complaints if "422" not in text] == []


# Prices.


def price(server, name):
    answer = httpx.get(f"{server.url}{encoded(name)}")
    return answer.json() if answer.status_code == 200 else None


@pytest.mark.parametrize("name", ["oat/milk", "../oat//milk/"])
def test_an_admin_adds_edits_and_deletes_a_price_and_takes_that_back(boss, server, name):
    page = boss.open("prices")
    page.get_by_text("Add a price").click()
    form = page.locator("details[open] form")
    for label, value in {"Name": name, "Price": "1,195", "Unit": "litre"}.items():
        form.get_by_label(label).fill(value)
    form.get_by_role("button", name="Add").click()
    expect(boss.row(name)).to_contain_text("€1.195")
    page.get_by_role("button", name=f"Edit {name}").click()
    editor = page.locator("li form")
    editor.get_by_label("Price").fill("2.05")
    editor.get_by_label("Currency").fill("chf")
    editor.get_by_role("button", name="Save").click()
    expect(boss.row(name)).to_contain_text("CHF 2.05")
    assert price(server, name).items() >= {"price": 2.05, "currency": "CHF"}.items()
    page.get_by_role("button", name=f"Delete {name}").click()
    boss.sees_no(name)
    assert price(server, name) is None
    page.get_by_role("button", name="Undo").click()
    boss.sees(name)
    assert price(server, name)["unit"] == "litre"
    boss.api.delete(encoded(name))


def test_the_page_finds_prices_of_any_name_and_takes_no_other_path_for_one(boss, server):
    for number, name in enumerate(NAMES, 1):
        assert boss.api.post(PRICES, json={"name": name, "price": number}).status_code == 201
    found = boss.open("prices").evaluate(
        """async (names) => {
            const { pricePath } = await import("/web/prices.js");
            const ask = async (name) => (await (await fetch(pricePath(name))).json());
            return Promise.all(names.map(ask));
        }""",
        [*NAMES, ".", ".."],
    )
    assert [price.get("name") for price in found] == [*NAMES, None, None]
    assert [price["code"] for price in found[-2:]] == ["not_found"] * 2
    for name in NAMES:
        boss.api.delete(encoded(name))
    boss.complaints[:] = [text for text in boss.complaints if "404" not in text]


def test_a_price_that_is_refused_keeps_what_was_typed(boss):
    page = boss.open("prices")
    page.get_by_text("Add a price").click()
    form = page.locator("details[open] form")
    form.get_by_label("Name").fill("gold")
    form.get_by_label("Price").fill("1.00005")
    form.get_by_role("button", name="Add").click()
    expect(form.get_by_label("Price")).to_have_accessible_description(re.compile("4 decimals"))
    expect(form.get_by_label("Price")).to_be_focused()
    expect(form.get_by_label("Name")).to_have_value("gold")


def test_a_price_that_somebody_else_has_changed_is_not_overwritten(boss, server):
    boss.api.post("/api/v1/prices", json={"name": "plums", "price": "1"})
    page = boss.open("prices")
    page.get_by_role("button", name="Edit plums").click()
    editor = page.locator("li form")
    editor.get_by_label("Price").fill("2")
    boss.api.patch("/api/v1/prices/plums", json={"price": "3"})
    editor.get_by_role("button", name="Save").click()
    expect(editor.get_by_role("alert")).to_contain_text("Somebody else has changed this price")
    expect(editor.get_by_role("alert")).to_contain_text("to €3.00")
    assert price(server, "plums")["price"] == 3
    editor.get_by_role("button", name="Save").click()
    expect(boss.row("plums")).to_contain_text("€2.00")
    boss.api.delete("/api/v1/prices/plums")
    boss.complaints.clear()


def test_the_price_list_is_searched_by_everybody_and_edited_by_admins_only(dora):
    page = dora.open("prices")
    dora.sees("bananas")
    page.get_by_role("searchbox").fill("APP")
    dora.sees_no("bananas")
    dora.sees("apples")
    page.get_by_role("searchbox").fill("zzz")
    expect(page.get_by_text("No price has “zzz” in its name.")).to_be_visible()
    assert page.get_by_role("button", name=re.compile("Edit|Delete|Add")).count() == 0
    assert page.get_by_role("link", name="Messages").count() == 0


def choose(page, text):
    page.get_by_text("Prices from a file").click()
    file = {"name": "prices.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("CSV file").set_input_files(file)
    return page.locator("details[open]")


def test_prices_come_from_a_file_after_a_look_at_it(boss, server):
    text = '\ufeffname,price,currency,unit\n"nuts, salted",2.50,EUR,"a ""bag"""\nkiwi,0.35,,\n'
    place = choose(boss.open("prices"), text)
    expect(place).to_contain_text("2 rows")
    for cell in ("nuts, salted", 'a "bag"', "kiwi"):
        expect(place.get_by_role("cell", name=cell, exact=True)).to_be_visible()
    place.get_by_role("button", name="Import").click()
    expect(place).to_contain_text("2 new, 0 changed, 0 as they were.")
    boss.sees("nuts, salted")
    assert price(server, "nuts, salted")["unit"] == 'a "bag"'
    for name in ("nuts, salted", "kiwi"):
        boss.api.delete(f"/api/v1/prices/{name}")


@pytest.mark.parametrize(
    "text",
    [
        '\ufeffName;Price;;\r\n;;;\r\n"quince; ripe";0.35;;\r\n;;;\r\n',
        "sep=|\rname|price\rquince; ripe|0.35\r",
        ",,\nprice\tname\n0.35\tquince; ripe\n",
    ],
)
def test_a_file_is_shown_as_the_server_reads_it(boss, server, text):
    place = choose(boss.open("prices"), text)
    expect(place).to_contain_text("1 row;")
    expect(place.get_by_role("cell", name="quince; ripe", exact=True)).to_be_visible()
    place.get_by_role("button", name="Import").click()
    expect(place).to_contain_text("1 new, 0 changed, 0 as they were.")
    assert price(server, "quince; ripe")["price"] == 0.35
    boss.api.delete("/api/v1/prices/quince; ripe")


def test_an_ambiguous_price_is_told_and_the_decimal_mark_chosen(boss, server):
    place = choose(boss.open("prices"), "name;price\nwheel;1.299\n")
    expect(place).to_contain_text("May be 1.299 or 1299: `1.299`. Choose the decimal mark.")
    expect(place.get_by_role("button", name="Import")).to_be_disabled()
    place.get_by_label("Decimal mark").select_option("Comma: 1,35")
    place.get_by_role("button", name="Import").click()
    expect(place).to_contain_text("1 new, 0 changed, 0 as they were.")
    assert price(server, "wheel")["price"] == 1299
    boss.api.delete("/api/v1/prices/wheel")


def test_bad_rows_of_a_file_are_named_and_nothing_is_imported(boss, server):
    place = choose(boss.open("prices"), "name,price\nkiwi,0.35\nfig,much\n,1\n")
    expect(place.get_by_role("listitem")).to_have_count(2)
    expect(place).to_contain_text("line 3")
    expect(place).to_contain_text("line 4")
    expect(place.get_by_role("button", name="Import")).to_be_disabled()
    assert price(server, "kiwi") is None


def test_a_file_that_holds_no_prices_is_refused_before_it_is_sent(boss):
    place = choose(boss.open("prices"), "what,ever\n1,2\n")
    expect(place).to_contain_text("Choose the columns that hold the name and the price.")
    expect(place.get_by_role("button", name="Import")).to_be_disabled()
    assert boss.methods("import") == []


def test_a_file_with_other_columns_is_read_as_the_admin_says(boss, server):
    text = "product;size;amount;code;ean\nmilk;1 l;1,19;chf;123\nmilk;2 l;2,29;CHF;124\n"
    place = choose(boss.open("prices"), text)
    for label, column in {
        "Column of the name": "product",
        "Second part of the name": "size",
        "Column of the price": "amount",
        "Column of the currency": "code",
    }.items():
        place.get_by_label(label).select_option(column)
    expect(place).to_contain_text("Left out: ean.")
    expect(place).to_contain_text("The import will add 2 prices, change 0 and leave 0")
    assert price(server, "milk 1 l") is None
    assert {each.headers["prefer"] for each in boss.methods("import")} == {"dry-run"}
    place.get_by_role("button", name="Import").click()
    expect(place).to_contain_text("2 new, 0 changed, 0 as they were.")
    for name, cost in {"milk 1 l": 1.19, "milk 2 l": 2.29}.items():
        assert price(server, name).items() >= {"price": cost, "currency": "CHF"}.items()
        boss.api.delete(f"/api/v1/prices/{name}")


def test_a_second_file_is_read_as_the_first_one_was(boss, server):
    place = choose(boss.open("prices"), "name,price\nkiwi,1.35\n")
    for name in ("salsify", "scorzonera"):
        file = {"name": "prices.csv", "mimeType": "text/csv"}
        place.get_by_label("CSV file").set_input_files(
            {**file, "buffer": f"name,price\n{name},1.35\n".encode()}
        )
        place.get_by_role("button", name="Import").click()
        expect(place).to_contain_text("1 new, 0 changed, 0 as they were.")
        assert price(server, name)["price"] == 1.35
        boss.api.delete(f"/api/v1/prices/{name}")


def test_a_column_that_no_price_list_has_is_left_out_only_when_an_admin_says_so(boss, server):
    """It may be a currency whose name is misspelt."""
    place = choose(boss.open("prices"), "name,price,currncy\nsalsify,1.35,CHF\n")
    expect(place.get_by_role("listitem")).to_contain_text("currncy: Unknown column.")
    expect(place.get_by_role("button", name="Import")).to_be_disabled()
    place.get_by_label("Leave out the columns that a price list does not have").check()
    expect(place).to_contain_text("Left out: currncy.")
    place.get_by_role("button", name="Import").click()
    expect(place).to_contain_text("1 new, 0 changed, 0 as they were.")
    assert price(server, "salsify")["currency"] == "EUR"
    boss.api.delete("/api/v1/prices/salsify")


@pytest.mark.parametrize(("label", "mark"), [("Semicolon", ";"), ("Tab", "\t")])
def test_another_delimiter_than_the_one_found_is_chosen(boss, server, label, mark):
    place = choose(boss.open("prices"), f"name{mark}price,unit,kind\ntamarind{mark}0.35,,\n")
    expect(place).to_contain_text("Choose the columns")
    place.get_by_label("Delimiter").select_option(label)
    expect(place.get_by_role("cell", name="tamarind", exact=True)).to_be_visible()
    place.get_by_label("Column of the price").select_option("price,unit,kind")
    expect(place.get_by_role("listitem")).to_contain_text("0.35,,")
    file = {"name": "b.csv", "mimeType": "text/csv"}
    content = f"name{mark}price,unit,kind\ntamarind{mark}0.35\n"
    page_file = {**file, "buffer": content.encode()}
    place.get_by_label("CSV file").set_input_files(page_file)
    expect(place).to_contain_text("The import will add 1 price,")
    expect(place.get_by_label("Column of the price")).to_have_value("price,unit,kind")
    place.get_by_role("button", name="Import").click()
    expect(place).to_contain_text("1 new, 0 changed, 0 as they were.")
    assert price(server, "tamarind")["price"] == 0.35
    boss.api.delete("/api/v1/prices/tamarind")


def test_prices_with_too_many_decimals_are_rounded_if_the_admin_says_so(boss, server):
    place = choose(boss.open("prices"), "name,price\nsaffron,1.00005\n")
    expect(place.get_by_role("listitem")).to_contain_text("4 decimals")
    place.get_by_label("Round prices to four decimals").check()
    expect(place).to_contain_text("The import will add 1 price,")
    place.get_by_role("button", name="Import").click()
    expect(place).to_contain_text("1 new, 0 changed, 0 as they were.")
    assert price(server, "saffron")["price"] == 1.0001
    boss.api.delete("/api/v1/prices/saffron")


def test_a_file_that_cannot_be_checked_just_now_can_be_imported_all_the_same(boss, server):
    page = boss.open("prices")
    page.route("**/prices/import", lambda route: route.abort())
    place = choose(page, "name,price\nlychee,0.35\n")
    expect(place).to_contain_text("The server could not check the file just now.")
    page.unroute("**/prices/import")
    place.get_by_role("button", name="Import").click()
    expect(place).to_contain_text("1 new, 0 changed, 0 as they were.")
    boss.api.delete("/api/v1/prices/lychee")
    boss.complaints.clear()


def test_a_large_file_shows_how_far_it_is(boss):
    rows = "\n".join(f"many {number},1" for number in range(2_000))
    place = choose(boss.open("prices"), f"name,price\n{rows}\n")
    boss.page.evaluate(
        "window.seen = []; new MutationObserver(() => window.seen.push("
        "document.querySelector('progress').hidden)).observe("
        "document.querySelector('progress'), {attributes: true})"
    )
    place.get_by_role("button", name="Import").click()
    expect(place).to_contain_text("2000 new, 0 changed, 0 as they were.", timeout=20_000)
    assert False in boss.page.evaluate("window.seen")


# Profile.


def test_the_profile_is_changed(dora):
    page = dora.open("profile")
    # What the server has comes after the form, and would be set between selecting and typing.
    expect(page.get_by_text("Here since")).to_be_visible()
    page.get_by_label("E-mail").fill("dora@example.org")
    page.get_by_label("Time zone").fill("Asia/Tokyo")
    page.get_by_label("Pets", exact=True).fill("cat\nduck\n\nduck\n")
    page.get_by_label("Show my name and pets").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Profile saved.")).to_be_visible()
    profile = dora.api.get(f"/api/v1/accounts/{dora.name}").json()
    assert (
        profile.items()
        >= {
            "email": "dora@example.org",
            "timezone": "Asia/Tokyo",
            "pets": ["cat", "duck", "duck"],
            "listed": True,
        }.items()
    )
    page.get_by_label("Time zone").fill("Mars/Olympus")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Time zone")).to_have_attribute("aria-invalid", "true")


def test_a_profile_that_was_changed_elsewhere_is_not_overwritten(dora):
    page = dora.open("profile")
    expect(page.get_by_text("A login").first).to_be_visible()
    page.get_by_label("Pets", exact=True).fill("mine")
    dora.api.patch(f"/api/v1/accounts/{dora.name}", json={"timezone": "Asia/Tokyo"})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_contain_text("changed elsewhere")
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    assert dora.api.get(f"/api/v1/accounts/{dora.name}").json()["pets"] == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Profile saved.")).to_be_visible()
    profile = dora.api.get(f"/api/v1/accounts/{dora.name}").json()
    assert (profile["pets"], profile["timezone"]) == (["mine"], "Asia/Tokyo")
    dora.complaints.clear()


def test_a_new_password_needs_the_old_one_and_ends_all_other_sessions(dora):
    page = dora.open("profile")
    page.get_by_label("Current password").fill("wrong")
    page.get_by_label("New password").fill("another-good-one")
    page.get_by_role("button", name="Change password").click()
    current = page.get_by_label("Current password")
    expect(current).to_have_accessible_description("This is not your password.")
    other = account(dora.url, dora.name)
    current.fill(PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Password changed.")).to_be_visible()
    assert other.get(dora.path).status_code == 401
    assert dora.api.get(dora.path).status_code == 200
    other.close()


def test_a_token_is_made_shown_once_copied_and_ended(dora):
    dora.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = dora.open("profile")
    page.get_by_role("textbox", name="Name", exact=True).fill("kitchen display")
    page.get_by_label("May").select_option("read")
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    page.get_by_label("Ends on").fill(str(tomorrow.date()))
    page.get_by_role("button", name="Make a token").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    secret = page.evaluate("navigator.clipboard.readText()")
    headers = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(dora.url + dora.path, headers=headers).status_code == 200
    assert httpx.post(dora.url + dora.path, headers=headers, json={}).status_code == 403
    expect(page.get_by_role("list", name="Tokens")).to_contain_text("read only")
    page.get_by_role("button", name="End the token kitchen display").click()
    expect(page.get_by_text("Token ended.")).to_be_visible()
    assert httpx.get(dora.url + dora.path, headers=headers).status_code == 401


def test_logging_out_everywhere_ends_every_session(dora):
    other = account(dora.url, dora.name)
    page = dora.open("profile")
    # What is still asked when the token ends is refused, of which the browser complains.
    dora.is_live()
    expect(page.get_by_text("Here since")).to_be_visible()
    expect(page.get_by_role("list", name="Tokens")).to_contain_text("login")
    page.get_by_role("button", name="Log out everywhere").click()
    expect(page.locator("h1")).to_have_text("Hello, World!")
    assert other.get(dora.path).status_code == 401
    other.close()


@pytest.mark.parametrize("form", ["json", "csv", "ics"])
def test_everything_is_taken_along_in_a_file(dora, form):
    dora.task("Käse, kaufen", note="im Laden")
    page = dora.open("profile")
    with page.expect_download() as download:
        page.get_by_role("button", name=form.upper(), exact=True).click()
    assert download.value.suggested_filename == f"{dora.name}-tasks.{form}"
    text = download.value.path().read_text()
    if form == "json":
        assert json.loads(text)["tasks"][0]["name"] == "Käse, kaufen"
    elif form == "csv":
        assert next(csv.DictReader(io.StringIO(text)))["name"] == "Käse, kaufen"
    else:
        assert "SUMMARY:Käse\\, kaufen" in text


# Messages.


def choose_tasks(page, name, content):
    page.get_by_label("File of tasks").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content.encode()}
    )
    return page.locator("section", has_text="Bring tasks from a file").last


def test_tasks_come_from_a_file_after_a_look_at_it(dora):
    place = choose_tasks(
        dora.open("profile"), "old.csv", "name;due_date;quantity\nTea;2030-05-01;1,299\n"
    )
    expect(place).to_contain_text("Nothing was imported.")
    expect(place).to_contain_text("1,299")
    expect(place.get_by_role("button", name="Import the tasks")).to_be_disabled()
    place.get_by_label("Decimal mark").select_option("Comma: 1,35")
    expect(place).to_contain_text("Nothing is imported yet. The import will add 1 task.")
    assert dora.api.get(dora.path).json()["tasks"] == []
    place.get_by_role("button", name="Import the tasks").click()
    expect(place).to_contain_text("1 task is new.")
    (task,) = dora.api.get(dora.path).json()["tasks"]
    assert (task["name"], task["due_date"], task["quantity"]) == ("Tea", "2030-05-01", 1.299)
    dora.open("tasks")
    dora.sees("Tea")


def test_the_parts_of_a_calendar_that_no_task_has_are_told_before_an_import(dora):
    content = calendar(["SUMMARY:Tea", "PRIORITY:1", "ATTENDEE:mailto:bob@example.com"]).decode()
    place = choose_tasks(dora.open("profile"), "tasks.ICS", content)
    expect(place).to_contain_text("The import will add 1 task.")
    expect(place.get_by_role("listitem").filter(has_text="ATTENDEE")).to_be_visible()
    place.get_by_label("File of tasks").set_input_files(
        {"name": "tasks.doc", "mimeType": "text/plain", "buffer": b"x"}
    )
    expect(place).to_contain_text("has to end in .json, .csv or .ics")


def test_an_admin_reads_and_deletes_messages(boss, server):
    httpx.post(f"{server.url}/users", json={"data": "hi\n<b>there</b>"})
    page = boss.open("messages")
    boss.sees("<b>there</b>")
    page.get_by_role("button", name=re.compile("Delete the message")).click()
    expect(page.get_by_text("No messages.")).to_be_visible()
    assert boss.api.get("/api/v1/messages").json()["messages"] == []
