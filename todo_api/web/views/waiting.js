// What waits for a decision: writes that met another version, and writes that the server refused.

import { dueText } from "../dates.js";
import { el } from "../dom.js";
import { text } from "../text.js";
import { retryForm } from "./task_form.js";

const words = text.waiting;
const NAMES = /** @type {const} */ (["name", "note", "due_date", "item", "quantity", "completed"]);

/** @param {Shown | Task} task @returns {Fields} */
const fieldsOf = (task) => Object.fromEntries(NAMES.map((name) => [name, task[name]]));

/**
 * @param {App} app
 * @returns {View}
 */
export function create(app) {
  const { store } = app;
  const place = el("div", { class: "cards" });
  const about = el("p", { class: "quiet" });
  const node = el("section", {}, el("h2", {}, text.views.waiting), about, place);
  let look = "";

  /** @param {keyof Fields} name @param {Fields} fields */
  function shown(name, fields) {
    const value = fields[name];
    if (name === "completed") return value ? words.yes : words.no;
    if (value === null || value === undefined || value === "") return words.nothing;
    return name === "due_date" ? dueText(String(value), app.account.timezone, text.tasks.days) : String(value);
  }

  /** @param {boolean} done */
  function told(done) {
    if (!done) app.toast(words.busy);
    else document.getElementById("main")?.focus();
  }

  /** @param {Op} op @param {Held} held */
  function conflict(op, { theirs, etag }) {
    const { base } = op;
    if (!base) return "";
    /** @type {Shown} What its author saw, with what they made of it. */
    const mine = Object.assign({}, base, ...store.opsOf(op.task).map((each) => each.fields));
    const entry = { key: op.task, id: theirs?.id ?? null, server: theirs, etag, gone: false };
    const keepTheirs = () => store.replace(op.task, [], theirs ? entry : null).then(told);
    const button = (/** @type {string} */ label, /** @type {() => void} */ click, primary = false) =>
      el("button", { type: "button", class: primary ? "primary" : "", click }, label);
    if (!theirs) {
      const bringBack = () => store.replace(op.task, [
        { kind: "restore", fields: {}, etag: null, base },
        { kind: "change", fields: fieldsOf(mine), etag: null, base },
      ]).then(told);
      return card(words.gone(mine.name), el("dl", { class: "values" }, ...NAMES.flatMap((name) => [el("dt", {}, label(name)), el("dd", { dir: "auto" }, shown(name, fieldsOf(mine)))])),
        button(words.bringBack, bringBack, true), button(words.letGo, keepTheirs));
    }
    if (op.kind === "delete") {
      const anyway = () => store.replace(op.task, [{ kind: "delete", fields: {}, etag, base }], entry).then(told);
      return card(words.deletion(base.name), table(op, fieldsOf(base), fieldsOf(theirs), null),
        button(words.keepTheirs, keepTheirs, true), button(words.deleteIt, anyway));
    }
    /** @type {Map<keyof Fields, HTMLInputElement>} */
    const chosen = new Map();
    const [own, other] = [fieldsOf(mine), fieldsOf(theirs)];
    const send = (/** @type {Fields} */ fields) =>
      store.replace(op.task, [{ kind: "change", fields, etag, base: { ...theirs, key: op.task, pending: false, held: null } }], entry).then(told);
    return card(words.changed(mine.name), table(op, own, other, chosen),
      button(words.keepMine, () => send(differing(own, other)), true),
      button(words.keepTheirs, keepTheirs),
      button(words.keepBoth, () => send(Object.fromEntries([...chosen].filter(([, radio]) => radio.checked).map(([name]) => [name, own[name]])))));
  }

  /**
   * Show both versions side by side; where `chosen` is given, let one be marked for each field.
   * @param {Op} op
   * @param {Fields} mine
   * @param {Fields} theirs
   * @param {Map<keyof Fields, HTMLInputElement> | null} chosen
   */
  function table(op, mine, theirs, chosen) {
    const rows = NAMES.filter((name) => mine[name] !== theirs[name]).map((name) => {
      const cell = (/** @type {"mine" | "theirs"} */ whose) => {
        const value = el("span", { dir: "auto" }, shown(name, whose === "mine" ? mine : theirs));
        if (!chosen) return el("td", { role: "cell" }, value);
        const radio = el("input", { type: "radio", name: `${op.id}-${name}`, "aria-label": `${label(name)}: ${words[whose]}` });
        // What only one side has touched is marked by itself.
        radio.checked = (op.base?.[name] === mine[name]) === (whose === "theirs");
        if (whose === "mine") chosen.set(name, radio);
        return el("td", { role: "cell" }, el("label", { class: "choice" }, radio, value));
      };
      return el("tr", { role: "row" }, el("th", { scope: "row", role: "rowheader" }, label(name)), cell("mine"), cell("theirs"));
    });
    // On a phone its rows are laid out as grids; the roles say that they are rows all the same.
    const heads = [words.field, words.mine, words.theirs].map((each) => el("th", { scope: "col", role: "columnheader" }, each));
    return el("table", { class: "versions", role: "table" }, el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)), el("tbody", { role: "rowgroup" }, ...rows));
  }

  /** @param {Op} op @param {Held} held */
  function refused(op, held) {
    const mine = store.task(op.task) ?? op.base;
    if (!mine) return "";
    const ops = store.opsOf(op.task);
    const fields = Object.assign({}, ...ops.map((each) => each.fields));
    const drop = el("button", { type: "button", class: "danger", click: () => store.replace(op.task, []).then(told) }, words.drop);
    const said = el("p", { class: "error" }, held.message, ...Object.entries(held.errors).map(([name, texts]) => ` ${label(/** @type {any} */ (name))}: ${texts.join(" ")}`));
    if (op.kind === "restore") {
      // Too late to bring it back, but not to write it down once more.
      const anew = () => store.replace(op.task, [{ kind: "create", fields: fieldsOf(mine), etag: null, base: { ...mine, id: null } }], null).then(told);
      return card(words.refused(mine.name), said, el("button", { type: "button", class: "primary", click: anew }, words.anew), drop);
    }
    if (op.kind === "delete") return card(words.refused(mine.name), said, drop);
    const again = (/** @type {Fields} */ changes) =>
      store.replace(op.task, [{ kind: op.kind, fields: { ...fields, ...changes }, etag: op.etag, base: op.base }]).then(told);
    return card(words.refused(mine.name), said, retryForm(app, mine, held.errors, again), drop);
  }

  /** @param {string} title @param {...(Node | string)} children */
  function card(title, ...children) {
    const buttons = children.filter((child) => child instanceof HTMLButtonElement);
    return el("article", { class: "card" }, el("h3", { dir: "auto" }, title), ...children.filter((child) => !buttons.includes(/** @type {any} */ (child))), el("div", { class: "actions" }, ...buttons));
  }

  function update() {
    const seen = new Set();
    const held = store.held.filter((op) => !seen.has(op.task) && seen.add(op.task));
    const next = JSON.stringify(held);
    if (next === look) return;
    look = next;
    about.textContent = held.length ? words.about : words.empty;
    place.replaceChildren(...held.map((op) => (op.held?.why === "conflict" ? conflict(op, op.held) : refused(op, /** @type {Held} */ (op.held)))));
  }

  update();
  return { node, title: text.views.waiting, update };
}

/** @param {keyof Fields} name */
function label(name) {
  const { fields } = text.tasks;
  if (name === "due_date") return fields.day;
  return name === "completed" ? words.done : (fields[name] ?? name);
}

/** @param {Fields} mine @param {Fields} theirs @returns {Fields} */
const differing = (mine, theirs) => Object.fromEntries(NAMES.filter((name) => mine[name] !== theirs[name]).map((name) => [name, mine[name]]));
