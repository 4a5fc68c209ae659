// Express with better-sqlite3; as many processes as WORKERS says, by node's own cluster.
"use strict";
const cluster = require("node:cluster");
const { createHash } = require("node:crypto");
const Database = require("better-sqlite3");
const express = require("express");

const WORKERS = Number(process.env.WORKERS);
if (WORKERS > 1 && cluster.isPrimary) {
    for (let worker = 0; worker < WORKERS; worker++) cluster.fork();
    process.on("SIGTERM", () => {
        for (const worker of Object.values(cluster.workers)) worker.process.kill();
        process.exit();
    });
} else {
    serve();
}

function serve() {
    const db = new Database(process.env.DATABASE_URL.replace("sqlite:///", ""), { timeout: 30000 });
    // db.pragma() leaves a statement behind, which crashes node >= 24.19 when it is collected.
    db.exec("PRAGMA synchronous = FULL");
    const who = db.prepare(
        "SELECT a.* FROM account a JOIN token t ON t.account_id = a.id WHERE t.digest = ?",
    );
    const page = db.prepare("SELECT * FROM task WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?");
    const one = db.prepare("SELECT * FROM task WHERE account_id = ? AND id = ?");
    const priceOf = db.prepare("SELECT * FROM item_price WHERE name = ?");
    const insert = db.prepare(
        `INSERT INTO task (account_id, name, note, creation_date, item, quantity, revision)
         VALUES (?, ?, ?, ?, ?, ?, 1) RETURNING *`,
    );
    const update = db.prepare(
        `UPDATE task SET completed_date = ?, paid_amount = ?, paid_currency = ?,
         revision = revision + 1 WHERE id = ? RETURNING *`,
    );
    const tick = db.transaction((owner, id, done) => {
        const task = one.get(owner, id);
        if (!task) return undefined;
        const price = done ? priceOf.get(task.item) : undefined;
        const paid = price ? price.price * task.quantity : null;
        return update.get(done ? now() : null, paid, price ? price.currency : null, id);
    });

    const app = express();
    app.disable("x-powered-by");
    app.use(express.json());

    app.use("/api/v1/accounts/:username", (request, response, next) => {
        const secret = (request.get("Authorization") ?? "").replace("Bearer ", "");
        const account = who.get(createHash("sha256").update(secret).digest("hex"));
        if (!account) return response.status(401).json({ message: "Log in" });
        if (account.username !== request.params.username) {
            return response.status(403).json({ message: "Not yours" });
        }
        request.account = account;
        next();
    });

    app.get("/api/v1/accounts/:username/tasks", (request, response) => {
        const limit = Number(request.query.limit ?? 50);
        const rows = page.all(request.account.id, Number(request.query.after ?? 0), limit + 1);
        const more = rows.length > limit;
        response.json({
            username: request.account.username,
            tasks: rows.slice(0, limit).map(wire),
            next: more ? `${request.path}?limit=${limit}&after=${rows[limit - 1].id}` : null,
        });
    });

    app.post("/api/v1/accounts/:username/tasks", (request, response) => {
        const { name, note, item, quantity } = request.body;
        const row = insert.get(request.account.id, name, note, now(), item, quantity);
        response.status(201).json(wire(row));
    });

    app.get("/api/v1/accounts/:username/tasks/:id", (request, response) => {
        answer(response, one.get(request.account.id, request.params.id));
    });

    app.patch("/api/v1/accounts/:username/tasks/:id", (request, response) => {
        const { completed } = request.body;
        answer(response, tick.immediate(request.account.id, request.params.id, completed));
    });

    app.get("/itemprice", (request, response) => {
        const name = request.query.itemname;
        response.json({ name, price: priceOf.get(name)?.price ?? 0 });
    });

    app.get("/sum", (request, response) => {
        const [number1, number2] = [Number(request.query.number1), Number(request.query.number2)];
        response.json({ number1, number2, total_sum: number1 + number2 });
    });

    app.get("/echo/*text", (request, response) => {
        const text = request.params.text.join("/");
        response.json({ echo: `${text} ${text}` });
    });

    app.listen(Number(process.env.PORT), "127.0.0.1");
}

function answer(response, row) {
    if (row) response.json(wire(row));
    else response.status(404).json({ message: "No such task" });
}

function now() {
    return new Date().toISOString().replace("T", " ").replace("Z", "000");
}

function moment(text) {
    return text && new Date(`${text.replace(" ", "T")}Z`).toISOString();
}

function wire(row) {
    return {
        id: row.id,
        name: row.name,
        note: row.note,
        creation_date: moment(row.creation_date),
        due_date: moment(row.due_date),
        completed: row.completed_date !== null,
        completed_date: moment(row.completed_date),
        item: row.item,
        quantity: row.quantity,
        paid: row.paid_amount === null ? null : { amount: row.paid_amount, currency: row.paid_currency },
        revision: row.revision,
    };
}
