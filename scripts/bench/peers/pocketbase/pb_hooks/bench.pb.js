// What PocketBase does beside what it does by itself.

// By itself its commits do not wait for the disk. All that writes goes over this one connection.
onBootstrap((event) => {
    event.next();
    $app.nonconcurrentDB().newQuery("PRAGMA synchronous = FULL").execute();
});

routerAdd("GET", "/synchronous", (event) => {
    const found = new DynamicModel({ synchronous: 0 });
    $app.nonconcurrentDB().newQuery("PRAGMA synchronous").one(found);
    return event.json(200, found);
});

onRecordCreate((event) => {
    event.record.set("revision", 1);
    event.next();
}, "task");

// A task that is ticked costs what its item costs by then.
onRecordUpdate((event) => {
    const task = event.record;
    const done = task.getBool("completed");
    if (done !== task.original().getBool("completed")) {
        let paid = null;
        if (done && task.getString("item")) {
            try {
                const price = event.app.findFirstRecordByData("item_price", "name", task.getString("item"));
                const amount = price.getFloat("price") * task.getFloat("quantity");
                paid = { amount, currency: price.getString("currency") };
            } catch {
                // There is no price: nothing is paid.
            }
        }
        task.set("completed_date", done ? new DateTime() : "");
        task.set("paid", paid);
    }
    task.set("revision+", 1);
    event.next();
}, "task");
