"""What Postman runs around a request, in JavaScript: it keeps variables and tests the answer."""

import json
from collections.abc import Mapping
from typing import Any

from todo_api.openapi import document
from todo_api.postman.operation import (
    ADMIN_TOKEN,
    JSON,
    METRICS_TOKEN,
    TOKEN,
    Operation,
    operations,
    things,
)

REFUSED: Mapping[str | None, list[int]] = {ADMIN_TOKEN: [403], METRICS_TOKEN: [401, 404]}
"""How whoever lacks one of these tokens is answered."""

MANAGER = "manager"

BEFORE_EACH = f"""\
// Who manages prices and messages: the admin, if there is one, or a user who is refused.
pm.variables.set("{MANAGER}", pm.variables.get("{ADMIN_TOKEN}") || pm.variables.get("{TOKEN}"));
"""

AFTER_EACH = """\
pm.test("has a request id", () => pm.response.to.have.header("X-Request-ID"));
if (pm.response.code >= 400) {
  pm.test("tells what is wrong", () => pm.response.to.have.jsonSchema(%(error)s));
}
// What was created is found at its Location: keep its id or name.
const location = pm.response.headers.get("Location");
if (location) {
  const [noun, name] = location.split("/").slice(-2);
  pm.collectionVariables.set(%(variables)s[noun], decodeURIComponent(name));
}
"""

NEW_NAMES = """\
// Each run has names of its own, so that it can be repeated.
const name = "postman-" + Date.now().toString(36) + Math.random().toString(36).slice(2, 6);
pm.collectionVariables.set("username", name);
pm.collectionVariables.set("priceName", name);
"""

KEEP_LOGIN = """\
if (pm.response.code === 200) {
  pm.collectionVariables.set("token", pm.response.json().token);
}
"""

STATUS = """\
const expected = %(expected)s;
pm.test("answers " + expected.join(" or "), () => {
  pm.expect(pm.response.code).to.be.oneOf(expected);
});
const succeeded = pm.response.code === %(success)d;
"""

EMPTY = """\
if (succeeded) {
  pm.test("has no body", () => pm.expect(pm.response.text()).to.equal(""));
}
"""

TYPE = """\
const type = (pm.response.headers.get("Content-Type") || "").split(";")[0];
if (succeeded) {
  pm.test("is of a type that it has", () => pm.expect(type).to.be.oneOf(%(media)s));
}
"""

FITS = """\
if (succeeded && type === "application/json") {
  pm.test("fits its schema", () => pm.response.to.have.jsonSchema(%(schema)s));
}
"""

CHECKED = (
    *("type", "enum", "const", "required", "additionalProperties"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
)
"""What of JSON Schema 2020-12 Postman's validator, which is one for draft 7, takes as it is."""

Schema = Mapping[str, Any]


def around_each() -> list[dict[str, Any]]:
    """Return the scripts that run before and after every request."""
    error = json.dumps(_schema({"$ref": "#/components/schemas/Error"}))
    variables = json.dumps({noun: thing.variable for noun, thing in things().items()})
    after = AFTER_EACH % {"error": error, "variables": variables}
    return [_event("prerequest", BEFORE_EACH), _event("test", after)]


def around(operation: Operation) -> list[dict[str, Any]]:
    """Return the scripts of one request."""
    tests = STATUS % {"expected": _expected(operation), "success": operation.success}
    if operation.shown:
        tests += TYPE % {"media": json.dumps([*operation.shown])}
    else:
        tests += EMPTY
    if JSON in operation.shown:
        tests += FITS % {"schema": json.dumps(_schema(operation.shown[JSON]["schema"]))}
    if operation.id == "login":
        tests += KEEP_LOGIN
    before = [_event("prerequest", NEW_NAMES)] if operation.id == "register" else []
    return [*before, _event("test", tests)]


def _expected(operation: Operation) -> str:
    """Return the statuses that may come, as an expression of JavaScript."""
    key, otherwise = operation.key, REFUSED.get(operation.key)
    if operation.streams:
        return "[401]"
    if key is None and operation.path in _made_by_admins():
        key, otherwise = ADMIN_TOKEN, [operation.success, 404]
    success = f"[{operation.success}]"
    return f'pm.variables.get("{key}") ? {success} : {otherwise}' if otherwise else success


def _made_by_admins() -> set[str]:
    """Return the paths of what only an admin creates, so that it may not be there."""
    return {
        other.path
        for operation in operations()
        if operation.key == ADMIN_TOKEN and operation.verb == "post"
        for other in operations()
        if other.path.rpartition("/")[0] == operation.path
    }


def _schema(schema: Schema) -> dict[str, Any]:
    """Return what of a schema of the document can be checked by Postman, with no references."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _schema(document()["components"]["schemas"][name])
    checked = {name: schema[name] for name in CHECKED if name in schema}
    if "properties" in schema:
        checked["properties"] = {
            name: _schema(inner) for name, inner in schema["properties"].items()
        }
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), Mapping):
            checked[name] = _schema(schema[name])
    for choices in ("anyOf", "oneOf"):
        # Without all that is not checked, more than one of them may fit.
        if choices in schema:
            checked["anyOf"] = [_schema(inner) for inner in schema[choices]]
    return checked


def _event(listen: str, script: str) -> dict[str, Any]:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": script.splitlines()}}
