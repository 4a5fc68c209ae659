"""The floor: what Python can do at best here. Bare WSGI, raw sqlite3 and orjson, on granian.

Nothing is checked but the token; a connection is kept for each thread.
"""

import hashlib
import os
import sqlite3
import threading
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote

import orjson

FILE = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
TASK = (
    "id, name, note, creation_date, due_date, completed_date, item, quantity, paid_amount,"
    " paid_currency, revision"
)
WHO = "SELECT a.id, a.username FROM token t JOIN account a ON a.id = t.account_id WHERE digest = ?"
OWN = threading.local()
JSON = [("Content-Type", "application/json")]


def connection():
    """Return this thread's connection."""
    if not hasattr(OWN, "connection"):
        OWN.connection = sqlite3.connect(FILE, isolation_level=None, timeout=30)
        OWN.connection.execute("PRAGMA synchronous = FULL")
    return OWN.connection


def moment(text):
    """Return a stored time as ISO 8601."""
    return text and f"{text[:10]}T{text[11:].removesuffix('.000000')}Z"


def wire(row):
    """Return a row of TASK as it is answered."""
    return {
        "id": row[0],
        "name": row[1],
        "note": row[2],
        "creation_date": moment(row[3]),
        "due_date": moment(row[4]),
        "completed": row[5] is not None,
        "completed_date": moment(row[5]),
        "item": row[6],
        "quantity": row[7],
        "paid": None if row[8] is None else {"amount": row[8], "currency": row[9]},
        "revision": row[10],
    }


def now():
    """Return the time as it is stored."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def tasks(environ, owner, username):
    """List tasks, or create one."""
    database = connection()
    if environ["REQUEST_METHOD"] == "POST":
        sent = orjson.loads(environ["wsgi.input"].read())
        values = (owner, sent["name"], sent["note"], now(), sent["item"], sent["quantity"])
        insert = (
            "INSERT INTO task (account_id, name, note, creation_date, item, quantity, revision)"
            f" VALUES (?, ?, ?, ?, ?, ?, 1) RETURNING {TASK}"
        )
        (row,) = database.execute(insert, values).fetchall()
        return "201 Created", wire(row)
    query = parse_qs(environ["QUERY_STRING"])
    limit, after = int(query.get("limit", ["50"])[0]), int(query.get("after", ["0"])[0])
    select = f"SELECT {TASK} FROM task WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?"
    rows = database.execute(select, (owner, after, limit + 1)).fetchall()
    following = None
    if len(rows) > limit:
        following = f"{environ['PATH_INFO']}?limit={limit}&after={rows[limit - 1][0]}"
    page = [wire(row) for row in rows[:limit]]
    return "200 OK", {"username": username, "tasks": page, "next": following}


def one_task(environ, owner, task_id):
    """Show a task, or tick it; what its item costs by then is what was paid."""
    database = connection()
    if environ["REQUEST_METHOD"] == "GET":
        select = f"SELECT {TASK} FROM task WHERE account_id = ? AND id = ?"
        row = database.execute(select, (owner, task_id)).fetchone()
    else:
        done = orjson.loads(environ["wsgi.input"].read())["completed"]
        price = "(SELECT price * quantity FROM item_price p WHERE p.name = task.item)"
        currency = "(SELECT currency FROM item_price p WHERE p.name = task.item)"
        update = (
            "UPDATE task SET completed_date = ?, revision = revision + 1,"
            f" paid_amount = {price if done else 'NULL'},"
            f" paid_currency = {currency if done else 'NULL'}"
            f" WHERE account_id = ? AND id = ? RETURNING {TASK}"
        )
        values = (now() if done else None, owner, task_id)
        (row,) = database.execute(update, values).fetchall() or [None]
    return ("200 OK", wire(row)) if row else ("404 Not Found", {"message": "No such task"})


def answer(environ):
    """Return the status and what is answered."""
    path = environ["PATH_INFO"]
    query = environ["QUERY_STRING"]
    if path == "/itemprice":
        name = parse_qs(query)["itemname"][0]
        row = connection().execute("SELECT price FROM item_price WHERE name = ?", (name,))
        (price,) = row.fetchone() or (0,)
        return "200 OK", {"name": name, "price": price}
    if path == "/sum":
        first, second = (float(parse_qs(query)[f"number{number}"][0]) for number in (1, 2))
        return "200 OK", {"number1": first, "number2": second, "total_sum": first + second}
    if path.startswith("/echo/"):
        text = unquote(path[6:])
        return "200 OK", {"echo": f"{text} {text}"}
    secret = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    who = connection().execute(WHO, (hashlib.sha256(secret.encode()).hexdigest(),)).fetchone()
    if who is None:
        return "401 Unauthorized", {"message": "Log in"}
    _, _, _, _, username, *rest = path.split("/")
    if username != who[1]:
        return "403 Forbidden", {"message": "Not yours"}
    return one_task(environ, who[0], int(rest[1])) if rest[1:] else tasks(environ, *who)


def app(environ, start_response):
    """Answer one request."""
    status, content = answer(environ)
    body = orjson.dumps(content)
    start_response(status, [*JSON, ("Content-Length", str(len(body)))])
    return [body]
