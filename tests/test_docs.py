"""The interactive docs: Swagger UI from this server alone, in a real browser."""

import httpx
import pytest
from browser import watched
from support import ON_ONE_DATABASE, PASSWORD

from todo_api.resources.docs import FILES
from todo_api.urls import ROUTES

TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


def test_the_page_lets_nothing_in_but_what_this_server_has(nobody):
    for path in ("/docs", "/docs/"):
        answer = nobody.get(path)
        assert answer.status_code == 200
        assert answer.content_type == "text/html; charset=utf-8"
        policy = answer.headers["Content-Security-Policy"]
        directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert directives == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self' data:",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_page_says_what_it_is_and_is_sent_once(nobody, name):
    assert f"/docs/{name}" in nobody.get("/docs").text
    answer = nobody.get(f"/docs/{name}")
    assert answer.status_code == 200
    assert answer.data
    assert answer.content_type == TYPES.get(name[name.rindex(".") :], "image/png")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = nobody.get(f"/docs/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"]
    assert nobody.get(f"/docs/{name}", headers={"If-None-Match": '"other"'}).data == answer.data


def test_files_have_etags_of_their_own(nobody):
    etags = {nobody.get(f"/docs/{name}").headers["ETag"] for name in FILES}
    assert len(etags) == len(FILES)


@pytest.mark.parametrize(
    "name",
    ["nonsense", "index.html", "swagger-ui.js", "..%2Findex.html", "../index.html", "START.JS"],
)
def test_no_other_file_is_there(nobody, name):
    answer = nobody.get(f"/docs/{name}")
    assert answer.status_code == 404
    assert answer.json == {"status": 404, "message": "Invalid endpoint"}


@pytest.fixture
def token(live):
    """The token of an account `alice`, from a login."""
    account = {"username": "alice", "email": "alice@example.com", "password": PASSWORD}
    assert httpx.post(f"{live.url}/api/v1/accounts", json=account).status_code == 201
    del account["email"]
    return httpx.post(f"{live.url}/api/v1/accounts/login", json=account).json()["token"]


def authorize(page, token):
    page.get_by_role("button", name="Authorize").first.click()
    field = page.get_by_label("auth-bearer-value")
    field.fill(token)
    form = page.locator("form").filter(has=field)
    form.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").first.click()


@ON_ONE_DATABASE
def test_an_operation_is_tried_out_with_a_token_and_nothing_is_asked_elsewhere(
    live, chromium, token
):
    with watched(chromium) as seen:
        page = seen.page
        page.goto(f"{live.url}/docs")
        page.locator(".opblock").first.wait_for()
        assert page.locator(".opblock").count() == sum(len(route.names) for route in ROUTES)
        authorize(page, token)
        operation = page.locator("#operations-task-create_task")
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Try it out").click()
        operation.get_by_placeholder("username").fill("alice")
        operation.locator("textarea").fill('{"name": "Milk from the docs"}')
        operation.get_by_role("button", name="Execute").click()
        answer = operation.locator(".live-responses-table tr.response")
        assert answer.locator(".response-col_status").inner_text().strip() == "201"
        assert "Milk from the docs" in answer.inner_text()
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        assert seen.complaints == []
        assert all(url.startswith(f"{live.url}/") for url in seen.asked)
    tasks = f"{live.url}/api/v1/accounts/alice/tasks"
    listed = httpx.get(tasks, headers={"Authorization": f"Bearer {token}"}).json()["tasks"]
    assert [task["name"] for task in listed] == ["Milk from the docs"]


@ON_ONE_DATABASE
def test_a_token_is_forgotten_with_the_page(live, chromium, token):
    with watched(chromium) as seen:
        page = seen.page
        page.goto(f"{live.url}/docs/")
        authorize(page, token)
        page.reload()
        page.get_by_role("button", name="Authorize").first.click()
        assert page.get_by_label("auth-bearer-value").input_value() == ""
        assert seen.complaints == []
