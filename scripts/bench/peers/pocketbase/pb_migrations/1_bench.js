// PocketBase's collections: tasks that are their owner's alone, and prices for everybody.
migrate((app) => {
    const users = app.findCollectionByNameOrId("users");
    const owners = "owner = @request.auth.id";

    app.save(new Collection({
        name: "task",
        type: "base",
        listRule: owners,
        viewRule: owners,
        createRule: owners,
        updateRule: owners,
        fields: [
            { name: "owner", type: "relation", collectionId: users.id, required: true, maxSelect: 1 },
            { name: "name", type: "text", required: true, max: 255 },
            { name: "note", type: "text", max: 10000 },
            { name: "creation_date", type: "autodate", onCreate: true },
            { name: "due_date", type: "date" },
            { name: "completed", type: "bool" },
            { name: "completed_date", type: "date" },
            { name: "item", type: "text", max: 255 },
            { name: "quantity", type: "number", min: 0, max: 10000 },
            { name: "paid", type: "json" },
            { name: "revision", type: "number" },
        ],
        indexes: ["CREATE INDEX ix_task_owner ON task (owner, creation_date)"],
    }));

    app.save(new Collection({
        name: "item_price",
        type: "base",
        listRule: "",
        viewRule: "",
        fields: [
            { name: "name", type: "text", required: true, max: 255 },
            { name: "price", type: "number" },
            { name: "currency", type: "text", max: 3 },
        ],
        indexes: ["CREATE UNIQUE INDEX ix_item_price_name ON item_price (name)"],
    }));

    // Without a superuser each start would ask for one.
    for (const who of ["_superusers", ...$os.getenv("BENCH_USERS").split(",")]) {
        const superuser = who === "_superusers";
        const record = new Record(superuser ? app.findCollectionByNameOrId(who) : users);
        record.setEmail(`${superuser ? "root" : who}@example.com`);
        record.setPassword($os.getenv("BENCH_PASSWORD"));
        app.save(record);
    }
});
