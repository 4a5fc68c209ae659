// Keeps the page itself, so that it opens without a network. The server writes VERSION and FILES
// in front of this: whenever a file changes, this script does, and all of them are fetched anew.
// Data never goes through here: the page keeps its own copy of that.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = `page-${VERSION}`;

worker.addEventListener("install", (event) => event.waitUntil(install()));

async function install() {
  const answers = await Promise.all(FILES.map(async (path) => /** @type {const} */ ([path, await fetched(path)])));
  const cache = await caches.open(CACHE);
  await Promise.all(answers.map(([path, answer]) => cache.put(path, answer)));
}

/**
 * Fetch a file; raise TypeError if a gateway sends its login in place of it, which is no new page.
 * @param {string} path
 */
async function fetched(path) {
  /** @type {Record<string, string>} */
  const headers = path === "/" ? { Accept: "text/html" } : {};
  const answer = await fetch(path, { cache: "no-cache", redirect: "error", headers });
  const isPage = (answer.headers.get("Content-Type") ?? "").startsWith("text/html");
  const isOurs = path === "/" ? (await answer.clone().text()).includes('src="/web/app.js"') : !isPage;
  if (!answer.ok || !isOurs) throw new TypeError(`${path} was answered by something else.`);
  return answer;
}

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
  // `?gateway` is how the page gets past what is kept, to where a gateway asks for a login.
  if (request.method !== "GET" || !ours || url.searchParams.has("gateway") || (url.pathname === "/" && request.mode !== "navigate")) return;
  const kept = caches.open(CACHE).then((cache) => cache.match(url.pathname, { ignoreVary: true }));
  event.respondWith(kept.then((answer) => answer ?? fetch(request)));
});
