"""What holds for every view of the web page: for all people, on one origin, in few bytes."""

import json

import node_packages
import page_types
import pytest
from conftest import serving
from pages import VIEWS, person, scene

SMALL = 64_000
"""Bytes of the first view, uncompressed."""

SENT = 20_000
"""Bytes of the first view as they are sent, compressed."""


@pytest.fixture(scope="module")
def server(sqlite_databases, tmp_path_factory):
    log = tmp_path_factory.mktemp("page") / "log"
    settings = {"DATABASE_URL": sqlite_databases.migrated()}
    with serving(log, "--with-sample", **settings) as live:
        scene(live.url, settings)
        yield live


@pytest.fixture(scope="module")
def axe():
    node_packages.install(page_types.FOLDER)
    return (page_types.FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module", params=["light", "dark"])
def alice(request, server, chromium):
    options = {"color_scheme": request.param, "reduced_motion": "reduce"}
    options["viewport"] = {"width": 390, "height": 844}
    with person(chromium, server.url, "alice", **options) as alice:
        yield alice
        expected = ("412 (Precondition Failed)",)
        assert [text for text in alice.complaints if not text.count(*expected)] == []
        outside = [each.url for each in alice.asked if not each.url.startswith(server.url)]
        assert [url for url in outside if not url.startswith("blob:")] == []


def axe_finds_nothing(page, axe):
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert len(found["passes"]) > 10
    told = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
    assert told == [], json.dumps(found["violations"], indent=1)[:4000]


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_to_mend(alice, axe, view):
    VIEWS[view](alice)
    axe_finds_nothing(alice.page, axe)


def test_the_offer_of_another_zone_is_for_all_people_on_small_screens_too(server, chromium, axe):
    options = {"viewport": {"width": 320, "height": 640}, "timezone_id": "America/Indiana/Knox"}
    with person(chromium, server.url, "bob", reduced_motion="reduce", **options) as bob:
        bob.open().get_by_role("complementary").wait_for()
        axe_finds_nothing(bob.page, axe)
        assert bob.page.evaluate("document.documentElement.scrollWidth") <= 320
        assert bob.page.evaluate(TOO_SMALL) == []


TOO_SMALL = """() => [...document.querySelectorAll("button, nav a, select, input, summary, label")]
    .filter((each) => each.checkVisibility() && !each.closest(".choice *, .field > label"))
    .map((each) => [each.outerHTML, each.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44 || box.width < 44)
    .map(([html, box]) => `${html} ${box.width} x ${box.height}`)"""


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 2560])
def test_nothing_is_cut_off_and_every_target_is_large_enough(server, chromium, width):
    options = {"viewport": {"width": width, "height": 800}, "has_touch": width < 700}
    with person(chromium, server.url, "alice", **options) as alice:
        for view, visit in VIEWS.items():
            visit(alice)
            assert alice.page.evaluate("document.documentElement.scrollWidth") <= width, view
            assert alice.page.evaluate(TOO_SMALL) == [], view


def loaded(page, url):
    """Open a page in a fresh browser and return the bytes of each file, read and sent."""
    sizes = {}

    def note(request):
        if "/api/" not in request.url:
            read = len(request.response().body())
            sent = request.sizes()["responseBodySize"]
            sizes[request.url.removeprefix(url)] = (read, sent)

    page.on("requestfinished", note)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    return sizes


def test_the_first_view_is_small(server, chromium):
    context = chromium.new_context(service_workers="block")
    sizes = loaded(context.new_page(), server.url)
    assert {"/", "/web/page.css", "/web/app.js", "/web/views/welcome.js"} <= set(sizes)
    read, sent = map(sum, zip(*sizes.values(), strict=True))
    assert read < SMALL, sizes
    assert sent < SENT, sizes
    context.close()


def test_the_page_goes_onto_a_home_screen(server, chromium):
    page = chromium.new_page()
    page.goto(server.url)
    page.evaluate("navigator.serviceWorker.ready")
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    described = json.loads(manifest["data"])
    assert described["display"] == "standalone"
    for icon in described["icons"]:
        answer = page.request.get(server.url + icon["src"])
        assert answer.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert {icon["purpose"] for icon in described["icons"]} == {"any", "maskable"}
    page.close()
