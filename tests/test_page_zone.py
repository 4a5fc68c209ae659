"""The web page and time zones: the account's follows the device, and only when its owner agrees."""

import httpx
import pytest
from conftest import serving
from pages import PATIENCE, person
from playwright.sync_api import expect
from support import PASSWORD

TOKYO, CHATHAM = "Asia/Tokyo", "Pacific/Chatham"


@pytest.fixture(scope="module")
def server(sqlite_databases, tmp_path_factory):
    log = tmp_path_factory.mktemp("page") / "log"
    url = sqlite_databases.migrated()
    with serving(log, DATABASE_URL=url, REGISTRATIONS_PER_HOUR=1000) as live:
        yield live


@pytest.fixture
def someone(server, chromium, request):
    """Log somebody in whose account is in UTC, on a device in another zone."""
    name = f"zone-{abs(hash(request.node.name)) % 10**9}"
    return lambda zone=TOKYO: person(chromium, server.url, name, timezone_id=zone)


def offer(someone):
    return someone.page.get_by_role("complementary", name="Clock of this device")


def zone_of(someone):
    return someone.api.get(f"/api/v1/accounts/{someone.name}").json()["timezone"]


def register(page, name):
    page.get_by_role("button", name="New here? Register").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.locator("h1")).to_have_text(f"Hello, {name}!")


def registered_zone(url, name):
    login = {"username": name, "password": PASSWORD}
    return httpx.post(f"{url}/api/v1/accounts/login", json=login).json()["account"]["timezone"]


def is_settled(page):
    expect(page.locator("#status")).to_have_text("Live", timeout=PATIENCE)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_an_account_is_registered_in_the_zone_of_its_device(server, chromium):
    context = chromium.new_context(timezone_id=TOKYO)
    page = context.new_page()
    page.goto(server.url)
    register(page, "tokyo")
    assert registered_zone(server.url, "tokyo") == TOKYO
    is_settled(page)
    expect(page.get_by_role("complementary")).to_have_count(0)
    context.close()


def test_an_account_is_in_utc_if_the_server_does_not_know_the_zone_and_the_page_says_so(
    server, chromium
):
    context = chromium.new_context()
    context.add_init_script(
        """const { resolvedOptions } = Intl.DateTimeFormat.prototype;
        Intl.DateTimeFormat.prototype.resolvedOptions = function () {
            return { ...resolvedOptions.call(this), timeZone: "Mars/Olympus_Mons" };
        };"""
    )
    page = context.new_page()
    page.goto(server.url)
    register(page, "martian")
    assert registered_zone(server.url, "martian") == "UTC"
    told = page.locator("#toasts")
    expect(told).to_contain_text("does not know the time zone Mars/Olympus_Mons")
    expect(told).to_contain_text("UTC")
    is_settled(page)
    expect(page.get_by_role("complementary")).to_have_count(0)
    context.close()


def test_a_wrong_field_is_named_although_the_zone_is_unknown_too(server, chromium):
    context = chromium.new_context()
    context.add_init_script(
        "Intl.DateTimeFormat.prototype.resolvedOptions = () => ({ timeZone: 'Mars/Olympus' });"
    )
    page = context.new_page()
    page.goto(server.url)
    page.get_by_role("button", name="New here? Register").click()
    page.get_by_label("Username").fill("x")
    page.get_by_label("E-mail").fill("x@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_text("Must be 3 to 64 of A-Z a-z 0-9 . _ -")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text("Some fields are wrong.")
    context.close()


def test_a_device_in_another_zone_is_offered_the_change(someone):
    with someone() as alice:
        alice.task("ring Ann", due_date="2031-06-01T20:00:00Z")
        alice.open()
        alice.sees("ring Ann")
        expect(alice.row("ring Ann")).to_contain_text("8:00")
        expect(offer(alice)).to_contain_text(TOKYO)
        expect(offer(alice)).to_contain_text("UTC")
        offer(alice).get_by_role("button", name=f"Use {TOKYO}").click()
        expect(offer(alice)).to_have_count(0)
        expect(alice.row("ring Ann")).to_contain_text("5:00")
        assert zone_of(alice) == TOKYO
        assert alice.complaints == []


def test_an_offer_that_was_declined_is_not_made_again_but_for_another_zone(someone, chromium):
    with someone() as alice:
        alice.open()
        offer(alice).get_by_role("button", name="Keep UTC").click()
        expect(offer(alice)).to_have_count(0)
        assert alice.page.evaluate("document.activeElement.id") == "main"
        alice.page.reload()
        is_settled(alice.page)
        expect(offer(alice)).to_have_count(0)
        state = alice.context.storage_state()
        for zone, count in ((TOKYO, 0), (CHATHAM, 1)):
            elsewhere = chromium.new_context(storage_state=state, timezone_id=zone)
            alice.page = elsewhere.new_page()
            alice.open()
            is_settled(alice.page)
            expect(offer(alice)).to_have_count(count)
            elsewhere.close()
        assert zone_of(alice) == "UTC"


def test_no_change_is_offered_without_a_network_and_the_offer_comes_back_with_it(someone):
    with someone() as alice:
        alice.open()
        alice.ready()
        expect(offer(alice)).to_be_visible()
        alice.offline()
        expect(offer(alice)).to_have_count(0)
        alice.page.reload()
        expect(alice.page.locator("#status")).to_contain_text("Offline")
        expect(offer(alice)).to_have_count(0)
        alice.online()
        expect(offer(alice)).to_be_visible()


def test_a_change_that_does_not_reach_the_server_stays_on_offer(someone):
    with someone() as alice:
        alice.open()
        alice.page.route(f"**/accounts/{alice.name}", lambda route: route.abort())
        button = offer(alice).get_by_role("button", name=f"Use {TOKYO}")
        button.click()
        expect(alice.page.locator("#toasts")).to_contain_text("There is no network just now.")
        assert zone_of(alice) == "UTC"
        alice.page.unroute(f"**/accounts/{alice.name}")
        button.click()
        expect(offer(alice)).to_have_count(0)
        assert zone_of(alice) == TOKYO


def test_two_names_of_one_zone_are_no_difference(someone):
    with someone("Asia/Calcutta") as alice:
        for zone in ("Asia/Kolkata", "Asia/Calcutta"):
            answer = alice.api.patch(f"/api/v1/accounts/{alice.name}", json={"timezone": zone})
            assert answer.status_code == 200
            alice.open()
            is_settled(alice.page)
            expect(offer(alice)).to_have_count(0)


def test_an_offer_ends_when_the_zone_is_changed_on_another_device(someone):
    with someone() as alice:
        alice.open()
        expect(offer(alice)).to_be_visible()
        alice.api.patch(f"/api/v1/accounts/{alice.name}", json={"timezone": TOKYO})
        expect(offer(alice)).to_have_count(0)


def test_a_zone_that_is_typed_into_the_profile_is_not_questioned_on_that_device(someone):
    with someone("UTC") as alice:
        page = alice.open("profile")
        expect(page.get_by_text("Here since")).to_be_visible()
        page.get_by_label("Time zone").fill(TOKYO)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Profile saved.")).to_be_visible()
        is_settled(page)
        expect(offer(alice)).to_have_count(0)
        assert zone_of(alice) == TOKYO
