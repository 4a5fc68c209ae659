"""Each error says by a code, which stays the same, what it is."""

import ast
import io
import json
import re
from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from support import PASSWORD, WITHOUT_CODE

from todo_api import errors, openapi
from todo_api.errors import Code
from todo_api.resources.problems import STATUS
from todo_api.resources.refusal import stopping

ROOT = Path(__file__).parent.parent
JSON, FORM, CSV = "application/json", "application/x-www-form-urlencoded", "text/csv"


def test_codes_are_snake_case_and_declared_in_the_order_of_their_statuses():
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", code.value) for code in Code)
    statuses = [code.status for code in Code]
    assert statuses == sorted(statuses)
    assert all(code.meaning.endswith(".") and code.meaning[0].isupper() for code in Code)


def test_the_table_in_the_docs_is_what_is_declared():
    tree = publish_doctree((ROOT / "docs" / "errors.rst").read_text())
    rows = [
        tuple(cell.astext().replace("\n", " ") for cell in row.findall(nodes.entry))
        for row in tree.findall(nodes.row)
    ]
    expected = [("Code", "Status", "Meaning")]
    expected += [(code.value, str(code.status), code.meaning.replace("`", "")) for code in Code]
    assert rows == expected, "\n".join(f"``{c.value}`` {c.status} {c.meaning}" for c in Code)


def test_the_openapi_document_has_each_code_in_its_enum_and_at_its_status():
    """A method that is not allowed is no operation of the document."""
    components = openapi.document()["components"]
    told = components["schemas"]["Error"]["properties"]["code"]
    assert told["enum"] == [code.value for code in Code]
    for code in {*Code} - {Code.METHOD_NOT_ALLOWED}:
        description = next(
            response["description"]
            for response in components["responses"].values()
            if response["content"][JSON]["example"]["status"] == code.status
        )
        assert f"`{code.value}`: {code.meaning}" in description


def classes():
    """Return the classes of problems by their name."""
    found, left = {}, [errors.Problem]
    while left:
        kind = left.pop()
        found[kind.__name__] = kind
        left += kind.__subclasses__()
    return found


def status_of(kind):
    return next(STATUS[base] for base in kind.__mro__ if base in STATUS)


def uses():
    """Yield the class and the code of each problem that is made with a code of its own."""
    known = classes()
    for file in (ROOT / "todo_api").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                for keyword in node.keywords:
                    if keyword.arg == "code" and name in known:
                        yield known[name], keyword.value


def test_a_problem_has_the_status_of_its_code():
    for kind in classes().values():
        if kind.code is not None:
            assert kind.code.status == status_of(kind), kind
    told = [(kind, value.attr) for kind, value in uses() if isinstance(value, ast.Attribute)]
    assert len(told) > 10
    for kind, name in told:
        assert Code[name].status == status_of(kind), (kind, name)


def send(client, method, path, body=None, media=JSON, **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        sent["Content-Type"] = media
    return client(method, path, headers=sent, data=body)


def task_body(**fields):
    return json.dumps({"name": "x", **fields}).encode()


PROFILE = "/api/v1/accounts/alice"
TASKS = f"{PROFILE}/tasks"
LOGIN = json.dumps({"username": "alice", "password": "wrong"}).encode()
NEW_PASSWORD = json.dumps({"password": "correct-horse", "current_password": "wrong"}).encode()
REGISTRATION = json.dumps(
    {"username": "alice", "email": "a@example.com", "password": PASSWORD}
).encode()
TAG = '"x"'

ERRORS = [
    ("malformed_header", "alice", "POST", TASKS, task_body(), JSON, {"Idempotency_Key": "a b"}),
    ("malformed_header", "alice", "PUT", f"{TASKS}/2", b"{}", JSON, {"If_Match": "x"}),
    ("malformed_header", "nobody", "GET", "/users", None, None, {"Host": "a,b"}),
    ("malformed_json", "alice", "POST", TASKS, b"{", JSON, {}),
    ("malformed_json", "alice", "POST", f"{PROFILE}/import", b"{", JSON, {}),
    ("malformed_form", "alice", "POST", TASKS, b"name=%", FORM, {}),
    ("malformed_form", "nobody", "GET", "/itemprice?itemname=%", None, None, {}),
    ("malformed_file", "alice", "POST", f"{PROFILE}/import", b"\xff\xfen\0", CSV, {}),
    ("token_missing", "nobody", "GET", TASKS, None, None, {}),
    ("token_malformed", "nobody", "GET", TASKS, None, None, {"Authorization": "Basic x"}),
    ("token_unknown", "nobody", "GET", TASKS, None, None, {"Authorization": "Bearer x"}),
    ("token_expired", "expired", "GET", TASKS, None, None, {}),
    ("token_expired", "expired", "POST", TASKS, task_body(), JSON, {}),
    ("wrong_credentials", "nobody", "POST", "/api/v1/accounts/login", LOGIN, JSON, {}),
    ("not_owner", "bob", "GET", TASKS, None, None, {}),
    ("not_owner", "admin", "GET", TASKS, None, None, {}),
    ("not_owner", "bob", "DELETE", PROFILE, None, None, {}),
    ("admin_required", "alice", "GET", "/api/v1/messages", None, None, {}),
    ("admin_required", "alice", "DELETE", "/api/v1/prices/x", None, None, {}),
    ("read_only_token", "reader", "POST", TASKS, task_body(), JSON, {}),
    ("login_required", "hand-made", "GET", f"{PROFILE}/tokens", None, None, {}),
    ("login_required", "hand-made", "PATCH", PROFILE, b'{"email": "b@c.de"}', JSON, {}),
    ("not_found", "alice", "GET", f"{TASKS}/9", None, None, {}),
    ("not_found", "nobody", "GET", "/api/v1/prices/x", None, None, {}),
    ("method_not_allowed", "nobody", "DELETE", "/users", None, None, {}),
    ("name_taken", "nobody", "POST", "/api/v1/accounts", REGISTRATION, JSON, {}),
    ("revision_conflict", "alice", "PUT", f"{TASKS}/2", b"{}", JSON, {"If_Match": TAG}),
    ("already_exists", "alice", "PUT", f"{TASKS}/2", b"{}", JSON, {"If_None_Match": "*"}),
    ("body_too_large", "alice", "POST", TASKS, b" " * (2**20 + 1), JSON, {}),
    ("unsupported_media_type", "alice", "POST", TASKS, b"x", "text/plain", {}),
    ("unsupported_media_type", "alice", "POST", TASKS, b'{"name": "x"}', FORM, {}),
    ("unsupported_content_encoding", "alice", "POST", TASKS, b"x", JSON, {"Content_Encoding": "x"}),
    ("validation_failed", "alice", "POST", TASKS, b'{"id": 7}', JSON, {}),
    ("validation_failed", "alice", "GET", f"{TASKS}?limit=0", None, None, {}),
    ("validation_failed", "alice", "POST", f"{PROFILE}/import", b"nam\nx", CSV, {}),
    ("wrong_password", "alice", "PATCH", PROFILE, NEW_PASSWORD, JSON, {}),
    ("headers_too_large", "nobody", "GET", "/users", None, None, {"Accept": "x" * 9_000}),
]


@pytest.fixture
def clients(backend):
    alice = backend.register("alice")
    alice.task()
    by_hand = backend.someone("alice", origin="made")
    reader = backend.someone("alice", scope="read")
    # A new token makes the server forget those of the account that have expired.
    expired = backend.someone("alice", days=0)
    return {
        "nobody": backend.nobody,
        "alice": alice,
        "bob": backend.someone("bob"),
        "admin": backend.admin(),
        "expired": expired,
        "reader": reader,
        "hand-made": by_hand,
    }


def test_what_is_wrong_is_said_by_its_code(clients):
    for code, who, method, path, body, media, headers in ERRORS:
        answer = send(clients[who], method, path, body, media, **headers)
        assert answer.json["code"] == code, (code, method, path, answer.json)
        assert answer.status_code == answer.json["status"] == Code(code).status


def test_a_closed_registration_says_so(backend):
    closed = backend.with_settings(registration="closed").nobody
    answer = send(closed, "POST", "/api/v1/accounts", REGISTRATION)
    assert (answer.status_code, answer.json["code"]) == (403, "registration_closed")


def test_a_limit_says_that_it_is_one(backend):
    hasty = backend.with_settings(registrations_per_hour=1).nobody
    answers = [send(hasty, "POST", "/api/v1/accounts", REGISTRATION) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 429]
    assert answers[1].json["code"] == "too_many_requests"


def test_a_key_that_was_used_for_another_request_says_so(alice):
    keyed = {"Idempotency_Key": "k"}
    assert send(alice, "POST", alice.tasks, task_body(), **keyed).status_code == 201
    answer = send(alice, "POST", alice.tasks, task_body(name="y"), **keyed)
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")


def test_a_body_that_is_cut_off_says_so(alice):
    short = {"CONTENT_LENGTH": "99"}
    answer = alice(
        "POST",
        alice.tasks,
        content_type=JSON,
        input_stream=io.BytesIO(b'{"name": "x"}'),
        environ_overrides=short,
    )
    assert (answer.status_code, answer.json["code"]) == (400, "incomplete_body")


def test_an_error_within_a_batch_has_its_code_and_its_index(alice):
    alice.task()
    good = {"method": "POST", "body": {"name": "x"}}
    for code, wrong in {
        "not_found": {"method": "DELETE", "id": 999},
        "revision_conflict": {"method": "PUT", "id": 2, "if_match": TAG, "body": {}},
        "validation_failed": {"method": "POST", "body": {"name": ""}},
    }.items():
        answer = alice.post(f"{alice.tasks}/batch", json={"operations": [good, wrong]})
        assert (answer.json["code"], answer.json["index"]) == (code, 1), answer.json
        assert answer.status_code == Code(code).status


def test_a_403_says_what_is_needed_and_not_whether_the_account_is_there(backend):
    alice, bob = backend.someone("alice"), backend.someone("bob")
    admin = backend.admin()
    sentences = {
        "": "Only the owner of this account or an administrator may do this.",
        "/tasks": "Only the owner of this account may do this.",
        "/tokens": "Only the owner of this account may do this.",
    }
    for path, sentence in sentences.items():
        answers = [bob.get(f"/api/v1/accounts/{name}{path}") for name in ("alice", "missing")]
        assert answers[0].json["message"] == sentence
        assert answers[0].data == answers[1].data
        assert {answer.status_code for answer in answers} == {403}
    told = [admin.get(f"/api/v1/accounts/{name}/tasks") for name in ("alice", "missing")]
    assert told[0].status_code == 403
    assert told[0].data == told[1].data
    assert alice.get("/api/v1/messages").json["message"] == "Only an administrator may do this."
    reader = backend.someone("alice", scope="read")
    assert "a token with the scope write" in reader.post(alice.tasks, json={}).json["message"]


def test_what_a_source_has_fixed_has_two_keys(nobody):
    answers = [nobody.get("/dum/42/117"), nobody.get("/sum/4t23/117"), nobody.get("/metrics")]
    assert [answer.json for answer in answers] == [*WITHOUT_CODE, WITHOUT_CODE[0]]


def test_a_server_that_stops_says_so():
    told = []
    body = b"".join(stopping({"REQUEST_METHOD": "GET"}, lambda *head: told.append(head)))
    assert json.loads(body)["code"] == "stopping"
    assert told[0][0] == "503 SERVICE UNAVAILABLE"
