"""Flask with sqlite3, as Flask's own documentation shows it, on gunicorn with threads."""

import hashlib
import os
import sqlite3
from datetime import UTC, datetime

from flask import Flask, abort, g, request, url_for

FILE = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
app = Flask(__name__)


def get_db():
    """Return the request's own connection."""
    if "db" not in g:
        g.db = sqlite3.connect(FILE, timeout=30)
        g.db.row_factory = sqlite3.Row
        g.db.execute("PRAGMA synchronous = FULL")
    return g.db


@app.teardown_appcontext
def close_db(_error):
    """Close the request's connection, if it has opened one."""
    db = g.pop("db", None)
    if db is not None:
        db.close()


def the_account(username):
    """Return the account that the token belongs to, which must be the one that is asked about."""
    secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
    digest = hashlib.sha256(secret.encode()).hexdigest()
    account = (
        get_db()
        .execute(
            "SELECT a.* FROM account a JOIN token t ON t.account_id = a.id WHERE t.digest = ?",
            (digest,),
        )
        .fetchone()
    )
    if account is None:
        abort(401)
    if account["username"] != username:
        abort(403)
    return account


def moment(text):
    """Return a stored time as ISO 8601."""
    return text and datetime.fromisoformat(text).isoformat() + "Z"


def now():
    """Return the time as it is stored."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def wire(task):
    """Return a task as it is answered."""
    paid = {"amount": task["paid_amount"], "currency": task["paid_currency"]}
    return {
        "id": task["id"],
        "name": task["name"],
        "note": task["note"],
        "creation_date": moment(task["creation_date"]),
        "due_date": moment(task["due_date"]),
        "completed": task["completed_date"] is not None,
        "completed_date": moment(task["completed_date"]),
        "item": task["item"],
        "quantity": task["quantity"],
        "paid": None if task["paid_amount"] is None else paid,
        "revision": task["revision"],
    }


def find_task(account, task_id):
    """Return one of the account's tasks."""
    query = "SELECT * FROM task WHERE account_id = ? AND id = ?"
    task = get_db().execute(query, (account["id"], task_id)).fetchone()
    return task or abort(404)


@app.get("/api/v1/accounts/<username>/tasks")
def list_tasks(username):
    """List a page of tasks."""
    account = the_account(username)
    limit = request.args.get("limit", 50, type=int)
    after = request.args.get("after", 0, type=int)
    query = "SELECT * FROM task WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?"
    tasks = get_db().execute(query, (account["id"], after, limit + 1)).fetchall()
    following = None
    if len(tasks) > limit:
        last = tasks[limit - 1]["id"]
        following = url_for("list_tasks", username=username, limit=limit, after=last)
    page = [wire(task) for task in tasks[:limit]]
    return {"username": username, "tasks": page, "next": following}


@app.post("/api/v1/accounts/<username>/tasks")
def create_task(username):
    """Create a task."""
    account = the_account(username)
    sent = request.get_json()
    db = get_db()
    cursor = db.execute(
        "INSERT INTO task (account_id, name, note, creation_date, item, quantity, revision)"
        " VALUES (?, ?, ?, ?, ?, ?, 1)",
        (account["id"], sent["name"], sent["note"], now(), sent["item"], sent["quantity"]),
    )
    db.commit()
    return wire(find_task(account, cursor.lastrowid)), 201


@app.get("/api/v1/accounts/<username>/tasks/<int:task_id>")
def show_task(username, task_id):
    """Show a task."""
    return wire(find_task(the_account(username), task_id))


@app.patch("/api/v1/accounts/<username>/tasks/<int:task_id>")
def tick_task(username, task_id):
    """Tick a task or take that back; what its item costs by then is what was paid."""
    account = the_account(username)
    done = request.get_json()["completed"]
    db = get_db()
    db.execute("BEGIN IMMEDIATE")
    task = find_task(account, task_id)
    price = db.execute("SELECT * FROM item_price WHERE name = ?", (task["item"],)).fetchone()
    paid = (price["price"] * task["quantity"], price["currency"]) if done and price else (None,) * 2
    db.execute(
        "UPDATE task SET completed_date = ?, paid_amount = ?, paid_currency = ?,"
        " revision = revision + 1 WHERE id = ?",
        (now() if done else None, *paid, task_id),
    )
    db.commit()
    return wire(find_task(account, task_id))


@app.get("/itemprice")
def item_price():
    """Tell what an item costs."""
    name = request.args["itemname"]
    query = "SELECT price FROM item_price WHERE name = ?"
    price = get_db().execute(query, (name,)).fetchone()
    return {"name": name, "price": price["price"] if price else 0}


@app.get("/sum")
def total_sum():
    """Add two numbers."""
    first, second = float(request.args["number1"]), float(request.args["number2"])
    return {"number1": first, "number2": second, "total_sum": first + second}


@app.get("/echo/<path:text>")
def echo(text):
    """Say it again."""
    return {"echo": f"{text} {text}"}
