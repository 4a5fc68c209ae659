"""The document's examples and links, followed against the application."""

import pytest
from document import BY_ID, JSON, OPERATIONS, example_of, fit, operation, resolved, success
from support import PASSWORD, Client

REGISTER = ("/api/v1/accounts", "post")
ENDING = ("delete_profile", "log_out_everywhere")


def prepared(backend, path, verb):
    """Return a client for whom everything is there that the examples name."""
    if (path, verb) == REGISTER:
        return backend.nobody
    if path == "/metrics":
        token = "of-the-scraper-alone"
        return Client(backend.with_settings(metrics_token=token).app, token)
    if (path, verb) == ("/api/v1/prices", "post"):
        return backend.admin()
    backend.price("apples", 13500)
    for _ in range(2):
        assert backend.nobody.post("/users", json={"data": "hi"}).status_code == 201
    if "/prices" in path or "/messages" in path:
        return backend.admin()
    if path.endswith("/login"):
        backend.register("alice", PASSWORD)
    alice = backend.someone("alice")
    assert [alice.task().json["id"] for _ in range(2)] == [2, 3]
    backend.token_of_id(2, "alice")
    return alice


def parameters(path, verb, *places):
    told = operation(path, verb)["parameters"]
    return {each["name"]: example_of(each) for each in told if each["in"] in places}


def body(path, verb):
    sent = operation(path, verb).get("requestBody")
    return sent and sent["content"][JSON]["example"]


def send(client, path, verb, values, sent, **headers):
    names = parameters(path, verb, "query")
    query = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in values.items()
        if name in names
    }
    for name, value in values.items():
        path = path.replace(f"<{name}>", str(value))
    return client(verb.upper(), path, query_string=query, headers=headers, json=sent)


@pytest.mark.parametrize(("path", "verb"), OPERATIONS)
def test_the_example_of_a_request_is_answered_as_it_says(backend, path, verb):
    client = prepared(backend, path, verb)
    keys = {} if verb != "post" else parameters(path, verb, "header")
    values = parameters(path, verb, "path", "query")
    answer = send(client, path, verb, values, body(path, verb), **keys)
    assert str(answer.status_code) == next(iter(operation(path, verb)["responses"])), answer.json
    told = success(path, verb)
    if answer.status_code != 204:
        assert answer.mimetype in told["content"]
        if answer.mimetype == JSON:
            fit(answer.json, told["content"][JSON]["schema"])
    for name, header in told["headers"].items():
        if resolved(header)["required"]:
            assert name in answer.headers
    answer.close()


def evaluated(expressions, values, sent, got):
    """Return the values of OpenAPI's runtime expressions."""
    found = {}
    for name, expression in expressions.items():
        where, _, pointer = expression.partition("#/")
        value = {"$request.body": sent, "$response.body": got}.get(where, values)
        for step in (pointer or where.removeprefix("$request.path.")).split("/"):
            value = value[int(step) if step.isdigit() else step]
        found[name] = value
    return found


@pytest.mark.parametrize(
    ("path", "verb"),
    [each for each in OPERATIONS if "links" in success(*each)],
)
def test_links_lead_on(backend, path, verb):
    client = prepared(backend, path, verb)
    values, sent = parameters(path, verb, "path"), body(path, verb)
    got = send(client, path, verb, values, sent).get_json(silent=True)
    links = success(path, verb)["links"].values()
    for link in sorted(links, key=lambda link: link["operationId"].startswith(ENDING)):
        if link["operationId"] in ENDING:
            client = backend.someone("alice")
        target = BY_ID[link["operationId"]]
        given = evaluated(link.get("parameters", {}), values, sent, got)
        asked = evaluated(link.get("requestBody", {}), values, sent, got) or body(*target)
        answer = send(client, *target, given, asked)
        assert answer.status_code < 300, (link, answer.json)
        answer.close()
