import pytest

from todo_api.resources.home import Listing
from todo_api.urls import Route

LISTING = {
    "info": "GET /api/v1",
    "register": "POST /api/v1/accounts",
    "single profile detail": "GET /api/v1/accounts/<username>",
    "edit profile": "PUT /api/v1/accounts/<username>",
    "delete profile": "DELETE /api/v1/accounts/<username>",
    "login": "POST /api/v1/accounts/login",
    "logout": "GET /api/v1/accounts/logout",
    "user's tasks": "GET /api/v1/accounts/<username>/tasks",
    "create task": "POST /api/v1/accounts/<username>/tasks",
    "task detail": "GET /api/v1/accounts/<username>/tasks/<id>",
    "task update": "PUT /api/v1/accounts/<username>/tasks/<id>",
    "delete task": "DELETE /api/v1/accounts/<username>/tasks/<id>",
}


def test_the_listing_has_the_entries_of_the_source(nobody):
    answer = nobody.get("/api/v1")
    assert answer.status_code == 200
    assert answer.json.items() >= LISTING.items()


def test_the_listing_has_an_entry_for_each_verb_of_each_route(backend, nobody):
    listed = set(nobody.get("/api/v1").json.values())
    assert "PATCH /api/v1/prices/<name>" in listed
    for rule in backend.app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert f"{method} {rule.endpoint}" in listed


@pytest.mark.parametrize("accept", [None, "text/html", "*/*", "text/html,application/json"])
def test_the_front_door_is_a_page_that_greets(nobody, accept):
    answer = nobody.get("/", headers={"Accept": accept} if accept else {})
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert "Hello, World!" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Accept" in answer.headers["Vary"]


def test_the_front_door_is_the_listing_for_who_accepts_json_only(nobody):
    answer = nobody.get("/", headers={"Accept": "application/json"})
    assert answer.content_type == "application/json"
    assert answer.json == nobody.get("/api/v1").json
    assert "Accept" in answer.headers["Vary"]


def test_the_page_is_not_sent_to_who_has_it(nobody):
    first = nobody.get("/")
    again = nobody.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    listing = {"Accept": "application/json", "If-None-Match": first.headers["ETag"]}
    assert nobody.get("/", headers=listing).status_code == 200


def test_html_that_is_not_wanted_at_all_does_not_count(nobody):
    answer = nobody.get("/", headers={"Accept": "application/json, text/html;q=0"})
    assert answer.content_type == "application/json"


def test_a_route_must_name_each_verb_of_its_resource():
    for names in ({}, {"get": "info", "post": "no such verb"}):
        with pytest.raises(TypeError, match="must name each verb of Listing"):
            Route("/x", Listing, names)
