"""Clients as they were written against each of the five sources, unchanged, over real sockets."""

import json
import re
import threading
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from browser import watched
from conftest import serving
from test_server import exchange

ROOT = Path(__file__).parent.parent


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def live(databases, tmp_path_factory):
    """One server for all clients: each reads what is there, or has an account of its own."""
    log = tmp_path_factory.mktemp("sources") / "log"
    with serving(log, "--with-sample", DATABASE_URL=databases.migrated()) as live:
        yield live


@pytest.fixture
def other_origin(tmp_path):
    """A web server on another port that serves the files of a folder."""
    folder = tmp_path / "pages"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def readme_page(url):
    text = (ROOT / "README.rst").read_text()
    block = re.search(r"code-block:: html\n\n((?:    .*\n|\n)+)", text)[1]
    return re.sub("^    ", "", block, flags=re.MULTILINE).replace("http://127.0.0.1:5000", url)


def test_a_page_of_another_origin_reads_and_writes_users(live, chromium, other_origin):
    folder, origin = other_origin
    (folder / "index.html").write_text(readme_page(live.url))
    page = chromium.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{origin}/index.html")
    page.wait_for_function("document.getElementById('users').textContent")
    page.wait_for_function("document.getElementById('answer').textContent")
    users = json.loads(page.text_content("#users"))
    assert {"username": "user3", "pets": ["duck", "duck", "goose"]} in users
    answer = json.loads(page.text_content("#answer"))
    assert answer == {"status": "success", "message": "received: hi"}
    assert [text for text in complaints if "favicon" not in text and "404" not in text] == []
    page.close()


def test_an_error_can_be_read_from_another_origin(live, chromium, other_origin):
    folder, origin = other_origin
    (folder / "index.html").write_text("<!doctype html><title>x</title>")
    page = chromium.new_page()
    page.goto(f"{origin}/index.html")
    script = """async ([url]) => {
        const answer = await fetch(url + "/api/v1/accounts/alice/tasks/1", {
            method: "PATCH",
            headers: {Authorization: "Bearer nonsense", "If-Match": '"x"',
                      "Content-Type": "application/json"},
            body: "{}",
        });
        return [answer.status, await answer.json(), answer.headers.get("X-Request-ID") !== null];
    }"""
    status, body, has_id = page.evaluate(script, [live.url])
    assert status == body["status"] == 401
    assert has_id
    page.close()


def test_the_front_door_greets_in_a_browser_without_a_complaint(live, chromium):
    with watched(chromium) as seen:
        seen.page.goto(live.url)
        assert seen.page.text_content("h1") == "Hello, World!"
        assert seen.complaints == []
        assert all(url.startswith((live.url, "data:")) for url in seen.asked)


@pytest.mark.parametrize("name", ["apples", "APPLES", "bananas"])
def test_a_phone_client_appends_a_name_to_the_url(live, name):
    with urllib.request.urlopen(f"{live.url}/itemprice?itemname={name}") as answer:
        body = json.loads(answer.read())
    assert body["name"] == name
    assert body["price"] > 0


@pytest.mark.parametrize("name", ["Äpfel", "red%20apples", "食塩", "a%26b"])
def test_a_phone_client_may_append_any_name_raw(live, name):
    raw = f"GET /itemprice?itemname={name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    status, _, body = exchange(live, raw.encode(), end=False)
    expected = urllib.request.unquote(name)
    assert (status, json.loads(body)) == (200, {"name": expected, "price": 0})


def test_the_sum_service_answers_its_client(live):
    def get(path):
        answer = httpx.get(live.url + path)
        return answer.status_code, answer.json()

    assert get("/sum/42/117") == (
        200,
        {"status": 200, "number1": 42.0, "number2": 117.0, "total_sum": 159.0},
    )
    assert get("/sum/4t23/117") == (400, {"status": 400, "message": "Invalid number as addend"})
    assert get("/dum/42/117") == (404, {"status": 404, "message": "Invalid endpoint"})
    assert get("/echo/hello") == (200, {"echo": "hello hello"})
    assert get("/echo/a%20b") == (200, {"echo": "a b a b"})


def test_a_to_do_client_works_with_forms_from_registration_to_logout(live):
    with httpx.Client(base_url=f"{live.url}/api/v1") as client:
        form = {"username": "carol", "email": "carol@example.com"}
        passwords = {"password": "correct-horse", "password2": "correct-horse"}
        assert client.post("/accounts", data=form | passwords).status_code == 201
        login = {"username": "carol", "password": "correct-horse"}
        token = client.post("/accounts/login", data=login).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"

        task = {
            "name": "Käse kaufen",
            "note": "im Laden",
            "due_date": "24/12/2030 18:00:00",
            "completed": "False",
        }
        posted = client.post("/accounts/carol/tasks", data=task)
        assert posted.status_code == 201
        assert posted.json()["msg"] == "posted"
        assert posted.json()["due_date"] == "2030-12-24T18:00:00Z"

        listed = client.get("/accounts/carol/tasks").json()
        assert listed["username"] == "carol"
        (only,) = listed["tasks"]
        path = f"/accounts/carol/tasks/{only['id']}"
        assert client.get(path).json() == only
        assert client.put(path, data={"completed": "True"}).json()["completed"] is True
        assert client.delete(path).status_code == 204
        assert client.get("/accounts/logout").json() == {"msg": "Logged out."}
        assert client.get("/accounts/carol").status_code == 401
