"""The rows of the hostile table: requests that nobody should send, and how each may be answered.

A new route or field gets its rows here; what is wrong with the framing stands in framing_rows.
"""

import json
from itertools import product
from typing import NamedTuple

from framing_rows import SILENT
from support import PASSWORD

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ALICE = "/api/v1/accounts/alice"
ME = "/api/v1/me"
TASKS = f"{ALICE}/tasks"
PRICES = "/api/v1/prices"
BATCH = f"{TASKS}/batch"
TOKENS = f"{ALICE}/tokens"
BAD, WRONG, NOT_FOUND, NOT_ALLOWED = {400}, {422}, {404}, {405}


class Row(NamedTuple):
    id: str
    method: str
    path: str
    headers: dict
    body: bytes
    allowed: set


def nested(depth):
    return b"[" * depth + b"]" * depth


def rows(family, method, path, cases, headers=None, *, allowed=WRONG):
    """Return a row for each case: a body or, with a status of its own, a pair."""
    for number, case in enumerate(cases):
        body, statuses = case if isinstance(case, tuple) else (case, allowed)
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        sent = {"Content-Type": JSON, **(headers or {})}
        yield Row(f"{family} {number}", method, path, sent, body, statuses)


def with_account(case):
    """Return a case with what else an account needs."""
    fields, *statuses = case if isinstance(case, tuple) else (case,)
    whole = {"email": "c@example.com", "password": PASSWORD, **fields}
    return (whole, *statuses) if statuses else whole


def gets(family, paths, allowed):
    for number, path in enumerate(paths):
        yield Row(f"{family} {number}", "GET", path, {}, b"", allowed)


SYNTAX = [
    b"", b"{", b"}", b"{} x", b"{'name': 'x'}", b'{"name": "x",}', b'{"name" "x"}', b'{name: "x"}',
    b'{"name": "x", "name": "y"}', b'{"name": NaN}', b'{"name": Infinity}', b'{"quantity": -NaN}',
    b'{"quantity": 01}', b'{"quantity": 1.}', b'{"quantity": .5}', b'{"quantity": +1}',
    b'{"quantity": 0x10}', b'{"quantity": 1e99999999999999999999}', b'{"name": "\xff"}',
    b'{"name": "\xc0\x80"}', b'{"name": "\xed\xa0\x80"}', b'\xef\xbb\xbf\xef\xbb\xbf{"name": "x"}',
    '{"name": "x"}'.encode("utf-16"), b'{"name": "a\nb"}', b'{"name": "\\x"}', b'{"name": "\\u12"}',
    b'{"name": "x"} // comment', b'{"name": tru}', nested(33), nested(100_000), b'{"a":' * 100_000,
    b"<name>x</name>", b"name: x", b"\0", b"null x", b'"unfinished',
]  # fmt: skip

NO_OBJECT = [b"[]", b"1", b"null", b'"text"', b"true", nested(32), b"1" * 5000, b"-0", b"1e308"]

TEXTS = [
    "", " ", "\t\n", "\u3000", "\u00a0", "a\0b", "\ud800", "\udc00\ud800", "x" * 256, 1, 1.5, True,
    False, [], ["x"], {}, {"x": 1}, "\0", "\u1680\u2028", "\x1f", "\ufdfa" * 255,
]  # fmt: skip
"""What is no name."""

DATES = [
    "yesterday", "2026-02-30", "2026-13-01", "31/02/2026 00:00:00", "2026-01-01T25:00:00Z",
    "0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31", "9999-12-31T23:59:59-12:00",
    "1969-12-31T23:59:59Z", "2026-01-01T00:00:00+99:00", "2026-01-01T00:00:00Zjunk", "", " ",
    "2026-01-01\0", "\uff12\uff10\uff12\uff16-01-01", "20260101T", "-2026-01-01", "2026-W54-1", "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00.1234567Z", 1767225600, 1.5, True, [], {}, "now", "1/1/2026", "infinity",
]  # fmt: skip

QUANTITIES = [
    0, -1, 0.00001, 1.00001, 10_001, 1e5, "0", "-1", "1,5", "\uff11", "1_0", "NaN", "inf", "0x10", "",
    " ", "1e999999", True, [], {}, "1\0", "--1", 10**30, "9" * 5000, 0.30000000000000004,
]  # fmt: skip

BOOLEANS = ["yes", "true", 1, 0, 2, "on", [], {}, 1.0, "\0"]

READ_ONLY = [
    {"id": 7}, {"id": 2**63}, {"id": -1}, {"id": "7"}, {"revision": 99}, {"paid": {"amount": 1}},
    {"paid": {"amount": 1, "currency": "EUR"}}, {"completed_date": "2026-01-01"},
    {"creation_date": "2026-01-01T00:00:00Z"}, {"account_id": 1}, {"deleted_date": None},
    {"name_key": "x"}, {"__class__": "x"}, {"constructor": {}}, {"__proto__": {"is_admin": True}},
    {"$where": "1"}, {"unknown": None}, {"": 1}, {"\0": 1}, {"msg": "posted"},
]  # fmt: skip

PROFILES = [
    {"is_admin": True}, {"username": "mallory"}, {"date_joined": "2026-01-01T00:00:00Z"},
    {"email": ""}, {"email": "no"}, {"email": "a@b\n.c"}, {"email": f"{'a' * 250}@b.c"},
    {"timezone": "Mars/Base"}, {"timezone": "../../etc/passwd"}, {"timezone": 1}, {"pets": "dog"},
    {"pets": [1]}, {"pets": [""]}, {"pets": ["x" * 65]}, {"pets": ["x"] * 51}, {"pets": [["x"]]},
    {"listed": "true"}, {"password": "short", "current_password": "x"}, {"password": "long-enough"},
    {"password": "long-enough", "current_password": "wrong-horse"}, {"password_hash": "x"},
    {"era": "x"}, {"revision": 1}, {"tokens": []},
]  # fmt: skip

ACCOUNTS = [
    {}, {"username": "al"}, {"username": "a" * 65}, {"username": "a b"}, {"username": "../x"},
    {"username": "a/b"}, {"username": "login"}, {"username": "LOGOUT"}, ({"username": "\uff41lice"}, {409}),
    {"username": "a\0b"}, {"username": "<script>"}, {"username": 1}, {"username": ["carol"]},
    {"username": "carol", "password": "short"}, {"username": "carol", "password": "x" * 257},
    {"username": "carol", "password2": "another-one"}, {"username": "carol", "is_admin": True},
    {"username": "carol", "email": "x"}, {"username": "carol", "email": None}, {"username": "é" * 3},
]  # fmt: skip

OPERATIONS = [
    {}, {"operations": None}, {"operations": {}}, {"operations": [1]}, {"operations": [{}]},
    {"operations": [{"method": "GET"}]}, {"operations": [{"method": "post", "body": {"name": "x"}}]},
    {"operations": [{"method": "POST"}] * 101}, {"operations": [{"method": "POST", "id": 1}]},
    {"operations": [{"method": "DELETE"}]}, {"operations": [{"method": "PUT", "id": "1"}]},
    ({"operations": [{"method": "DELETE", "id": 999}]}, NOT_FOUND),
    ({"operations": [{"method": "DELETE", "id": 2, "if_match": "x"}]}, {422}),
    {"operations": [{"method": "POST", "body": {"name": "x", "id": 1}}]},
    {"operations": [{"method": "POST", "body": []}]}, {"operations": [{"method": ["POST"]}]},
    {"operations": [{"method": "PATCH", "id": 2**63, "body": {}}]}, {"operations": [[]] * 3},
]  # fmt: skip

NEW_PRICES = [
    {}, {"name": "."}, {"name": ".."}, {"name": "x"}, {"name": "x", "price": -1},
    {"name": "x", "price": 100_000_001}, {"name": "x", "price": 1.00001}, {"name": "x", "price": "x"},
    {"name": "x", "price": None}, {"name": "x", "price": 1, "currency": "EURO"},
    {"name": "x", "price": 1, "currency": "XXXX"}, {"name": "x", "price": 1, "unit": "k" * 33},
    {"name": "x", "price": 1, "updated_date": "2026-01-01"}, {"name": "x", "price": True},
    {"name": "x", "price": [1]}, {"name": "x" * 256, "price": 1}, {"name": "\0", "price": 1},
    ({"name": "ÄPFEL", "price": 1}, {409}), {"name": "x", "price": 1, "currency": "€"},
]  # fmt: skip

QUERIES = [
    *(f"{TASKS}?limit={value}" for value in ("0", "-1", "201", "1.5", "x", "1e2", "", "%00", "\uff11", "9" * 30)),
    *(f"{TASKS}?after={value}" for value in ("x", "W10", "WyJpZCJd", "%00", "=" * 9, "WyJpZCIsMWUzMDld", "null")),
    *(f"{TASKS}?sort={value}" for value in ("x", "--id", "id,name", "id;drop", "", "note", "password_hash")),
    *(f"{TASKS}?{name}={value}" for name in ("completed", "overdue", "total") for value in ("x", "2", "null")),
    *(f"{TASKS}?due_before={value}" for value in ("x", "0001-01-01", "9999-12-31", "%00")),
    *(f"{TASKS}?q={value}" for value in ("", "%00", "x" * 256)),
    f"{TASKS}?limit=1&limit=2", f"{TASKS}?unknown=1", f"{TASKS}?Limit=1", f"{TASKS}?limit[]=1",
    f"{ALICE}/changes?since={'x' * 65}", f"{ALICE}/changes?limit=0", f"{ALICE}/events?limit=1",
    f"{TASKS}/total?limit=1", f"{TASKS}/total?completed=maybe", f"{PRICES}?sort=name", f"{PRICES}?q=",
    f"{TOKENS}?limit=201", "/health?x=1", "/openapi.json?x", "/docs?x=1",
    "/itemprice?itemname=%00", f"{ALICE}/export?excel=true", f"{ALICE}/export?format=csv&excel=x", f"{ALICE}/export?format=csv&delimiter=|",
    f"{ALICE}/export?format=ics&escape_formulas=1", f"{ALICE}/export?format=csv&delimiter=%00",
]  # fmt: skip

BAD_QUERIES = [
    *(f"/itemprice?itemname={value}" for value in ("%", "%z", "%zz", "%4", "%ff", "%c0%af", "%ed%a0%80")),
    f"{TASKS}?q=%", f"{TASKS}?%zz=1", "/users?" + "&".join(["a=1"] * 1001), "/sum?number1=1&number2=%",
]  # fmt: skip

NUMBERS = [
    "/sum/4t23/117", "/sum/nan/1", "/sum/inf/1", "/sum/-inf/1", "/sum/1e309/1", "/sum/1_0/1",
    "/sum/0x10/1", "/sum/\uff11/1", "/sum/1e308/1e308", "/sum/%20/1", "/sum/1,5/1", "/sum/--1/1",
    "/sum/1e/1", "/sum/./1", "/sum/+/1", "/sum/%2B%2B1/1", "/sum/" + "9" * 400 + "/1", "/sum?number1=1",
    "/sum", "/sum?number1=&number2=1", "/sum?number1=1&number2=NaN", "/sum?number1=1%00&number2=2",
    "/sum/1e" + "9" * 300 + "/1", "/sum/0b1/1", "/sum/½/1",
]  # fmt: skip

PATHS = [
    *((path, NOT_FOUND, NOT_FOUND) for path in (
        "/dum/42/117", "/../users", "/./users", "/users/../users", "//users", "/users//", "/Users",
        "/users/x", "/api", "/api/v2", "/static/x", "/.git/config", "/.env", "/admin",
        f"{TASKS}/0", f"{TASKS}/01", f"{TASKS}/-1", f"{TASKS}/1.0",
        f"{TASKS}/\uff11", f"{TASKS}/%31%00", f"{TASKS}/9999999999999999999", f"{TASKS}/x", f"{TASKS}/1/x",
        f"{TASKS}/999999", f"{TASKS}/2%0a", f"{TASKS}/+2", f"{TASKS}/%202",
        "/docs/../settings.py", "/docs/%2e%2e/settings.py", "/docs/..%2fsettings.py",
        "/sum/1", "/sum/1/2/3", "/sum//2", "/metrics/x",
    )),
    *((path, NOT_FOUND, NOT_ALLOWED) for path in ("/docs/x.js", "/web/x")),
    *((path, NOT_FOUND, {403}) for path in (
        f"{PRICES}/missing", f"{PRICES}/%00", f"{PRICES}/..%2f..%2fetc%2fpasswd", f"{PRICES}/" + "x" * 300,
    )),
    *((path, {200}, NOT_ALLOWED) for path in ("/users%2F", "/api/v1/", f"{PRICES}/", "/echo/../users")),
    ("/api/v1/accounts", NOT_ALLOWED, NOT_ALLOWED),
    (f"{TOKENS}/1", NOT_ALLOWED, NOT_FOUND),
]  # fmt: skip
"""Paths that are there, or nearly so, and what a GET and a DELETE of alice get there."""

AUTHORIZATIONS = [
    "", "Bearer", "Bearer ", "Bearer  ", "Bearer x", "Bearer x y", "Basic YWxpY2U6eA==", "Token x",
    "bearer null", "Bearer \xff", "Bearer " + "A" * 44, "Bearer " + "A" * 7000, "Digest x", ",",
    "Bearer {token}x", "Bearer {token} {token}", "{token}", "Bearer\t{token}", "Bearer={token}",
    "Bearer %7Btoken%7D", "Bearer ../../x", "Bearer ' OR 1=1 --", 'Bearer "{token}"',
]  # fmt: skip

HEADERS = [
    ({"If-Match": "x"}, {400}),
    ({"If-Match": '"unfinished'}, {400}),
    ({"If-Match": 'W/"x"'}, {412}),
    ({"If-Match": '"x", *'}, {400}),
    ({"If-Match": '"x"' + ',"' * 2_000}, {400, 412}),
    ({"If-Match": ","}, {400}),
    ({"If-None-Match": "*"}, {412}),
    ({"If-Match": '"' + "x" * 7000 + '"'}, {412}),
    ({"If-Match": "x" * 9000}, {431}),
    ({"X-Forwarded-For": "not an address"}, {200}),
    ({"X-Request-ID": "a\tb"}, {200}),
    ({"X-Request-ID": "x" * 65}, {200}),
    ({"Content-Encoding": "gzip"}, {415}),
    ({"Content-Encoding": ""}, {415}),
    ({"Content-Type": "application/json; charset=utf-16"}, {415}),
    ({"Content-Type": "text/plain"}, {415}),
    ({"Content-Type": "application/json\xff"}, {415}),
    ({"Content-Type": "multipart/form-data"}, {400}),
    ({"Content-Type": "multipart/form-data; boundary="}, {400}),
    ({"Content-Type": "multipart/form-data; boundary=" + "b" * 300}, {400}),
    ({"Accept": "text/html"}, {200}),
    ({"Accept": "x" * 7000}, {200}),
    ({"Range": "bytes=0-0"}, {200}),
    ({"Expect": "200-ok"}, {200, 417}),
    ({"X-HTTP-Method-Override": "DELETE"}, {200}),
    ({"Cookie": "token={token}"}, {200}),
    ({"Prefer": 'dry-run="'}, {200}),
    ({"Prefer": "dry-run; =;;=,,"}, {200}),
    ({"Prefer": "\xff=\\"}, {200}),
    ({"Prefer": ",;=" * 2_600}, {200}),
    ({"Prefer": "dry-run" * 2_000}, {431}),
]

KEYS = ["", " ", "a b", "ä", "x" * 256, "a\tb"]

FORMS = [
    (b"name=%zz", BAD), (b"name=%ff", BAD), (b"name=\xff", BAD), (b"name=%", BAD), b"name=a&name=b",
    b"name=a%00", b"name=", b"x=1", b"", b"name=x&completed=maybe", b"name=x&quantity=1e9999999999",
    b"name=x&due_date=32/01/2026+00:00:00", b"name=x&paid=1", b"name[]=x", b"name=x&quantity=1_0",
    (b"&".join([b"a=1"] * 1001), BAD),
]  # fmt: skip

PRICE_FILES = [
    b"", b"\0", b"name", b"price,name\n1", b"name,price\na,1,1,1,1", b"name,price\n,1", b"name,price\n.,1",
    b"name,price\na,1e999", b"name,price\na,\xff", b'name,price\n"a,1', b"name,price\na,1.00001", b"name,name,price\na,b,1",
    b"\xff\xfen\0a\0m\0e\0", b"name,price\na\0,1", b"name,price\nx,1\nX,2", b"name,price\na,-1", b"," * 100_000,
    b"name,price\n" + b"x" * 200_000 + b",1", b"name,price,x\na,1,2", b"name;price\na;1.299", b"name;price\na;1,299",
    b"name\tprice\na\t1.299\nb\t1,5", b"PK\x03\x04", b"sep=;\n", b"name,price\na," + b"1,299" * 9_000,
]  # fmt: skip

IMPORT_QUERIES = [
    *(f"{PRICES}/import?decimal={value}" for value in ("", "x", ".,", "%00", "\uff0c", "x" * 300)),
    *(f"{PRICES}/import?delimiter={value}" for value in ("", "x", ";;", "%0a", "%22", "%00", "\\n")),
    *(f"{PRICES}/import?columns={value}" for value in ("", ":", "name", "name:", "x:y", "name:%00", "__class__:x")),
    f"{PRICES}/import?columns=price:x&columns=price:x", f"{PRICES}/import?{'columns=name:x&' * 99}", f"{PRICES}/import?round=2",
]  # fmt: skip

TASK_FILES = [
    b"", b"\0", b"name\n\n\0", b"name\n" + b"x" * 256, b"nam\nx", b"name,name\na,b", b"name,due_date\na,now",
    b'"",""', b"\xc2\xa0", b"sep=;", b"subject,due date,% complete\nx,1/5/2030,", b"type,content,priority,indent,x,x\n\xff", b"Date: x\n",
    b"name,paid\na,1", b'name\n"a', b"name,completed\na,perhaps", b"\xff", b"name\na\n\xff", b"," * 100_000,
]  # fmt: skip

CALENDARS = [
    b"", b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"x", b"BEGIN:VTODO\r\nSUMMARY:x\r\nEND:VTODO", b"\xff", b"\0",
    b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY:x", b"BEGIN:VCALENDAR\r\nEND:VTODO\r\nEND:VCALENDAR",
    b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VTODO\r\n" * 10_000, b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 100_000,
    b"BEGIN:VCALENDAR\n" + b" x" * 100_000, b"BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:" + b"x" * 300 + b"\nEND:VTODO\nEND:VCALENDAR",
]  # fmt: skip

METHODS = [
    "BREW",
    "TRACE",
    "CONNECT",
    "get",
    "Get",
    "PROPFIND",
    "PATCHED",
    "G" * 100,
    "DEBUG",
    "LINK",
]

LINE = "%0d%0aX-Injected:%20yes"
"""A line of a header, as a URL can hold it."""

LINED = f"{PRICES}/x{LINE}"
"""A price that there is, as is a second one that ends the same way."""

INJECTING_URLS = [
    *((path, {200}) for path in (
        f"/echo/x{LINE}", f"/echo/{LINE}{LINE}", f"/echo?x={LINE}", f"/echo?{LINE}=x", f"/itemprice?itemname=x{LINE}", LINED,
        f"{TASKS}?q=x{LINE}", f"{PRICES}?limit=1&q={LINE}", f"{ALICE}/changes?since=x{LINE}", "/echo/x%E5%98%8D%E5%98%8AX-Injected:%20yes",
    )),
    *((path, NOT_FOUND) for path in (
        f"/{LINE}", f"/{LINE}/", f"/users{LINE}", f"/docs/{LINE}", f"/web/{LINE}", f"{PRICES}/missing{LINE}", f"{TASKS}/2{LINE}",
    )),
    *((path, WRONG) for path in (
        f"{PRICES}?after={LINE}", f"{TASKS}?after=W10{LINE}", f"{TASKS}?sort=id{LINE}", f"{TASKS}?{LINE}=x",
        f"{ALICE}/export?format=json{LINE}", "/itemprice?itemname=%00%0d%0aX-Injected:%20yes",
    )),
    (f"/sum/1{LINE}/2", BAD), (f"/api/v1/accounts/alice{LINE}", {403}),
]  # fmt: skip

PREFLIGHT = ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"]

BREAKS = ["\r\n", "\n", "\r", "\r\n\r\n", "\u2028", "\u560d\u560a"]
"""What ends a line for one program or another; the last becomes one if bytes are cut off."""

INJECTING_HEADERS = [
    *(({name: f"x{ending}X-Injected: yes"}, allowed)
      for name, known in (
          ("Origin", {200}), ("X-Request-ID", {200}), ("Prefer", {200}), ("If-None-Match", {200}), ("Accept", {200}),
          ("Idempotency-Key", BAD),
      )
      for ending, allowed in (
          ("%0d%0a", known), ("\\r\\n", known), ("\u560d\u560a", known), ("\u2028", known),
          ("\r", {400, SILENT}), ("\x0b", {400, SILENT}), ("\n ", {400, SILENT}),
      )),
]  # fmt: skip
"""What a line of a request's head can hold; the HTTP server refuses what would end one."""

TABLE = [
    *rows("syntax", "POST", TASKS, SYNTAX, allowed={400, 422}),
    *rows("no object", "POST", TASKS, NO_OBJECT),
    *rows("name", "POST", TASKS, [{"name": text} for text in TEXTS]),
    *rows("item", "POST", TASKS, [{"name": "x", "item": text} for text in TEXTS[5:8] + TEXTS[9:]]),
    *rows("note", "POST", TASKS, [{"name": "x", "note": note} for note in ("\0", "\ud800", "x" * 10_001, 1, [])]),
    *rows("due date", "POST", TASKS, [{"name": "x", "due_date": date} for date in DATES]),
    *rows("quantity", "POST", TASKS, [{"name": "x", "quantity": each} for each in QUANTITIES]),
    *rows("completed", "POST", TASKS, [{"name": "x", "completed": each} for each in BOOLEANS]),
    *rows("read only", "POST", TASKS, [{"name": "x", **each} for each in READ_ONLY]),
    *rows("profile", "PUT", ALICE, PROFILES),
    *rows("own profile", "PUT", ME, [*PROFILES, {"token": "x"}, {"token": {"scope": "write"}}]),
    *rows("account", "POST", "/api/v1/accounts", [
        with_account(each) for each in ACCOUNTS
    ]),
    *rows("batch", "POST", BATCH, OPERATIONS),
    *rows("price", "POST", PRICES, NEW_PRICES, {"Authorization": "Bearer {admin}"}),
    *rows("token", "POST", TOKENS, [
        {}, {"name": ""}, {"name": "x", "scope": "admin"}, {"name": "x", "expires_at": "2020-01-01"},
        {"name": "x", "expires_at": "9998-01-01"}, {"name": "x", "secret": "x"}, {"name": ["x"]},
    ]),
    *rows("message", "POST", "/users", [{}, {"data": ""}, {"data": "x" * 10_001}, {"data": 1}, {"data": "\0"}]),
    *rows("login", "POST", "/api/v1/accounts/login", [
        {}, {"username": "alice"}, {"username": ["alice"], "password": "x"}, {"username": "alice", "password": {}},
        ({"username": "alice\0", "password": "x"}, {401, 422}), ({"username": "x" * 9999, "password": "x"}, {401, 422}),
    ]),
    *rows("form", "POST", TASKS, FORMS, {"Content-Type": FORM}),
    *rows("price file", "POST", f"{PRICES}/import", PRICE_FILES, {"Content-Type": "text/csv", "Authorization": "Bearer {admin}"}, allowed={400, 422}),
    *(Row(f"import query {number}", "POST", path, {"Content-Type": "text/csv", "Authorization": "Bearer {admin}"}, b"name,price\na,1", WRONG)
      for number, path in enumerate(IMPORT_QUERIES)),
    *(Row(f"task import query {number}", "POST", f"{ALICE}/import?{query}", {"Content-Type": "text/csv"}, b"name\na", WRONG)
      for number, query in enumerate(("date_order=x", "date_order=", "decimal=x", "columns=name:x", "round=1", "delimiter=%0d"))),
    *rows("price json", "POST", f"{PRICES}/import", [*SYNTAX, *NO_OBJECT, b'{"prices": [1]}'], {"Authorization": "Bearer {admin}"}, allowed={400, 422}),
    *rows("task file", "POST", f"{ALICE}/import", TASK_FILES, {"Content-Type": "text/csv"}, allowed={400, 422}),
    *rows("task json", "POST", f"{ALICE}/import", [*SYNTAX, *NO_OBJECT, b'{"tasks": [1]}'], allowed={400, 422}),
    *rows("calendar", "POST", f"{ALICE}/import", CALENDARS, {"Content-Type": "text/calendar"}, allowed={200, 400, 422}),
    *gets("query", QUERIES, WRONG),
    *gets("bad query", BAD_QUERIES, BAD),
    *gets("number", NUMBERS, {400, 422}),
    *(Row(f"{family} {number}", method, path, {}, b"", deleted if method == "DELETE" else seen)
      for family, method in (("path", "GET"), ("head of a path", "HEAD"), ("deleted path", "DELETE"))
      for number, (path, seen, deleted) in enumerate(PATHS)),
    *(Row(f"authorization {number}", "GET", TASKS, {"Authorization": each}, b"", {401, 431})
      for number, each in enumerate(AUTHORIZATIONS)),
    *(Row(f"header {number}", "PUT", f"{TASKS}/2", {"Content-Type": JSON, **each}, b"{}", allowed)
      for number, (each, allowed) in enumerate(HEADERS)),
    *(Row(f"key {number}", "POST", TASKS, {"Content-Type": JSON, "Idempotency-Key": each}, b'{"name": "x"}', BAD)
      for number, each in enumerate(KEYS)),
    *(Row(f"url that injects {number}", "GET", path, {}, b"", allowed) for number, (path, allowed) in enumerate(INJECTING_URLS)),
    *(Row(f"header that injects {number}", "POST", "/echo" if allowed == {200} else TASKS, {"Content-Type": JSON, **each}, b'{"name": "x"}', allowed)
      for number, (each, allowed) in enumerate(INJECTING_HEADERS)),
    *(Row(f"preflight that injects {number}", "OPTIONS", TASKS, {"Origin": "http://x", "Access-Control-Request-Method": "GET", name: f"x{ending}X-Injected: yes"}, b"", {204})
      for number, (name, ending) in enumerate(product(PREFLIGHT, ("%0d%0a", "\\r\\n", "\u560d\u560a")))),
    *rows("price that injects", "POST", PRICES, [
        {"name": f"new{ending}X-Injected: yes", "price": 1} for ending in BREAKS
    ], {"Authorization": "Bearer {admin}"}, allowed={201}),
    *rows("renaming that injects", "PUT", LINED, [
        ({"name": "x\r\nX-Injected: yes"}, {200}), ({"name": "y\r\nX-Injected: yes"}, {409}),
    ], {"Authorization": "Bearer {admin}"}),
    *rows("username that injects", "POST", "/api/v1/accounts", [
        with_account({"username": f"carol{ending}X-Injected: yes"}) for ending in BREAKS
    ]),
    *(Row(f"method {number}", each, "/users", {}, b"", {405, 400, SILENT}) for number, each in enumerate(METHODS)),
]  # fmt: skip
