"""What a client of a deployed server sees: the proxies of deploy/ in front of two nodes."""

import itertools
import json
import re
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial

import httpx
import pytest
from faults.rig import Server
from pages import make_admin
from price_names import NAMES, PASSED_ON, encoded, must_lead_to_prices
from sites import DEPLOY, DOMAIN, FEW, behind_caddy, behind_nginx, nodes

from todo_api.errors import Code
from todo_api.resources.event import BEAT

MIB = 1024 * 1024
ITEM = "/itemprice?itemname=apples"
APPLES = {"name": "apples", "price": 1.35}
HALF_SENT = 1_000


@pytest.fixture(scope="module")
def nginx_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    url = f"sqlite:///{folder}/todo.db"
    with nodes(folder, DATABASE_URL=url) as both, behind_nginx(folder, both) as site:
        yield site


@pytest.fixture(scope="module")
def caddy_site(tmp_path_factory, postgres_databases):
    folder, url = tmp_path_factory.mktemp("caddy"), postgres_databases.migrated()
    with nodes(folder, DATABASE_URL=url) as both, behind_caddy(folder, both) as site:
        yield site


@pytest.fixture(params=["nginx", "caddy"])
def site(request):
    return request.getfixturevalue(f"{request.param}_site")


@pytest.fixture
def client(site):
    with site.client() as client:
        yield client


def must_be_refused(answer, status):
    """A proxy's own refusal looks like the application's, and can be read from any page."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["status"] == status
    assert list(answer.json()) == ["status", "message", "code"]
    assert answer.json()["code"] == Code.of_status(status)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert re.fullmatch("[0-9a-f-]{32,36}", answer.headers["X-Request-ID"])


@pytest.mark.parametrize("http2", [True, False])
def test_it_answers_by_https(site, http2):
    with site.client(http2=http2) as client:
        answer = client.get(ITEM)
    assert (answer.status_code, answer.json()) == (200, APPLES)
    assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")


def test_a_browser_is_told_to_stay_with_https(client):
    assert client.get("/health").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_plain_http_leads_to_https_with_the_same_method(site):
    answer = httpx.post(f"http://{DOMAIN}:{site.http_port}{ITEM}")
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://{DOMAIN}{ITEM}"


def test_certbot_proves_at_plain_http_whose_the_domain_is(nginx_site):
    path = nginx_site.folder / ".well-known" / "acme-challenge" / "token"
    path.parent.mkdir(parents=True)
    path.write_text("proof")
    answer = httpx.get(f"http://{DOMAIN}:{nginx_site.http_port}/.well-known/acme-challenge/token")
    assert (answer.status_code, answer.text) == (200, "proof")


FORGED = ("X-Forwarded-For", "X_Forwarded_For", "X_FORWARDED_FOR", "Forwarded")


@pytest.mark.parametrize("header", FORGED)
@pytest.mark.parametrize("http2", [True, False])
def test_the_log_tells_where_a_request_came_from_whatever_it_says_itself(site, header, http2):
    with site.client("127.0.0.7", http2=http2) as client:
        answer = client.get("/health", headers={header: "192.0.2.1"})
    (line,) = site.seen(answer.headers["X-Request-ID"])
    assert line["address"] == "127.0.0.7"


def test_an_address_is_limited_whatever_it_says_itself(site):
    def leave(client, number):
        forged = {"X-Forwarded-For": f"192.0.2.{number}", "X_Forwarded_For": f"192.0.2.{number}"}
        return client.post("/users", json={"data": "hi"}, headers=forged).status_code

    with site.client("127.0.0.8") as client:
        assert [leave(client, number) for number in range(FEW + 2)] == [201] * FEW + [429] * 2
    with site.client("127.0.0.9") as client:
        assert leave(client, 1) == 201


def test_what_is_in_a_path_arrives_as_it_was_sent(client):
    for sent, text in {"a%2Fb": "a/b", "%2Fa": "/a", "a//b": "a//b", "%25": "%"}.items():
        assert client.get(f"/echo/{sent}").json() == {"echo": f"{text} {text}"}


@pytest.mark.parametrize(("names", "path_of"), [(NAMES, None), (PASSED_ON, encoded)])
def test_a_price_of_any_name_is_found_at_its_location(site, names, path_of):
    keeper = "keeper" if path_of else "boss"
    token, _ = site.account(keeper)
    make_admin(site.nodes[0].settings["DATABASE_URL"], keeper)
    with site.client(token=token) as admin:

        def send(method, path, body):
            answer = admin.request(method, path, json=body)
            return answer.status_code, answer.json() if answer.content else None, answer.headers

        must_lead_to_prices(send, path_of, names)


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_an_import_as_large_as_they_may_be_passes_and_a_larger_one_does_not(
    site, version, tmp_path
):
    token, path = site.account(f"importer-{version}")
    most = json.dumps({"tasks": [{"name": "milk"}]}).encode().ljust(64 * MIB)

    def send(to, body):
        """Send a body with curl: httpx looks at no answer over HTTP/2 before all is sent."""
        (tmp_path / "body").write_bytes(body)
        url = f"https://{DOMAIN}:{site.https_port}{path}/{to}"
        told = ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"]
        command = ["curl", "-si", f"--http{version}", "--cacert", site.authority, *told]
        command += ["--data-binary", f"@{tmp_path}/body", url]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        head, _, received = answer.stdout.rpartition("\n\n")
        status, *lines = head.rpartition("HTTP/")[2].splitlines()
        assert status.startswith(f"{version} ")
        headers = [line.split(": ", 1) for line in lines]
        return httpx.Response(int(status.split()[1]), headers=headers, text=received)

    assert send("import", most).json() == {"imported": 1, "skipped": []}
    must_be_refused(send("import", most + b" "), 413)
    must_be_refused(send("tasks", most[: MIB + 1]), 413)
    with site.client(token=token) as client:
        assert len(client.get(f"{path}/tasks").json()["tasks"]) == 1


def connected(site, context):
    """Return a connection for HTTP/1.1."""
    plain = socket.create_connection(("127.0.0.1", site.https_port), timeout=10)
    return context.wrap_socket(plain, server_hostname=DOMAIN)


HALF = (
    b"POST /api/v1/accounts/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{"
)


@contextmanager
def half_sent(site, count):
    """Keep connections open that end in the middle of a body."""
    context = site.context
    with ExitStack() as opened:
        connections = [opened.enter_context(connected(site, context)) for _ in range(count)]
        for each in connections:
            each.sendall(HALF)
            each.setblocking(False)
        yield connections


def waits(connection):
    """Return whether nothing has come yet but what TLS itself says."""
    try:
        connection.recv(1)
    except ssl.SSLWantReadError:
        return True
    return False


def test_a_thousand_half_sent_bodies_keep_nobody_waiting(site):
    token, path = site.account("patient")
    with half_sent(site, HALF_SENT) as halves, site.client(token=token) as client:
        for number in range(20):
            begun = time.monotonic()
            made = client.post(f"{path}/tasks", json={"name": f"task {number}"})
            assert made.status_code == 201, made.text
            assert client.get(ITEM).json() == APPLES
            assert time.monotonic() - begun < 1
        # A node would have refused most of them.
        assert all(map(waits, halves))


def data(lines):
    return json.loads(
        next(line for line in lines if line.startswith("data: ")).removeprefix("data: ")
    )


@contextmanager
def following(site, username):
    """Hand out what an event stream says, line by line, and how to make something happen."""
    token, path = site.account(username)
    with (
        site.client(token=token) as client,
        site.client(token=token) as writer,
        client.stream("GET", f"{path}/events") as stream,
    ):
        lines = stream.iter_lines()
        assert data(lines)["changes"] == []
        yield lines, lambda name: writer.post(f"{path}/tasks", json={"name": name})


def test_an_event_comes_through_at_once(site):
    with following(site, "follower") as (lines, create):
        for name in ("milk", "bread"):
            begun = time.monotonic()
            create(name)
            assert data(lines)["changes"][0]["name"] == name
            assert time.monotonic() - begun < 2


def test_a_stream_outlives_silence(nginx_site, caddy_site):
    with following(nginx_site, "one") as (one, _), following(caddy_site, "other") as (other, _):
        begun = time.monotonic()
        for lines in (one, other):
            assert next(line for line in lines if line.startswith(":")) == ":"
        assert BEAT - 2 < time.monotonic() - begun < BEAT + 5


def test_nginx_waits_longer_than_a_stream_is_silent():
    text = (DEPLOY / "nginx" / "todo-api.conf").read_text()
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", text)
    assert int(seconds) > 2 * BEAT


def test_json_is_compressed_and_the_etag_of_the_body_guards_a_change(site):
    token, path = site.account("squeezed")
    with site.client(token=token) as client:
        made = client.post(f"{path}/tasks", json={"name": "milk", "note": "x" * 1_000}).json()
        one = f"{path}/tasks/{made['id']}"
        answer = client.get(one)
        assert answer.headers["Content-Encoding"] in ("gzip", "zstd")
        assert "Accept-Encoding" in answer.headers["Vary"]
        shown, altered = answer.json(), answer.headers["ETag"]
        assert altered != shown["etag"]
        refused = client.patch(one, json={"note": None}, headers={"If-Match": altered})
        assert (refused.status_code, refused.json()["code"]) == (412, "weak_etag")
        assert refused.json()["current"] == shown
        changed = client.patch(one, json={"note": None}, headers={"If-Match": shown["etag"]})
        assert changed.status_code == 200
        assert client.get(one, headers={"If-None-Match": altered}).status_code == 200
    with site.client(token=token) as client:
        client.headers["Accept-Encoding"] = "identity"
        plain = client.get(one)
        assert plain.headers["ETag"] == plain.json()["etag"] == changed.json()["etag"]


BROKEN = {
    "a path": b"GET /echo/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a request line": b"GET\r\n\r\n",
    "a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + 40_000 * b"x" + b"\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_no_request_is_no_page_of_html(site, broken):
    with connected(site, site.context) as connection:
        connection.sendall(BROKEN[broken])
        answer = b"".join(iter(partial(connection.recv, 65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1\.1 4(00|31) ", head)
    assert b"text/html" not in head
    assert b"<" not in body


def test_requests_go_on_when_a_node_is_killed_and_when_all_are(site):
    token, path = site.account("survivor")
    dead, other = site.nodes
    with site.client(token=token) as client:
        dead.kill()
        # A proxy that has not heard yet of the end of a connection may still use it.
        time.sleep(0.5)
        for number in range(30):
            made = client.post(f"{path}/tasks", json={"name": f"task {number}"})
            assert made.status_code == 201, made.text
            assert client.get(ITEM).status_code == 200
        other.kill()
        refused = client.get(ITEM)
        must_be_refused(refused, 503)
        assert refused.headers["Retry-After"] == "1"
        dead.start()
        assert client.get(ITEM).status_code == 200
        other.start()
        assert len(client.get(f"{path}/tasks").json()["tasks"]) == 30


def names(client, page):
    """Return the names of all tasks, over all pages."""
    while page:
        answer = client.get(page).json()
        yield from (task["name"] for task in answer["tasks"])
        page = answer["next"]


def test_nothing_is_lost_or_done_twice_while_nodes_are_restarted_and_killed(site):
    token, path = site.account("patron")
    done, written, refusals = threading.Event(), [], []

    def is_written(client, name):
        headers = {"Idempotency-Key": name}
        try:
            answer = client.post(f"{path}/tasks", json={"name": name}, headers=headers)
        except httpx.TransportError:
            # A kill cuts off the answer that is on its way.
            return False
        if answer.status_code != 201:
            refusals.append((answer.status_code, answer.headers.get("Retry-After")))
        return answer.status_code == 201

    def write(writer):
        with site.client(token=token, http2=writer % 2 == 0) as client:
            for number in itertools.count():
                name = f"{writer}-{number}"
                while not is_written(client, name):
                    time.sleep(0.05)
                written.append(name)
                if done.is_set():
                    return

    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(write, writer) for writer in range(4)]
        try:
            for node, end in zip(site.nodes, (Server.stop, Server.kill), strict=True):
                end(node)
                node.start()
        finally:
            done.set()
        for writer in writers:
            writer.result()
    assert {status for status, _ in refusals} <= {503}
    assert all(later and later.isdigit() for _, later in refusals)
    with site.client(token=token) as client:
        listed = sorted(names(client, f"{path}/tasks?limit=200"))
    assert len(written) > 20
    assert listed == sorted(written)
