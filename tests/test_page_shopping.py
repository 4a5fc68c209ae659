"""The shopping view: what there is to buy, what it costs, what is in the basket."""

import re

import pytest
from conftest import serving
from pages import account, make_admin, person
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def server(sqlite_databases, tmp_path_factory):
    log = tmp_path_factory.mktemp("page") / "log"
    url = sqlite_databases.migrated()
    with serving(log, "--with-sample", DATABASE_URL=url, REGISTRATIONS_PER_HOUR=1000) as live:
        account(live.url, "boss").close()
        make_admin(url, "boss")
        yield live


@pytest.fixture
def boss(server):
    boss = account(server.url, "boss")
    yield boss
    boss.close()


@pytest.fixture
def cleo(server, chromium, request):
    name = f"cleo-{abs(hash(request.node.nodeid)) % 10**9}"
    with person(chromium, server.url, name, locale="en-GB") as cleo:
        cleo.open("shopping")
        yield cleo
        assert [text for text in cleo.complaints if "ERR_INTERNET" not in text] == []


def buy(cleo, item, quantity=""):
    form = cleo.page.get_by_role("form", name="Add an item")
    form.get_by_label("Item").fill(item)
    form.get_by_label("Quantity").fill(quantity)
    form.get_by_label("Quantity").press("Enter")
    cleo.sees(item)


def total(cleo):
    return cleo.page.locator("output").first


def paid(cleo):
    return cleo.page.locator("output").last


def by_api(cleo):
    return cleo.api.get(f"{cleo.path}/total").json()


def test_an_item_has_its_price_and_the_lines_cost_and_the_total_is_the_servers(cleo):
    expect(cleo.page.get_by_text("Nothing to buy.")).to_be_visible()
    buy(cleo, "apples", "2")
    buy(cleo, "Bread")
    for text in ("2 \N{MULTIPLICATION SIGN} apples", "€1.35 each", "€2.70"):
        expect(cleo.row("apples")).to_contain_text(text)
    expect(cleo.row("Bread")).to_contain_text("€2.51")
    expect(total(cleo)).to_have_text("€5.21")
    cleo.is_live()
    assert by_api(cleo)["totals"] == [{"currency": "EUR", "amount": 5.21}]


def test_what_has_no_price_is_marked_and_counted_apart(cleo):
    buy(cleo, "a unicorn")
    buy(cleo, "apples")
    expect(cleo.row("a unicorn")).to_contain_text("No price")
    expect(cleo.page.get_by_text("1 item has no price and is not in the total.")).to_be_visible()
    expect(total(cleo)).to_have_text("€1.35")


def test_ticking_moves_an_item_into_the_basket_with_what_it_cost(cleo):
    buy(cleo, "water", "6")
    cleo.tick("water")
    basket = cleo.page.get_by_role("list", name="In the basket")
    expect(basket).to_contain_text("€54.78")
    expect(paid(cleo)).to_have_text("€54.78")
    expect(total(cleo)).to_have_text("nothing")
    cleo.is_live()
    assert cleo.tasks()["water"]["paid"] == {"amount": 54.78, "currency": "EUR"}
    basket.get_by_role("checkbox").click()
    expect(cleo.page.get_by_role("list", name="To buy")).to_contain_text("water")
    expect(total(cleo)).to_have_text("€54.78")


def test_the_total_stays_true_when_a_price_changes(cleo, boss):
    boss.post("/api/v1/prices", json={"name": "figs", "price": "3", "currency": "EUR"})
    buy(cleo, "figs", "3")
    buy(cleo, "dates")
    expect(total(cleo)).to_have_text("€9.00")
    boss.patch("/api/v1/prices/figs", json={"price": "3.3333"})
    boss.post("/api/v1/prices", json={"name": "dates", "price": "2.10", "currency": "CHF"})
    expect(total(cleo)).to_have_text("CHF 2.10 + €10.00", timeout=12_000)
    expect(cleo.row("figs")).to_contain_text("€3.3333 each")
    expect(cleo.row("figs")).to_contain_text("€10.00")
    for name in ("figs", "dates"):
        boss.delete(f"/api/v1/prices/{name}")


# Rounded half up, once, at the end, to the currency's own unit: as the server does it.
AMOUNTS = {
    "EUR": [("0.0333", "0.5"), ("0.0333", "0.2"), ("99999999.9999", "1.0001")],
    "JPY": [("0.5", "1"), ("1234.5678", "3")],
    "KWD": [("1.0005", "1"), ("0.3333", "0.0001")],
}


def test_without_a_network_the_sum_is_the_one_that_the_server_makes(cleo, boss):
    for currency, amounts in AMOUNTS.items():
        for number, (price, quantity) in enumerate(amounts):
            name = f"{currency} {number}"
            priced = {"name": name, "price": price, "currency": currency}
            assert boss.post("/api/v1/prices", json=priced).status_code == 201
            cleo.task(name, item=name.upper(), quantity=quantity)
    cleo.page.reload()
    cleo.sees("KWD 1")
    expect(total(cleo)).to_have_text(re.compile("EUR|€"))
    cleo.is_live()
    cleo.page.wait_for_function(
        "navigator.serviceWorker.controller || navigator.serviceWorker.ready"
    )
    online = total(cleo).inner_text()
    cleo.offline()
    cleo.page.reload()
    expect(total(cleo)).to_have_attribute("title", "With the prices that this device knows")
    expect(total(cleo)).to_have_text(online)
    amounts = {each["currency"]: each["amount"] for each in by_api(cleo)["totals"]}
    shown = cleo.page.evaluate(
        """(amounts) => Object.entries(amounts).sort().map(([currency, amount]) =>
            new Intl.NumberFormat("en-GB", {style: "currency", currency}).format(amount)
        ).join(" + ")""",
        amounts,
    )
    assert online == shown
    cleo.tick("EUR 0")
    expect(paid(cleo)).to_have_text("€0.02")
    cleo.online()
    cleo.is_live()
    assert cleo.tasks()["EUR 0"]["paid"] == {"amount": 0.02, "currency": "EUR"}


def test_a_price_list_that_is_too_long_for_a_phone_is_asked_item_by_item(cleo, boss):
    rows = [{"name": f"aa {number:05}", "price": "1"} for number in range(1001)]
    assert boss.post("/api/v1/prices/import", json={"prices": rows}).json()["new"] == 1001
    buy(cleo, "water")
    expect(cleo.row("water")).to_contain_text("€9.13", timeout=12_000)
    expect(total(cleo)).to_have_text("€9.13")
