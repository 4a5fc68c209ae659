"""What an answer says about each field that is wrong: the reason, in one sentence."""

import pytest
from support import ON_ONE_DATABASE

MOMENT = "Must be an ISO 8601 date or time, or dd/mm/yyyy HH:MM:SS."
OFTEN = "Given more than once."

SENT = [
    ("/tasks", "name", "", "Must have 1 to 255 characters."),
    ("/tasks", "name", " ", "Must not be blank."),
    ("/tasks", "name", "\u200b\u00ad", "Must not be blank."),
    ("/tasks", "item", "\U000e0041\ufe0f", "Must not be blank."),
    ("/tasks", "name", None, "Field may not be null."),
    ("/tasks", "name", "a\0", "Must not hold a NUL character."),
    ("/tasks", "note", 7, "Must be a text."),
    ("/tasks", "note", "x" * 10_001, "Must have at most 10,000 characters."),
    ("/tasks", "due_date", 7, "Must be a text."),
    ("/tasks", "due_date", "tomorrow", MOMENT),
    ("/tasks", "completed", "yes", "Must be true or false."),
    ("/tasks", "item", "\ufdfa" * 100, "Too long in its normal form (Unicode NFKC_Casefold)."),
    ("/tasks", "quantity", True, "Must be a number."),
    ("/tasks", "quantity", "x", "Not a number."),
    ("/tasks", "quantity", "1.00001", "At most 4 decimals."),
    ("/tasks", "quantity", 0, "Must be 0.0001 to 10,000."),
    ("/tasks", "revision", "1", "Must be a whole number."),
    ("/tasks", "x", 1, "Unknown field."),
    ("/tasks/batch", "operations", [], "Must hold 1 to 100 values."),
    ("/tokens", "scope", "all", "Must be one of write, read."),
    ("/tokens", "expires_at", "2020-01-01", "Must lie in the future, and within 365 days."),
    ("/api/v1/accounts", "username", "x", "Must be 3 to 64 of A-Z a-z 0-9 . _ -"),
    ("/api/v1/accounts", "username", "login", "This name is reserved."),
    ("/api/v1/accounts", "email", "x", "Not an e-mail address."),
    ("/api/v1/accounts", "timezone", "Mars", "Not an IANA time zone."),
    ("/api/v1/accounts", "pets", "x", "Must be a list."),
    ("/api/v1/accounts", "pets", ["x"] * 51, "Must hold 0 to 50 values."),
    ("/api/v1/accounts", "password", "x", "Must have 8 to 256 characters."),
    ("/api/v1/accounts", "password2", "y", "The two passwords differ."),
    ("/api/v1/prices", "name", ".", "Must not be `.` or `..`."),
    ("/api/v1/prices", "price", -1, "Must be 0 to 100,000,000."),
    ("/api/v1/prices", "currency", "EU", "Not an ISO 4217 currency code."),
]


REST = {
    "/tasks": {"name": "x"},
    "/tasks/batch": {},
    "/tokens": {"name": "x"},
    "/api/v1/accounts": {
        "username": "carol",
        "email": "carol@example.com",
        "password": "correct-horse",
    },
    "/api/v1/prices": {"name": "x", "price": 1},
}


@ON_ONE_DATABASE
@pytest.mark.parametrize(("path", "field", "value", "reason"), SENT)
def test_the_reason_is_told_beside_the_field(admin, path, field, value, reason):
    whole = path if path.startswith("/api") else f"{admin.path}{path}"
    answer = admin.post(whole, json={**REST[path], field: value})
    assert (answer.status_code, answer.json["errors"]) == (422, {field: [reason]})


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("limit=0", "limit", "Must be 1 to 200."),
        ("limit=x", "limit", "Must be a whole number."),
        ("limit=1&limit=2", "limit", OFTEN),
        ("after=x", "after", "Not a cursor from this list."),
        ("completed=x", "completed", "Must be true or false."),
        ("due_before=x", "due_before", MOMENT),
        ("q=", "q", "Must have 1 to 255 characters."),
    ],
)
def test_the_reason_is_told_beside_the_parameter(alice, query, field, reason):
    answer = alice.get(f"{alice.tasks}?{query}")
    assert (answer.status_code, answer.json["errors"]) == (422, {field: [reason]})
