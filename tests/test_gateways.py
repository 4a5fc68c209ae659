"""Gateways and proxies in front of the server: they compress, ask for a login, and refuse."""

import re
from contextlib import closing, contextmanager

import httpx
import nginx
import pytest
from conftest import serving
from pages import PATIENCE, account, make_admin, person
from playwright.sync_api import expect
from postgres import free_port
from sites import cannot_run
from support import PASSWORD

from todo_api.client import ApiError, Client, Stale
from todo_api.resources import auth

PROXIED = """
server {{
    listen 127.0.0.1:{port};
    {settings}
    location / {{
        {inside}
        proxy_pass {url};
        proxy_http_version {version};
        proxy_set_header Host {host};
    }}
}}
"""

GATE = """
    location = /gate/check {
        internal;
        if ($cookie_gate != "open") { return 401; }
        return 204;
    }
    location = /gate/login {
        default_type text/html;
        return 200 "<!doctype html><title>Gate</title><h1>Who are you?</h1>";
    }
"""
CLOSED = {
    "redirect": 'if ($cookie_gate != "open") { return 302 /gate/login; }',
    "auth_request": "auth_request /gate/check;",
    "page": 'if ($cookie_gate != "open") { rewrite ^ /gate/login last; }',
}
"""How a gateway tells a client that it wants a login of its own."""

COMPRESSING = "gzip on; gzip_types application/json; gzip_min_length 0;"


@pytest.fixture(scope="module")
def database_of_server(sqlite_databases):
    return sqlite_databases.migrated()


@pytest.fixture(scope="module")
def server(database_of_server, tmp_path_factory):
    log = tmp_path_factory.mktemp("gateways") / "log"
    settings = {"REGISTRATIONS_PER_HOUR": 1000}
    with serving(log, DATABASE_URL=database_of_server, **settings) as live:
        yield live


@contextmanager
def proxied(folder, url, *, beside="", **options):
    """Run nginx in front of the server at `url`, and hand out where it answers."""
    port = free_port()
    usual = {"settings": "", "inside": "", "version": "1.1", "host": "$http_host"}
    http = PROXIED.format(port=port, url=url, **usual | options) + beside
    try:
        nginx.program()
    except nginx.Missing as reason:
        cannot_run(str(reason))
    with nginx.running(folder, http, ports=[port]):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def compressing(server, tmp_path_factory):
    with proxied(tmp_path_factory.mktemp("nginx"), server.url, settings=COMPRESSING) as url:
        yield url


@pytest.fixture
def name(request):
    return f"gate-{abs(hash(request.node.nodeid)) % 10**9}"


def test_the_etag_of_the_body_guards_behind_a_proxy_that_weakens_the_header(compressing, name):
    with closing(account(compressing, name)) as alice:
        path = f"/api/v1/accounts/{name}/tasks"
        alice.post(path, json={"name": "milk"})
        answer = alice.get(path)
        (task,) = answer.json()["tasks"]
        weak = alice.get(f"{path}/{task['id']}").headers["ETag"]
        assert (weak, answer.headers["Content-Encoding"]) == (f"W/{task['etag']}", "gzip")
        sent = {"url": f"{path}/{task['id']}", "json": {"note": "x"}}
        refused = alice.patch(**sent, headers={"If-Match": weak})
        assert (refused.status_code, refused.json()["code"]) == (412, "weak_etag")
        current = refused.json()["current"]
        taken = alice.patch(**sent, headers={"If-Match": current["etag"]})
        assert (taken.status_code, taken.json()["note"]) == (200, "x")
        assert alice.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200
        known = alice.get(path).headers["ETag"]
        assert alice.get(path, headers={"If-None-Match": known}).status_code == 304


def test_a_proxy_that_speaks_http_1_0_and_names_no_host_is_answered(server, name, tmp_path):
    """So do the health checks of load balancers, and nginx where it is told nothing else."""
    with (
        proxied(tmp_path, server.url, version="1.0", host='""') as url,
        closing(account(url, name)) as alice,
    ):
        assert httpx.get(f"{url}/health").status_code == 200
        assert httpx.get(f"{url}/ready").status_code == 200
        path = f"/api/v1/accounts/{name}/tasks"
        assert alice.post(path, json={"name": "milk"}).status_code == 201
        assert [task["name"] for task in alice.get(path).json()["tasks"]] == ["milk"]


def test_the_client_changes_and_deletes_behind_a_proxy_that_compresses(
    compressing, database_of_server, name
):
    account(compressing, name).close()
    make_admin(database_of_server, name)
    with Client(compressing) as client:
        session = client.login(name, PASSWORD)
        profile = client.change_account(session.account, pets=["cat"])
        profile = client.change_account(profile, pets=["dog"])
        task = client.tasks.change(client.tasks.create("milk"), note="one")
        (task,) = client.tasks(overdue=False)
        client.tasks.change(task, note="two")
        with pytest.raises(Stale) as stale:
            client.tasks.delete(task)
        client.tasks.delete(stale.value.theirs)
        price = client.prices.create(name, 1)
        (price,) = client.prices(q=name)
        client.prices.delete(client.prices.change(price, price=2))


def test_the_page_finds_no_conflict_with_itself_behind_a_proxy_that_compresses(
    compressing, chromium, name
):
    with person(chromium, compressing, name) as ben:
        ben.open()
        ben.ready()
        ben.add("milk")
        ben.is_live()
        ben.save("milk", Name="oat milk")
        ben.is_live()
        ben.save("oat milk", Name="soy milk")
        ben.is_live()
        ben.page.reload()
        ben.sees("soy milk")
        ben.tick("soy milk")
        ben.is_live()
        expect(ben.page.locator(".needs")).to_have_count(0)
        assert ben.tasks()["soy milk"]["completed"] is True
        ben.open("profile")
        for zone in ("Europe/Berlin", "Asia/Tokyo"):
            ben.page.get_by_label("Time zone").fill(zone)
            with ben.page.expect_response(re.compile(f"{name}$")) as answer:
                ben.page.get_by_role("button", name="Save", exact=True).click()
            assert answer.value.status == 200
        statuses = [each.response().status for each in ben.methods("/api/v1/accounts/")]
        assert statuses
        assert set(statuses) <= {200, 201}


def test_a_write_that_an_older_page_has_kept_with_a_weak_tag_is_sent(compressing, chromium, name):
    with person(chromium, compressing, name) as ben:
        ben.task("milk")
        ben.open()
        ben.sees("milk")
        ben.ready()
        ben.offline()
        ben.page.evaluate(
            """() => new Promise((done, fail) => {
                indexedDB.databases().then(([{ name }]) => {
                    const opening = indexedDB.open(name);
                    opening.onerror = fail;
                    opening.onsuccess = () => {
                        const step = opening.result.transaction("tasks", "readwrite");
                        const rows = step.objectStore("tasks");
                        rows.openCursor().onsuccess = ({ target: { result } }) => {
                            if (!result) return;
                            result.update({ ...result.value, etag: `W/${result.value.etag}` });
                            result.continue();
                        };
                        step.oncomplete = done;
                    };
                });
            })"""
        )
        ben.page.reload()
        ben.save("milk", Name="oat milk")
        ben.online()
        ben.is_live()
        expect(ben.page.locator(".needs")).to_have_count(0)
        assert list(ben.tasks()) == ["oat milk"]


# Gateways that ask for a login of their own.


@pytest.fixture(scope="module", params=CLOSED)
def gated(request, server, tmp_path_factory):
    """The server behind a gateway that wants a cookie."""
    folder, inside = tmp_path_factory.mktemp("gate"), CLOSED[request.param]
    with proxied(folder, server.url, settings=GATE, inside=inside) as url:
        yield url


def enter(url, context):
    context.add_cookies([{"name": "gate", "value": "open", "url": url}])


def test_the_page_keeps_its_copy_until_the_gateway_has_its_login(gated, server, chromium, name):
    with person(chromium, gated, name, api_url=server.url) as ben:
        enter(gated, ben.context)
        ben.task("from before")
        ben.open()
        ben.sees("from before")
        ben.ready()
        manifest = ben.context.new_cdp_session(ben.page).send("Page.getAppManifest")
        assert '"start_url"' in manifest["data"]
        ben.context.clear_cookies()
        ben.add("unsent")
        status = ben.page.locator("#status")
        expect(status).to_contain_text("gateway in front of the server", timeout=PATIENCE)
        ben.page.reload()
        ben.sees("from before")
        ben.sees("unsent")
        expect(status).to_contain_text("gateway in front of the server", timeout=PATIENCE)
        ben.page.get_by_role("link", name="Log in there").click()
        if "auth_request" not in gated_by(gated):
            expect(ben.page.get_by_role("heading")).to_have_text("Who are you?")
        enter(gated, ben.context)
        ben.page.goto(f"{gated}/?gateway")
        ben.sees("unsent")
        ben.is_live()
        assert ben.page.url == f"{gated}/"
        assert set(ben.tasks()) == {"from before", "unsent"}


def gated_by(url):
    """Return how the gateway at `url` tells what it wants."""
    status = httpx.get(url).status_code
    return {302: "redirect", 401: "auth_request", 200: "page"}[status]


def test_only_the_servers_own_401_ends_a_session(gated, server, chromium, name):
    with person(chromium, gated, name, api_url=server.url) as ben:
        enter(gated, ben.context)
        ben.open()
        ben.is_live()
        token = ben.page.evaluate("localStorage.getItem('todo_api:session')")
        ben.context.clear_cookies()
        ben.page.reload()
        enter(gated, ben.context)
        ben.page.goto(f"{gated}/?gateway")
        ben.is_live()
        assert ben.page.evaluate("localStorage.getItem('todo_api:session')") == token
        ben.api.post("/api/v1/accounts/logout")
        ben.page.reload()
        expect(ben.page.get_by_text("Your session has ended")).to_be_visible(timeout=PATIENCE)


def test_a_visitor_is_told_that_the_gateway_asks_for_a_login(gated, chromium):
    context = chromium.new_context()
    enter(gated, context)
    page = context.new_page()
    page.goto(gated)
    page.get_by_label("Username").fill("ben")
    page.get_by_label("Password").fill(PASSWORD)
    context.clear_cookies()
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("asks for a login", timeout=PATIENCE)
    expect(page.get_by_role("alert").get_by_role("link")).to_have_attribute("href", "/?gateway")
    context.close()


def test_the_login_of_a_gateway_is_never_kept_as_the_page(server, chromium, tmp_path):
    """A gateway may let scripts through, and ask for a login where the page itself would be."""
    inside = 'if ($request_uri = "/") { rewrite ^ /gate/login last; }'
    with proxied(tmp_path / "nginx", server.url, settings=GATE, inside=inside) as url:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{url}/gate/login")
        kept = page.evaluate(
            """async () => {
                const { installing } = await navigator.serviceWorker.register("/sw.js");
                await new Promise((done) => {
                    installing.onstatechange = () =>
                        ["activated", "redundant"].includes(installing.state) && done();
                });
                const names = await caches.keys();
                const caches_ = await Promise.all(names.map((name) => caches.open(name)));
                const answers = await Promise.all(caches_.map((cache) => cache.match("/")));
                return [installing.state, answers.filter(Boolean).length];
            }"""
        )
        assert kept == ["redundant", 0]
        context.close()


def test_the_client_tells_a_gateway_from_the_server(gated, server, name):
    with Client(server.url) as direct:
        direct.register(name, f"{name}@example.com", PASSWORD)
        token = direct.login(name, PASSWORD).token
    with Client(gated, token, username=name) as client:
        for ask in (client.account, lambda: list(client.tasks()), lambda: next(client.events())):
            with pytest.raises(ApiError, match="asks for a login") as error:
                ask()
            assert (type(error.value), error.value.code) == (ApiError, "gateway")


# HTTP Basic, which takes Authorization.


@pytest.fixture(scope="module")
def basic(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("basic")
    # The password is `open`, in a form that nginx reads everywhere.
    (folder / "users").write_text("gate:{PLAIN}open\n")
    settings = f"auth_basic gate; auth_basic_user_file {folder}/users;"
    with proxied(folder / "nginx", server.url, settings=settings) as url:
        yield url


def test_the_page_works_behind_http_basic(basic, server, chromium, name):
    keys = {"username": "gate", "password": "open"}
    with person(chromium, basic, name, api_url=server.url, http_credentials=keys) as ben:
        ben.task("from before")
        ben.open()
        ben.sees("from before")
        ben.add("milk")
        ben.is_live()
        ben.tick("milk")
        ben.is_live()
        assert ben.tasks()["milk"]["completed"] is True


def test_the_client_works_behind_http_basic(basic, name):
    with Client(basic.replace("//", "//gate:open@")) as client:
        client.register(name, f"{name}@example.com", PASSWORD)
        client.login(name, PASSWORD)
        task = client.tasks.create("milk")
        client.tasks.delete(client.tasks.change(task, note="x"))
        assert next(client.events()).account.username == name


def by_hand(client, token, **headers):
    return client.app.test_client().get(client.path, headers={"X-Auth-Token": token, **headers})


def test_a_token_may_come_in_a_header_of_its_own(alice, bob):
    for _ in range(3):  # From the second time on it may come from the response cache.
        assert by_hand(alice, alice.token).json["username"] == "alice"
        assert by_hand(alice, alice.token, Authorization="Basic Z2F0ZTpvcGVu").status_code == 200
    answer = by_hand(alice, alice.token)
    known = {"If-None-Match": answer.headers["ETag"]}
    assert by_hand(alice, alice.token, **known).status_code == 304


def test_where_two_tokens_come_the_one_in_its_own_header_counts(alice, bob):
    own = {"Authorization": f"Bearer {alice.token}"}
    for _ in range(3):
        assert alice.get(alice.path).status_code == 200
        assert by_hand(alice, bob.token, **own).status_code == 403
        assert by_hand(bob, bob.token, **own).json["username"] == "bob"
        for wrong in ("", "nonsense", f"Bearer {alice.token}", f"{alice.token},{alice.token}"):
            refused = by_hand(alice, wrong, **own)
            assert refused.status_code == 401, wrong
            assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_both_headers_name_the_same_caller_to_queues_and_the_cache(alice):
    plain = auth.proof_in({"HTTP_AUTHORIZATION": f"Bearer {alice.token}"})
    assert auth.proof_in({"HTTP_X_AUTH_TOKEN": alice.token}) == plain
    both = {"HTTP_AUTHORIZATION": "Basic Z2F0ZTpvcGVu", "HTTP_X_AUTH_TOKEN": alice.token}
    assert auth.proof_in(both) == plain is not None


def test_pages_of_other_origins_may_send_the_token_in_that_header(nobody):
    asked = {
        "Origin": "https://a.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-auth-token",
    }
    answer = nobody("OPTIONS", "/api/v1/accounts/alice", headers=asked)
    assert "x-auth-token" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_an_echo_does_not_show_the_token(alice):
    told = alice.app.test_client().get("/echo", headers={"X-Auth-Token": alice.token})
    assert alice.token not in told.text


# A proxy that refuses by a page of its own.


@pytest.fixture(scope="module")
def small(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    with proxied(folder, server.url, settings="client_max_body_size 1k;") as url:
        yield url


def test_the_page_says_what_the_proxy_refused(small, database_of_server, chromium, name, tmp_path):
    with person(chromium, small, name) as ben:
        make_admin(database_of_server, name)
        ben.task("milk")
        ben.open()
        form = ben.edit("milk")
        form.get_by_label("Note").fill("x" * 2_000)
        form.get_by_role("button", name="Save").click()
        ben.page.get_by_role("link", name="needs you").click()
        told = "more than the proxy in front of the server lets through"
        expect(ben.page.locator("article")).to_contain_text(told)
        file = tmp_path / "prices.csv"
        file.write_text("name,price\n" + "".join(f"{name} {n},1\n" for n in range(200)))
        ben.open("prices").get_by_text("Prices from a file").click()
        ben.page.get_by_label("CSV file").set_input_files(file)
        expect(ben.page.get_by_text(told)).to_be_visible(timeout=PATIENCE)


def test_the_client_says_what_the_proxy_refused(small, name):
    with Client(small) as client:
        client.register(name, f"{name}@example.com", PASSWORD)
        client.login(name, PASSWORD)
        with pytest.raises(ApiError, match="a proxy in front of the server") as error:
            client.tasks.load(b"name\n" + b"milk\n" * 500, "csv")
        assert (error.value.status, error.value.code) == (413, "gateway")
