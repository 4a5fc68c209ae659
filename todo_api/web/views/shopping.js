// The shopping list: what there is to buy, what it costs, and what is in the basket already.

import { accountPath, call } from "../api.js";
import { dueOrder, today, inputsOf } from "../dates.js";
import { el, icon, reconcile } from "../dom.js";
import { rounded, scaled, written, writtenPrice } from "../money.js";
import { pricesOf } from "../prices.js";
import { text } from "../text.js";
import { addForm } from "./task_form.js";

const words = text.shopping;
const ASK_EVERY = 5_000; // Milliseconds between two looks at the prices, while this view is open.

/**
 * @param {App} app
 * @returns {View}
 */
export function create(app) {
  const { store, sync } = app;
  const prices = pricesOf(store);
  /** @type {{ stamp: string, totals: Money[] } | null} What the server counted, and of what. */
  let counted = null;

  const known = el("datalist", { id: "items" });
  const adding = addForm(app, true, known);
  const toBuy = el("ul", { class: "tasks", "aria-label": words.toBuy });
  const basket = el("ul", { class: "tasks", "aria-label": words.basket });
  const earlier = el("ul", { class: "tasks", "aria-label": words.earlier });
  const older = el("details", { class: "older" }, el("summary", {}, words.earlier), earlier);
  const total = el("output", { class: "sum" });
  const paid = el("output", { class: "sum" });
  const missing = el("p", { class: "quiet missing" });
  const empty = el("p", { class: "empty" }, words.empty);
  const hint = el("p", { class: "quiet" }, words.emptyBasket);
  const node = el("section", {},
    el("h2", { class: "unseen" }, text.views.shopping),
    adding.form,
    el("div", { class: "group" }, el("h3", {}, words.toBuy), el("p", { class: "total" }, `${words.total} `, total)),
    toBuy, empty, missing,
    el("div", { class: "group" }, el("h3", {}, words.basket), el("p", { class: "total" }, `${words.paid} `, paid)),
    basket, hint, older);

  /** @param {Shown} task */
  async function tick(task) {
    const completed = !task.completed;
    const cost = costOf({ ...task, completed: false });
    await store.change(task.key, { completed });
    const message = completed ? words.put(task.item ?? "", cost ?? "") : words.back(task.item ?? "");
    app.say(message);
    app.toast(message, { label: text.undo, run: () => store.change(task.key, { completed: !completed }) });
  }

  /** @param {Shown} task */
  async function remove(task) {
    const back = await store.remove(task.key);
    app.toast(text.deleted(task.name), { label: text.undo, run: back });
  }

  /**
   * Return what a line costs or cost, in words; null without a price.
   * @param {Shown} task
   */
  function costOf(task) {
    if (task.completed) return task.paid && written(task.paid.amount, task.paid.currency);
    const cost = prices.cost(task.item, task.quantity);
    return cost && written(rounded(cost.exact, cost.currency), cost.currency);
  }

  /** @param {Shown} task */
  function build(task) {
    const price = prices.of(task.item);
    const cost = costOf(task);
    const label = task.name === task.item ? null : task.name;
    return el("li", { class: task.completed ? "task done" : "task", "data-task": task.key },
      el("button", { type: "button", class: "tick", role: "checkbox", "aria-checked": String(task.completed), "aria-label": words.tick(task.item ?? ""), "data-role": "tick", click: () => tick(task) }, icon("check")),
      el("div", { class: "line" },
        el("span", { class: "title", dir: "auto" }, task.quantity === 1 ? "" : `${task.quantity} × `, task.item),
        el("span", { class: "about" },
          label && el("span", { dir: "auto" }, label),
          !task.completed && price && el("span", {}, words.each(writtenPrice(price.price, price.currency), price.unit)),
          task.held ? el("a", { class: "late", href: "#/waiting" }, text.tasks.needs) : task.pending && el("span", { class: "pending" }, text.tasks.pending))),
      cost ? el("span", { class: "cost" }, cost) : el("span", { class: "badge" }, words.unpriced),
      el("button", { type: "button", class: "icon-only", "aria-label": text.tasks.removing(task.item ?? ""), "data-role": "remove", click: () => remove(task) }, icon("trash")));
  }

  /**
   * Add up exactly, and round once for each currency, as the server does.
   * @param {Shown[]} tasks
   */
  function sums(tasks) {
    /** @type {Map<string, bigint>} */
    const exact = new Map();
    for (const task of tasks) {
      const cost = prices.cost(task.item, task.quantity);
      if (cost) exact.set(cost.currency, (exact.get(cost.currency) ?? 0n) + cost.exact);
    }
    return [...exact].sort().map(([currency, sum]) => written(rounded(sum, currency), currency));
  }

  /** What an answer of the server is about: with the same, it holds. */
  const stamp = () => JSON.stringify([store.meta.get("token"), store.ops.map((op) => op.id), prices.list]);

  function update() {
    const zone = app.account.timezone;
    const items = store.tasks().filter((task) => task.item !== null);
    const open = items.filter((task) => !task.completed);
    const bought = items.filter((task) => task.completed).sort((one, other) => ((one.completed_date ?? "") < (other.completed_date ?? "") ? 1 : -1));
    const now = today(zone);
    const isNew = (/** @type {Shown} */ task) => inputsOf(task.completed_date, zone).day === now;
    open.sort((one, other) => {
      const [a, b] = [one, other].map((task) => dueOrder(task.due_date, zone) ?? Infinity);
      return a === b ? (one.id ?? Infinity) - (other.id ?? Infinity) || (one.key < other.key ? -1 : 1) : a - b;
    });
    const look = (/** @type {Shown} */ task) => JSON.stringify([task, costOf(task), prices.of(task.item)?.price]);
    for (const [list, rows] of /** @type {[HTMLElement, Shown[]][]} */ ([[toBuy, open], [basket, bought.filter(isNew)], [earlier, bought.filter((task) => !isNew(task)).slice(0, 100)]])) {
      reconcile(list, rows, (task) => task.key, look, build);
      list.hidden = !rows.length;
    }
    older.hidden = earlier.hidden;
    empty.hidden = open.length > 0;
    hint.hidden = !basket.hidden || !open.length;
    const fresh = counted?.stamp === stamp() ? counted.totals.map(({ amount, currency }) => written(amount, currency)) : null;
    total.textContent = (fresh ?? sums(open)).join(" + ") || words.none;
    total.title = fresh ? "" : words.estimate;
    paid.textContent = paidOf(bought.filter(isNew)).join(" + ") || words.none;
    const unpriced = open.filter((task) => !prices.of(task.item)).length;
    missing.textContent = unpriced ? words.unpricedCount(unpriced) : "";
    missing.hidden = !unpriced;
    const names = prices.list.slice(0, 1000).map((price) => price.name);
    if (known.dataset.look !== names.join("\n")) {
      known.dataset.look = names.join("\n");
      known.replaceChildren(...names.map((name) => el("option", { value: name })));
    }
  }

  let asking = false;

  /** Ask the server for prices and the total, and show them if this is still what they are about. */
  async function ask() {
    if (asking || document.hidden || sync.isAway) return;
    asking = true;
    try {
      await prices.refresh(store.tasks().map((task) => task.item));
      const before = stamp();
      if (!store.ops.length) {
        const path = `${accountPath(app.session.username)}/tasks/total`;
        const { data } = await call("GET", path, { token: app.session.token });
        counted = { stamp: before, totals: data.totals };
      }
      update();
    } catch {
      // Without a network the prices that are known hold.
    } finally {
      asking = false;
    }
  }

  update();
  ask();
  const timer = setInterval(ask, ASK_EVERY);
  document.addEventListener("visibilitychange", ask);
  let last = stamp();
  return {
    node,
    title: text.views.shopping,
    update() {
      update();
      if (last !== stamp()) ask();
      last = stamp();
    },
    shortcut(key) {
      const focused = document.activeElement?.closest("[data-task]");
      const task = focused && store.task(/** @type {HTMLElement} */ (focused).dataset.task ?? "");
      if (key === "n") adding.focus();
      else if (key === "ArrowDown" || key === "j") move(1);
      else if (key === "ArrowUp" || key === "k") move(-1);
      else if (task && key === "x") tick(task);
      else if (task && key === "Delete") remove(task);
      else return false;
      return true;
    },
    leave() {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    },
  };

  /** @param {number} step */
  function move(step) {
    const ticks = /** @type {HTMLElement[]} */ ([...node.querySelectorAll('[data-role="tick"]')].filter((each) => each.checkVisibility?.() ?? true));
    const here = ticks.findIndex((each) => each.closest("li")?.contains(document.activeElement));
    ticks[here < 0 ? 0 : Math.max(0, Math.min(ticks.length - 1, here + step))]?.focus();
  }
}

/**
 * Add up what was paid, each amount rounded already when it was.
 * @param {Shown[]} tasks
 */
function paidOf(tasks) {
  /** @type {Map<string, bigint>} */
  const exact = new Map();
  for (const { paid } of tasks) {
    if (paid) exact.set(paid.currency, (exact.get(paid.currency) ?? 0n) + (scaled(paid.amount) ?? 0n) * 10_000n);
  }
  return [...exact].sort().map(([currency, sum]) => written(rounded(sum, currency), currency));
}
