// The to-do list: add, tick, edit in place, delete with undo, filter, search, sort.

import { dueOrder, dueText, isOverdue } from "../dates.js";
import { el, forgetLook, icon, reconcile } from "../dom.js";
import { compareKeys, nameKey } from "../names.js";
import { text } from "../text.js";
import { addForm, editForm } from "./task_form.js";

const words = text.tasks;
const AT_ONCE = 200;

/** @typedef {keyof typeof words.filters} FilterName */

/** @param {string | number} one @param {string | number} other */
const compared = (one, other) =>
  typeof one === "string" && typeof other === "string" ? compareKeys(one, other) : one < other ? -1 : one > other ? 1 : 0;

/**
 * @param {Shown[]} tasks
 * @param {string} sort
 * @param {string} zone
 */
export function sorted(tasks, sort, zone) {
  const sign = sort.startsWith("-") ? -1 : 1;
  const name = sort.replace("-", "");
  const by = (/** @type {Shown} */ task) =>
    name === "due_date" ? dueOrder(task.due_date, zone) : name === "name" ? nameKey(task.name) : task.creation_date;
  const rows = tasks.map((task) => /** @type {const} */ ([task, by(task), task.id ?? Infinity]));
  rows.sort(([, one, id], [, other, otherId]) => {
    // What has no due date is last, whichever way the others run.
    if (one === null || other === null) return Number(one === null) - Number(other === null) || sign * compared(id, otherId);
    return sign * (compared(one, other) || compared(id, otherId));
  });
  return rows.map(([task]) => task);
}

/**
 * Say what a task is to buy, without its name once more.
 * @param {Shown} task
 */
function amountOf({ name, item, quantity }) {
  if (item === name) return quantity === 1 ? "" : `× ${quantity}`;
  return quantity === 1 ? item : `${quantity} × ${item}`;
}

/** What this view was asked to show, for as long as the page is open. */
const asked = { filter: /** @type {FilterName} */ ("open"), sort: "due_date", search: "" };

/**
 * @param {App} app
 * @returns {View}
 */
export function create(app) {
  const { store } = app;
  /** @type {Map<string, ReturnType<typeof editForm>>} */
  const editors = new Map();
  let most = AT_ONCE;
  const adding = addForm(app, false);
  const list = el("ul", { class: "tasks", "aria-label": words.list });
  const count = el("p", { class: "quiet", role: "status" });
  const empty = el("p", { class: "empty" });
  const more = el("button", { type: "button", class: "plain wide", click: () => ((most += AT_ONCE), update()) }, text.more);
  /** @type {HTMLInputElement} */
  const search = el("input", { type: "search", "aria-label": text.search, placeholder: text.search, value: asked.search, input: () => ((asked.search = search.value), update()) });
  /** @type {HTMLSelectElement} */
  const sort = el("select", { "aria-label": words.sort, change: () => ((asked.sort = sort.value), update()) },
    ...Object.entries(words.sorts).map(([value, name]) => el("option", { value, selected: value === asked.sort }, name)));
  const filters = /** @type {FilterName[]} */ (Object.keys(words.filters)).map((name) => {
    const number = el("span", { class: "count" });
    const radio = el("input", { type: "radio", name: "filter", value: name, change: () => ((asked.filter = name), update()) });
    radio.checked = name === asked.filter;
    return { name, number, label: el("label", {}, radio, el("span", {}, words.filters[name], number)) };
  });
  const node = el("section", {},
    el("h2", { class: "unseen" }, text.views.tasks),
    adding.form,
    el("div", { class: "tools" },
      el("fieldset", { class: "filters" }, el("legend", { class: "unseen" }, words.filter), ...filters.map(({ label }) => label)),
      search, sort),
    count, list, empty, more);

  /** @param {Shown} task */
  async function tick(task) {
    const completed = !task.completed;
    const message = completed ? words.done(task.name) : words.reopened(task.name);
    await store.change(task.key, { completed });
    app.say(message);
    app.toast(message, { label: text.undo, run: () => store.change(task.key, { completed: !completed }) });
  }

  /** @param {Shown} task */
  async function remove(task) {
    const back = await store.remove(task.key);
    app.toast(text.deleted(task.name), { label: text.undo, run: back });
  }

  /** @param {Shown} task */
  function edit(task) {
    if (editors.has(task.key)) return;
    const editor = editForm(app, task, () => {
      editors.delete(task.key);
      const row = editor.form.parentElement;
      if (row) {
        delete row.dataset.busy;
        forgetLook(row);
      }
      update();
      rowOf(task.key)?.querySelector("button.name")?.dispatchEvent(new Event("refocus"));
    });
    editors.set(task.key, editor);
    update();
    const row = rowOf(task.key);
    if (!row) return;
    row.replaceChildren(editor.form);
    row.dataset.busy = "";
    editor.focus();
  }

  /** @param {string} key */
  const rowOf = (key) => /** @type {HTMLElement | null} */ (list.querySelector(`[data-task="${CSS.escape(key)}"]`));

  /** @param {Shown} task */
  function build(task) {
    const zone = app.account.timezone;
    const late = isOverdue(task, zone);
    const check = el("button", { type: "button", class: "tick", role: "checkbox", "aria-checked": String(task.completed), "aria-label": words.tick(task.name), "data-role": "tick", click: () => tick(task) }, icon("check"));
    /** @type {HTMLButtonElement} */
    const name = el("button", { type: "button", class: "name", "data-role": "name", click: () => edit(task), refocus: () => name.focus() },
      el("span", { class: "title", dir: "auto" }, task.name),
      el("span", { class: "about" },
        task.due_date && el("span", { class: late ? "late" : "" }, late && el("strong", {}, `${words.overdue}: `), dueText(task.due_date, zone, words.days)),
        task.item && el("span", { class: "to-buy" }, icon("cart"), el("span", { dir: "auto" }, amountOf(task))),
        task.note && el("span", { class: "note", dir: "auto" }, task.note),
        task.held ? el("span", { class: "late" }, words.needs) : task.pending && el("span", { class: "pending" }, words.pending)));
    const bin = el("button", { type: "button", class: "icon-only", "aria-label": words.removing(task.name), "data-role": "remove", click: () => remove(task) }, icon("trash"));
    return el("li", { class: task.completed ? "task done" : "task", "data-task": task.key }, check, name, bin);
  }

  function update() {
    const zone = app.account.timezone;
    const all = store.tasks();
    const wanted = nameKey(asked.search);
    const found = wanted ? all.filter((task) => nameKey(task.name).includes(wanted) || nameKey(task.note ?? "").includes(wanted)) : all;
    const groups = {
      open: found.filter((task) => !task.completed),
      overdue: found.filter((task) => isOverdue(task, zone)),
      done: found.filter((task) => task.completed),
      all: found,
    };
    for (const { name, number } of filters) number.textContent = String(groups[name].length);
    const chosen = new Set(groups[asked.filter].map((task) => task.key));
    // What is being edited stays, whatever is asked for.
    const gone = [...editors].filter(([key]) => !all.some((task) => task.key === key)).map(([, { task }]) => task);
    const rows = sorted([...all.filter((task) => chosen.has(task.key) || editors.has(task.key)), ...gone], asked.sort, zone);
    const look = (/** @type {Shown} */ task) => JSON.stringify([task, zone, isOverdue(task, zone)]);
    reconcile(list, rows.slice(0, most), (task) => task.key, look, build);
    for (const editor of editors.values()) editor.update();
    count.textContent = words.shown(rows.length);
    more.hidden = rows.length <= most;
    list.hidden = !rows.length;
    empty.hidden = rows.length > 0;
    empty.textContent = wanted ? words.empty.search(asked.search) : words.empty[asked.filter];
  }

  /** @param {number} step */
  function move(step) {
    const rows = /** @type {HTMLElement[]} */ ([...list.children]);
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const role = /** @type {HTMLElement} */ (document.activeElement)?.dataset.role ?? "tick";
    const row = rows[here < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, here + step))];
    /** @type {HTMLElement | null} */ (row?.querySelector(`[data-role="${here < 0 ? "tick" : role}"]`))?.focus();
  }

  function focused() {
    const row = /** @type {HTMLElement | null} */ (document.activeElement?.closest("[data-task]"));
    return row && !("busy" in row.dataset) ? store.task(row.dataset.task ?? "") : null;
  }

  /** @param {string} key */
  function shortcut(key) {
    if (key === "n") adding.focus();
    else if (key === "/") search.focus();
    else if (key === "ArrowDown" || key === "j") move(1);
    else if (key === "ArrowUp" || key === "k") move(-1);
    else {
      const task = focused();
      if (!task) return false;
      if (key === "x") tick(task);
      else if (key === "e") edit(task);
      else if (key === "Delete") remove(task);
      else return false;
    }
    return true;
  }

  update();
  for (const key of store.drafts.keys()) {
    const task = key.startsWith("edit:") && (store.task(key.slice(5)) ?? store.drafts.get(key)?.seen?.base);
    if (task) edit(task);
  }
  // The clock makes tasks overdue, too.
  const clock = setInterval(update, 30_000);
  return { node, title: text.views.tasks, update, shortcut, leave: () => clearInterval(clock) };
}
