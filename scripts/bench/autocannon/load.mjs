// What autocannon sends, where there is no wrk: see load.lua, which says how the file is written.
import { readFileSync } from "node:fs";
import autocannon from "autocannon";

const [url, file, connections, seconds] = process.argv.slice(2);
const text = readFileSync(file, "utf8");
const lines = text.split("\n").filter(Boolean).map((line) => line.split("\t"));
const asks = lines
    .filter(([kind]) => kind === "ask")
    .map(([, weight, method, path, body, ...headers]) => ({
        weight: Number(weight),
        method,
        path,
        body,
        headers: Object.fromEntries(headers.map((header) => header.split(/: (.*)/s))),
    }));
const tasks = lines
    .filter(([kind]) => kind === "task")
    .map(([, path, tag]) => ({ path, tag, done: false }));
const weights = asks.reduce((sum, ask) => sum + ask.weight, 0);

function filled(text) {
    return text.replace(/{(\d+)-(\d+)}/g, (_, least, most) =>
        String(Number(least) + Math.floor(Math.random() * (most - least + 1))),
    );
}

function drawn() {
    let left = Math.random() * weights;
    return asks.find((ask) => (left -= ask.weight) < 0) ?? asks.at(-1);
}

const any = {
    setupRequest: (request) => {
        const { method, path, body, headers } = drawn();
        return { ...request, method, headers, path: filled(path), body: filled(body) || undefined };
    },
};

const tick = {
    setupRequest: (request, context) => {
        const task = (context.task = tasks.shift());
        const guard = task.tag ? { "If-Match": task.tag } : {};
        return {
            ...request,
            method: "PATCH",
            path: task.path,
            headers: { ...asks[0].headers, ...guard },
            body: JSON.stringify({ completed: !task.done }),
        };
    },
    onResponse: (status, body, context, headers) => {
        if (status !== 200) return;
        const tag = Object.entries(headers).find(([name]) => name.toLowerCase() === "etag");
        const { path } = context.task;
        tasks.push({ path, tag: tag?.[1].startsWith("W/") ? "" : tag?.[1], done: JSON.parse(body).completed });
    },
};

const result = await autocannon({
    url,
    connections: Number(connections),
    duration: Number(seconds),
    requests: [tasks.length ? tick : any],
});
const wrong = result["4xx"] + result["5xx"] + result.errors + result.timeouts;
console.log(
    JSON.stringify({
        requests: result.requests.total,
        seconds: result.duration,
        p50: result.latency.p50,
        p99: result.latency.p99,
        wrong,
    }),
);
