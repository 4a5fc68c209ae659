// The page: who is here, which view is shown, and what the person is told about the rest.

import { GATEWAY, accountPath, call, keepSession, onEnd, session } from "./api.js";
import { el, icon } from "./dom.js";
import { text } from "./text.js";

/** @type {Record<string, { icon: Parameters<typeof icon>[0], load: () => Promise<{ create(app: App): View }>, admin?: boolean, hidden?: boolean }>} */
const VIEWS = {
  tasks: { icon: "list", load: () => import("./views/tasks.js") },
  shopping: { icon: "cart", load: () => import("./views/shopping.js") },
  prices: { icon: "tag", load: () => import("./views/prices.js") },
  profile: { icon: "person", load: () => import("./views/profile.js") },
  messages: { icon: "mail", load: () => import("./views/messages.js"), admin: true },
  waiting: { icon: "clock", load: () => import("./views/waiting.js"), hidden: true },
};

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const [greeting, status, nav, main, toasts, voice] = ["greeting", "status", "nav", "main", "toasts", "voice"].map(byId);

/** @type {(App & { stop(): void }) | null} */
let app = null;
/** @type {View | null} */
let view = null;
let undo = () => {};

/** @param {string} message */
function say(message) {
  voice.textContent = "";
  setTimeout(() => (voice.textContent = message), 50);
}

/**
 * @param {string} message
 * @param {{ label: string, run: () => void }} [action]
 */
function toast(message, action) {
  let left = setTimeout(close, 8000);
  const run = () => {
    close();
    action?.run();
  };
  const box = el("div", { class: "toast", mouseenter: () => clearTimeout(left), mouseleave: () => (left = setTimeout(close, 3000)), focusin: () => clearTimeout(left) },
    el("span", {}, message),
    action && el("button", { type: "button", click: run }, action.label),
    el("button", { type: "button", class: "icon-only", "aria-label": text.close, click: close }, icon("close")));
  function close() {
    clearTimeout(left);
    if (box.contains(document.activeElement)) main.focus();
    box.remove();
  }
  toasts.replaceChildren(box);
  if (action) undo = () => box.isConnected && run();
}

/** @param {View} next */
function show(next) {
  view?.leave?.();
  view = next;
  document.title = `${next.title} · todo_api`;
  main.replaceChildren(next.node);
}

/**
 * Show the forms of somebody who is not logged in.
 * @param {string} [notice]
 * @param {string} [username]
 */
async function welcome(notice, username) {
  app?.stop();
  app = null;
  greeting.textContent = text.hello(text.world);
  nav.hidden = true;
  status.replaceChildren();
  toasts.replaceChildren();
  const { create } = await import("./views/welcome.js");
  if (!app) show(create({ notice, username, enter, toast }));
}

/**
 * Show the list of somebody who is logged in, from the copy on this device first.
 * @param {Session} who
 * @param {Account} [account]
 */
async function enter(who, account) {
  const [{ openStorage }, { Store }, { Sync }, { Live }, { ZoneOffer }] = await Promise.all([
    import("./storage.js"), import("./store.js"), import("./sync.js"), import("./live.js"), import("./zone.js"),
  ]);
  const store = new Store(await openStorage(who.username), who.username);
  await store.load();
  if (account) await store.remember("account", account);
  keepSession(who);
  const sync = new Sync(store, who);
  const live = new Live(sync);
  app = {
    session: who, store, sync, toast, say, logout,
    get account() {
      return store.meta.get("account") ?? { username: who.username, email: "", date_joined: "", timezone: "UTC", pets: [], listed: false, is_admin: false };
    },
    stop() {
      zoneOffer.remove();
      live.stop();
      sync.stop();
      store.close();
    },
  };
  const mine = app;
  const zoneOffer = new ZoneOffer(mine, main);
  let drawn = 0;
  const changed = () => {
    cancelAnimationFrame(drawn);
    drawn = requestAnimationFrame(() => {
      if (mine !== app) return;
      draw();
      zoneOffer.update();
    });
  };
  store.addEventListener("change", changed);
  store.addEventListener("change", () => store.ops.some((op) => !op.held && !op.until) && !sync.isAway && sync.push());
  store.addEventListener("wiped", () => mine === app && welcome(text.welcome.loggedOut));
  sync.addEventListener("status", changed);
  drawTop();
  await route();
  sync.push();
  live.start(who.username);
  const { pricesOf } = await import("./prices.js");
  if (!pricesOf(store).list.length) pricesOf(store).refresh([]).catch(() => {});
}

function draw() {
  drawTop();
  if (view?.stale?.()) route();
  else view?.update?.();
}

function drawTop() {
  if (!app) return;
  const { store, sync, account, session: who } = app;
  const name = account.username ?? who.username;
  if (greeting.textContent !== text.hello(name)) greeting.textContent = text.hello(name);
  const held = store.held.length;
  const unsent = store.ops.length - held;
  const words = [text.status[sync.status], unsent > 0 && text.status.unsent(unsent)].filter(Boolean).join(" · ");
  const look = JSON.stringify([words, held, store.keeper.kind, store.unsafe]);
  if (status.dataset.look !== look) {
    status.dataset.look = look;
    status.replaceChildren(
      el("span", { class: `state ${sync.status}` }, words),
      ...(sync.status === "gateway" ? [el("a", { class: "needs", href: GATEWAY }, text.gateway.go)] : []),
      ...(held ? [el("a", { class: "needs", href: "#/waiting" }, text.status.needs(held))] : []),
      ...(store.unsafe || store.keeper.kind === "memory" ? [el("span", { class: "state" }, store.unsafe ? text.status.unsafe : text.status.memory)] : []),
    );
    if (sync.isAway || held) say(status.textContent ?? "");
  }
  const here = current();
  const links = Object.entries(VIEWS).filter(([, each]) => !each.hidden && (!each.admin || account.is_admin));
  const shown = JSON.stringify([here, links.length]);
  if (nav.dataset.look === shown && !nav.hidden) return;
  nav.dataset.look = shown;
  nav.hidden = false;
  nav.setAttribute("aria-label", text.views.nav);
  nav.replaceChildren(...links.map(([name, each]) =>
    el("a", { href: name === "tasks" ? "#/" : `#/${name}`, "aria-current": name === here && "page" }, icon(each.icon), el("span", {}, text.views[/** @type {keyof typeof text.views} */ (name)]))),
    el("button", { type: "button", class: "help", "aria-label": text.help.open, click: help }, "?"));
}

function current() {
  const name = location.hash.replace(/^#\/?/, "") || "tasks";
  return Object.hasOwn(VIEWS, name) ? name : "tasks";
}

async function route() {
  const mine = app;
  if (!mine) return;
  const name = current();
  const { create } = await VIEWS[name].load();
  if (mine !== app || name !== current()) return;
  const first = !view || !nav.dataset.view || nav.dataset.view === name;
  nav.dataset.view = name;
  show(create(mine));
  drawTop();
  if (!first) main.focus();
  scrollTo(0, 0);
}

/** @param {boolean} everywhere */
async function logout(everywhere) {
  const mine = app;
  if (!mine) return;
  const { store, session: who } = mine;
  const waiting = store.ops.length + store.drafts.keys().length;
  if (waiting) {
    const { ask } = await import("./views/ask.js");
    if (!(await ask(text.leaving.title, text.leaving.about(waiting), text.leaving.stay, text.leaving.leave))) return;
  }
  mine.stop();
  const { token } = who;
  const ending = everywhere ? call("DELETE", `${accountPath(who.username)}/tokens`, { token }) : call("POST", "/api/v1/accounts/logout", { token });
  // Without a network the token lives on at the server; without it this device has nothing of it.
  await ending.catch(() => {});
  keepSession(null);
  await store.wipe();
  location.hash = "";
  await welcome(text.welcome.loggedOut);
}

onEnd(async (token) => {
  if (!app || app.session.token !== token) return;
  const { store, session: who } = app;
  const waiting = store.ops.length + store.drafts.keys().length;
  keepSession(null);
  app.stop();
  if (!waiting) await store.wipe();
  await welcome(waiting ? text.welcome.endedWaiting(waiting) : text.welcome.ended, who.username);
});

async function help() {
  const { open } = await import("./views/help.js");
  open();
}

/** Whether single keys act; somebody who speaks to their computer may turn them off. */
function keysAct() {
  try {
    return localStorage.getItem("todo_api:keys") !== "off";
  } catch {
    return true;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !app) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (document.querySelector("dialog[open]") || target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea")) return;
  const arrow = event.key.startsWith("Arrow") || event.key === "Delete";
  if (!arrow && !keysAct() && event.key !== "?") return;
  const links = /** @type {NodeListOf<HTMLElement>} */ (nav.querySelectorAll("a"));
  if (event.key === "?") help();
  else if (event.key === "z") undo();
  else if (/^[1-5]$/.test(event.key) && links[Number(event.key) - 1]) links[Number(event.key) - 1].click();
  else if (!view?.shortcut?.(event.key)) return;
  event.preventDefault();
});

document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener("hashchange", route);
window.addEventListener("storage", (event) => {
  if (event.key !== "todo_api:session") return;
  const now = session();
  if (now && now.token !== app?.session.token) app ? location.reload() : enter(now);
  else if (!now && app) welcome(text.welcome.loggedOut);
});

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("/sw.js").then((registration) => {
    let asked = false;
    const offer = () => {
      const next = registration.waiting;
      if (next && navigator.serviceWorker.controller) {
        toast(text.status.version, { label: text.status.reload, run: () => ((asked = true), next.postMessage("take over")) });
      }
    };
    offer();
    registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
    navigator.serviceWorker.addEventListener("controllerchange", () => asked && location.reload());
  }, () => {});
}

if (location.search === GATEWAY.slice(1)) history.replaceState(null, "", location.pathname + location.hash);
const known = session();
if (known) enter(known);
else welcome();
