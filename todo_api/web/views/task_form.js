// Writing a task: the one line that adds one, and the editor that opens in its place. What is typed
// is kept as a draft until it is saved or thrown away.

import { dueOf, inputsOf } from "../dates.js";
import { el, field, wrong } from "../dom.js";
import { nameKey } from "../names.js";
import { text } from "../text.js";

const words = text.tasks;
const QUANTITY = /^\d{1,5}([.,]\d{1,4})?$/;

/**
 * @param {string} name
 * @param {Record<string, string | boolean>} [more]
 */
const input = (name, more = {}) => el("input", { name, type: "text", autocomplete: "off", dir: "auto", ...more });

/** @param {HTMLFormElement} form */
const valuesOf = (form) => /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form)));

/**
 * Return the fields that differ from what was there when the form was filled, or what is wrong.
 * @param {Record<string, string>} values
 * @param {Record<string, string>} before
 * @param {string} zone
 */
function changed(values, before, zone) {
  /** @type {Record<string, string[]>} */
  const errors = {};
  /** @type {Fields} */
  const fields = {};
  const differs = (/** @type {string} */ name) => (values[name] ?? "") !== (before[name] ?? "");
  if (differs("name") || !before.name) fields.name = values.name.trim();
  if (fields.name !== undefined && !nameKey(fields.name)) errors.name = [words.wrong.name];
  if (differs("note")) fields.note = values.note || null;
  if (differs("item")) fields.item = nameKey(values.item) ? values.item.trim() : null;
  if (differs("day") || differs("time")) fields.due_date = dueOf(values.day, values.time ?? "", zone);
  if (differs("quantity")) {
    const quantity = values.quantity.trim() || "1";
    fields.quantity = Number(quantity.replace(",", "."));
    if (!QUANTITY.test(quantity) || fields.quantity <= 0 || fields.quantity > 10_000) errors.quantity = [words.wrong.quantity];
  }
  return { fields, errors };
}

/**
 * Keep what is typed into a form.
 * @param {App} app
 * @param {string} key
 * @param {HTMLFormElement} form
 * @param {() => Seen | null} seen
 */
function keepDraft({ store: { drafts } }, key, form, seen) {
  form.addEventListener("input", () => drafts.set(key, { fields: valuesOf(form), seen: seen() }));
  return {
    /** Do the work, and forget the draft when it is done, unless it has become another one. */
    async until(/** @type {Promise<unknown>} */ work) {
      const text = drafts.text(key);
      await work;
      if (drafts.text(key) === text) drafts.remove(key);
    },
  };
}

/** @param {HTMLFormElement} form @param {Record<string, string>} values */
function fill(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const element = form.elements.namedItem(name);
    if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) element.value = value;
  }
}

/**
 * The line that adds a task; in the shopping view its first field is the item.
 * @param {App} app
 * @param {boolean} shopping
 * @param {HTMLDataListElement} [known] items to choose from
 */
export function addForm(app, shopping, known) {
  const first = shopping ? text.shopping.item : words.what;
  const details = [
    ...(shopping ? [] : [field(words.fields.item, input("item"))]),
    field(words.fields.quantity, input("quantity", { inputmode: "decimal", placeholder: "1", size: "5" })),
    ...(shopping ? [] : [
      field(words.fields.day, input("day", { type: "date", max: "9998-12-31" })),
      field(words.fields.time, input("time", { type: "time" })),
    ]),
  ];
  const more = el("div", { class: `details${shopping ? " short" : ""}`, id: `more-${shopping}` }, ...details);
  /** @type {HTMLButtonElement} */
  const toggle = el("button", { type: "button", class: "plain", "aria-expanded": "false", "aria-controls": more.id, click: () => open(!form.classList.contains("open")) }, words.details);
  const name = input("name", { placeholder: first, maxlength: "255", enterkeyhint: "done", ...(known ? { list: known.id } : {}) });
  /** @type {HTMLFormElement} */
  const form = el("form", { class: `add card${shopping ? " open" : ""}`, novalidate: true, submit: send, "aria-label": shopping ? text.shopping.add : words.add },
    field(first, name), !shopping && toggle, more, el("button", { class: "primary" }, text.add), known);
  const draft = keepDraft(app, shopping ? "add-item" : "add", form, () => null);

  /** @param {boolean} is */
  function open(is) {
    form.classList.toggle("open", is);
    toggle.setAttribute("aria-expanded", String(is));
  }

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    const { fields, errors } = changed({ ...valuesOf(form) }, {}, app.account.timezone);
    wrong(form, errors);
    if (errors.quantity && !shopping) open(true);
    if (Object.keys(errors).length) return;
    if (shopping) fields.item = fields.name;
    form.reset();
    name.focus();
    await draft.until(app.store.add(fields));
    app.say(words.added(fields.name ?? ""));
  }

  const kept = app.store.drafts.get(shopping ? "add-item" : "add");
  if (kept) {
    fill(form, kept.fields);
    if (["item", "quantity", "day", "time"].some((each) => kept.fields[each])) open(true);
  }
  return { form, focus: () => name.focus() };
}

/**
 * The editor of one task, which stands in the task's own place.
 * @param {App} app
 * @param {Shown} task
 * @param {() => void} done
 */
export function editForm(app, task, done) {
  const { store, account } = app;
  const kept = store.drafts.get(`edit:${task.key}`);
  const seen = kept?.seen ?? store.seen(task.key);
  const was = seen.base ?? task;
  const due = inputsOf(was.due_date, account.timezone);
  const before = { name: was.name, note: was.note ?? "", item: was.item ?? "", quantity: String(was.quantity), ...due };
  before.day = due.day;
  const note = el("textarea", { name: "note", rows: 3, maxlength: 10000, dir: "auto" });
  const moved = el("p", { class: "notice", role: "status" }, kept && words.draft);
  const form = el("form", { class: "edit", novalidate: true, submit: send, keydown: leave, "aria-label": words.editing(was.name) },
    field(words.fields.name, input("name", { maxlength: "255" })),
    field(words.fields.note, note),
    el("div", { class: "details" },
      field(words.fields.day, input("day", { type: "date", max: "9998-12-31" })),
      field(words.fields.time, input("time", { type: "time" })),
      field(words.fields.item, input("item", { maxlength: "255" })),
      field(words.fields.quantity, input("quantity", { inputmode: "decimal", size: "5" }))),
    el("div", { class: "actions" },
      el("button", { class: "primary" }, text.save),
      el("button", { type: "button", class: "plain", click: close }, text.cancel)),
    // It comes at any moment, and must not move a button from under the hand that presses it.
    moved);
  const draft = keepDraft(app, `edit:${task.key}`, form, () => seen);
  fill(form, { ...before, ...kept?.fields });

  function close() {
    store.drafts.remove(`edit:${task.key}`);
    done();
  }

  /** @param {KeyboardEvent} event */
  function leave(event) {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  }

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    const values = valuesOf(form);
    const { fields, errors } = changed(values, before, account.timezone);
    wrong(form, errors);
    if (Object.keys(errors).length) return;
    await draft.until(store.change(task.key, fields, seen));
    app.say(words.saved(values.name));
    done();
  }

  return {
    form,
    task: was,
    focus: () => /** @type {HTMLInputElement} */ (form.elements.namedItem("name")).select(),
    /** Say so when the task changes under the editor. */
    update() {
      const entry = store.entries.get(task.key);
      const version = store.version(seen);
      if (version && (entry?.etag !== version || entry.gone) && !store.opsOf(task.key).length) moved.textContent = words.moved;
    },
  };
}

/**
 * A form for a write that the server has refused, to be mended and sent again.
 * @param {App} app
 * @param {Shown} task
 * @param {Record<string, string[]>} errors
 * @param {(changes: Fields) => unknown} again
 */
export function retryForm(app, task, errors, again) {
  const { day, time } = inputsOf(task.due_date, app.account.timezone);
  const before = { name: task.name, note: task.note ?? "", item: task.item ?? "", quantity: String(task.quantity), day, time };
  const form = el("form", { novalidate: true, submit: send },
    field(words.fields.name, input("name")),
    field(words.fields.note, el("textarea", { name: "note", rows: 3, dir: "auto" })),
    el("div", { class: "details" },
      field(words.fields.day, input("day", { type: "date", max: "9998-12-31" })),
      field(words.fields.time, input("time", { type: "time" })),
      field(words.fields.item, input("item")),
      field(words.fields.quantity, input("quantity", { inputmode: "decimal", size: "5" }))),
    el("button", { class: "primary" }, text.waiting.send));
  fill(form, before);
  wrong(form, errors);

  /** @param {SubmitEvent} event */
  function send(event) {
    event.preventDefault();
    const { fields, errors: own } = changed(valuesOf(form), before, app.account.timezone);
    wrong(form, own);
    if (!Object.keys(own).length) again(fields);
  }

  return form;
}
