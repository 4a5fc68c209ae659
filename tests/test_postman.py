"""The Postman collection: whole, made of the document, and green from top to bottom."""

import json
import re
import subprocess
from pathlib import Path

import httpx
import node_packages
import pytest
from conftest import serving
from document import JSON, OPERATIONS, operation
from support import ON_ONE_DATABASE, Backend

from todo_api import postman
from todo_api.settings import Settings

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "npm_postman"
NEWMAN = "node_modules/newman/bin/newman.js"


def items(collection):
    return [item for folder in collection["item"] for item in folder["item"]]


def variables(collection):
    return {each["key"]: each["value"] for each in collection["variable"]}


def filled(text, values):
    return re.sub(r"\{\{(\w+)\}\}", lambda found: str(values[found[1]]), text)


def item(method, path):
    found, *again = (
        each
        for each in items(postman.collection())
        if each["request"]["method"] == method and each["request"]["url"]["raw"].endswith(path)
    )
    assert all(each == found for each in again)
    return found


def test_every_route_is_in_it_and_no_other(backend):
    collection = postman.collection()
    known = backend.app.url_map.bind("localhost")
    found = set()
    for each in items(collection):
        request = each["request"]
        url = httpx.URL(filled(request["url"]["raw"], variables(collection)))
        route, _ = known.match(url.path, request["method"])
        found.add((route, request["method"].lower()))
    assert found == set(OPERATIONS)


def test_folders_are_the_nouns_of_the_document():
    first, *nouns, last = [folder["name"] for folder in postman.collection()["item"]]
    assert (first, last) == ("opening", "closing")
    tags = {tag for path, verb in OPERATIONS for tag in operation(path, verb)["tags"]}
    assert set(nouns) == tags
    assert len(nouns) == len(tags)


def test_it_is_for_the_server_that_it_came_from(nobody):
    served = nobody.get("/postman.json", headers={"Host": "todo.example:8000"}).json
    assert served == postman.collection("http://todo.example:8000")
    assert variables(served)["baseUrl"] == "http://todo.example:8000"
    assert nobody.get("/postman.json?x=1").status_code == 422


def test_make_writes_it_without_a_server(tmp_path):
    file = tmp_path / "a collection.json"
    command = ["make", "-C", ROOT, "postman", f"COLLECTION='{file}'"]
    subprocess.run(command, check=True, capture_output=True)
    assert json.loads(file.read_text()) == postman.collection()


def test_its_examples_are_those_of_the_document():
    sent = operation("/api/v1/accounts/<username>/tasks", "post")["requestBody"]
    created = item("POST", "/tasks")
    assert json.loads(created["request"]["body"]["raw"]) == sent["content"][JSON]["example"]
    shown = operation("/api/v1/accounts/<username>/tasks", "post")["responses"]["201"]
    (answer,) = created["response"]
    assert (answer["code"], answer["status"]) == (201, "Created")
    assert json.loads(answer["body"]) == shown["content"][JSON]["example"]


def test_what_a_run_made_is_named_by_variables():
    register = json.loads(item("POST", "/api/v1/accounts")["request"]["body"]["raw"])
    assert register["username"] == "{{username}}"
    batch = item("POST", "/tasks/batch")["request"]["body"]["raw"]
    assert '"id": {{taskId}}' in batch
    assert item("GET", "/prices/{{priceName}}")
    assert item("DELETE", "/messages/{{messageId}}")


def run(collection, tmp_path, *options):
    """Run the collection by newman; return its failures, and the status of each request."""
    node_packages.install(FOLDER)
    file, report = tmp_path / "collection.json", tmp_path / "report.json"
    file.write_text(json.dumps(collection))
    reporting = ["--reporters", "json", "--reporter-json-export", report]
    outcome = node_packages.run([NEWMAN, "run", file, *reporting, *options], FOLDER, timeout=300)
    told = json.loads(report.read_text())["run"]
    assert (outcome.returncode == 0) is (told["failures"] == [])
    failures = [(each["source"]["name"], each["error"]["message"]) for each in told["failures"]]
    for each in told["executions"]:
        assert len(each["assertions"]) >= 3, each["item"]["name"]
    return failures, [each["response"]["code"] for each in told["executions"]]


@ON_ONE_DATABASE
@pytest.mark.timeout(600)
def test_it_runs_from_top_to_bottom_for_whoever_registers(live, tmp_path):
    collection = httpx.get(f"{live.url}/postman.json").json()
    failures, codes = run(collection, tmp_path)
    assert failures == []
    assert len(codes) == len(items(collection))
    assert set(codes) == {200, 201, 204, 401, 403, 404}


@ON_ONE_DATABASE
@pytest.mark.timeout(600)
def test_it_runs_again_and_again_for_an_admin_on_an_empty_server(database_url, database, tmp_path):
    token = Backend(Settings(database_url=database_url), database).admin().token
    scraper = "of-the-scraper-alone"
    tokens = ["--env-var", f"adminToken={token}", "--env-var", f"metricsToken={scraper}"]
    settings = {"DATABASE_URL": database_url, "METRICS_TOKEN": scraper}
    with serving(tmp_path / "log", **settings) as live:
        collection = httpx.get(f"{live.url}/postman.json").json()
        failures, codes = run(collection, tmp_path, *tokens, "--iteration-count", "2")
        assert failures == []
        assert len(codes) == 2 * len(items(collection))
        streams = [item("GET", "/events")]
        assert [code for code in codes if code >= 400] == [401] * 2 * len(streams)
        wrong = ["--folder", "message", "--env-var", "adminToken=nonsense"]
        failures, codes = run(collection, tmp_path, *wrong)
        assert {name for name, _ in failures} == {
            "List the messages",
            "See the message",
            "Delete the message",
        }
        assert codes == [401, 401, 401]
