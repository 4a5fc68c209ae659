// Keeps the page itself, so that it opens without a network. The server writes VERSION and FILES
// in front of this: whenever a file changes, this script does, and all of them are fetched anew.
// Data never goes through here: the page keeps its own copy of that.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = `page-${VERSION}`;

worker.addEventListener("install", (event) => {
  const requests = FILES.map((path) => new Request(path, { cache: "no-cache", headers: path === "/" ? { Accept: "text/html" } : {} }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

worker.addEventListener("activate", (event) => {
  const others = caches.keys().then((names) => names.filter((name) => name !== CACHE));
  event.waitUntil(others.then((names) => Promise.all(names.map((name) => caches.delete(name)))).then(() => worker.clients.claim()));
});

worker.addEventListener("message", (event) => {
  if (event.data === "take over") worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const ours = url.origin === worker.location.origin && FILES.includes(url.pathname);
  if (request.method !== "GET" || !ours || (url.pathname === "/" && request.mode !== "navigate")) return;
  const kept = caches.open(CACHE).then((cache) => cache.match(url.pathname, { ignoreVary: true }));
  event.respondWith(kept.then((answer) => answer ?? fetch(request)));
});
