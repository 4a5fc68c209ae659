// The price list: anybody may search it, an admin adds, edits, deletes, and reads in a file.

import { Refused, call, newKey } from "../api.js";
import { el, field, icon, wrong } from "../dom.js";
import { writtenPrice } from "../money.js";
import { pricePath } from "../prices.js";
import { text } from "../text.js";
import { fileForm } from "./price_file.js";

const words = text.prices;
const LIST = "/api/v1/prices";

/** The price is another one than its editor saw. */
class Moved extends Error {}

/**
 * @param {App} app
 * @returns {View}
 */
export function create(app) {
  const { token } = app.session;
  const isAdmin = app.account.is_admin;
  /** @type {string | null} */
  let next = null;
  let asked = 0;
  const rows = el("ul", { class: "tasks rows", "aria-label": text.views.prices });
  const notice = el("p", { class: "empty", role: "status" }, text.loading);
  const more = el("button", { type: "button", class: "plain wide", hidden: true, click: () => load(next) }, text.more);
  /** @type {HTMLInputElement} */
  const search = el("input", { type: "search", "aria-label": text.search, placeholder: text.search, input: () => later() });
  const adding = isAdmin ? priceForm(null, async (values) => {
    const { data } = await call("POST", LIST, { token, body: values, headers: { "Idempotency-Key": newKey() } });
    app.toast(words.added(data.name));
    load();
  }) : null;
  const node = el("section", {},
    el("h2", {}, text.views.prices),
    el("p", { class: "quiet" }, words.about),
    isAdmin && el("details", { class: "card fold" }, el("summary", {}, words.add), adding?.form),
    isAdmin && el("details", { class: "card fold" }, el("summary", {}, words.file), fileForm(token, () => load())),
    el("div", { class: "tools" }, search), rows, notice, more);

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => load(), 150);
  }

  /** @param {string | null} [page] */
  async function load(page = null) {
    const mine = (asked += 1);
    const query = search.value.trim() ? `&q=${encodeURIComponent(search.value.trim())}` : "";
    try {
      const { data } = await call("GET", page ?? `${LIST}?limit=50${query}`);
      if (mine !== asked) return;
      if (!page) rows.replaceChildren();
      rows.append(...data.prices.map(row));
      next = data.next;
      notice.textContent = rows.children.length ? "" : query ? words.none(search.value) : words.empty;
    } catch (error) {
      if (mine !== asked) return;
      notice.textContent = error instanceof Refused ? error.message : words.network;
    }
    notice.hidden = !notice.textContent;
    rows.hidden = !rows.children.length;
    more.hidden = !next;
  }

  /** @param {Price} price @returns {HTMLElement} */
  function row(price) {
    const node = el("li", { class: "task" },
      el("div", { class: "line" }, el("span", { class: "title", dir: "auto" }, price.name), price.unit && el("span", { class: "about", dir: "auto" }, text.shopping.each("", price.unit).trim())),
      el("span", { class: "cost" }, writtenPrice(price.price, price.currency)));
    if (!isAdmin) return node;
    const edit = el("button", { type: "button", class: "plain", "aria-label": `${text.edit} ${price.name}`, click: () => open() }, text.edit);
    node.append(edit, el("button", { type: "button", class: "icon-only", "aria-label": `${text.remove} ${price.name}`, click: () => remove(price, node) }, icon("trash")));

    async function open() {
      // The version that is being edited is the one that is shown, so it is asked for now.
      let { etag, data } = await call("GET", pricePath(price.name)).catch(() => ({ etag: null, data: price }));
      const editor = priceForm(data, async (values) => {
        try {
          const headers = /** @type {Record<string, string>} */ (etag ? { "If-Match": etag } : {});
          const answer = await call("PATCH", pricePath(price.name), { token, body: values, headers });
          app.toast(words.saved(answer.data.name));
          close(answer.data);
        } catch (error) {
          if (!(error instanceof Refused) || error.status !== 412) throw error;
          ({ etag, data } = await call("GET", pricePath(price.name)));
          throw new Moved(words.moved(writtenPrice(data.price, data.currency)));
        }
      }, () => close(data));
      node.replaceChildren(editor.form);
      editor.focus();
    }

    /** @param {Price} now */
    function close(now) {
      const fresh = row(now);
      node.replaceWith(fresh);
      /** @type {HTMLElement | null} */ (fresh.querySelector("button"))?.focus();
    }
    return node;
  }

  /** @param {Price} price @param {HTMLElement} node */
  async function remove(price, node) {
    try {
      await call("DELETE", pricePath(price.name), { token });
    } catch (error) {
      app.toast(error instanceof Refused ? error.message : words.network);
      return;
    }
    const after = /** @type {HTMLElement} */ (node.nextElementSibling ?? node.previousElementSibling);
    node.remove();
    /** @type {HTMLElement | null} */ (after?.querySelector("button:last-child") ?? search)?.focus();
    const { name, currency, unit } = price;
    const again = { name, price: String(price.price), currency, unit };
    const back = () => call("POST", LIST, { token, body: again, headers: { "Idempotency-Key": newKey() } }).then(() => load(), (error) => app.toast(error.message));
    app.toast(text.deleted(price.name), { label: text.undo, run: back });
  }

  load();
  return {
    node,
    title: text.views.prices,
    // Who is an admin is known with the first answer of the server only.
    stale: () => app.account.is_admin !== isAdmin,
    shortcut(key) {
      if (key === "/") search.focus();
      else if (key === "n" && adding) {
        /** @type {HTMLDetailsElement} */ (adding.form.parentElement).open = true;
        adding.focus();
      } else return false;
      return true;
    },
    leave: () => clearTimeout(timer),
  };
}

/**
 * A form for a price. It keeps what was typed until the server has it.
 * @param {Price | null} price
 * @param {(values: object) => Promise<void>} save
 * @param {() => void} [cancel]
 */
function priceForm(price, save, cancel) {
  const input = (/** @type {string} */ name, /** @type {string | number | null | undefined} */ value, more = {}) =>
    el("input", { name, value: value ?? "", autocomplete: "off", dir: "auto", ...more });
  const message = el("p", { class: "error", role: "alert" });
  const name = input("name", price?.name, { maxlength: 255 });
  /** @type {HTMLFormElement} */
  const form = el("form", { class: "edit", novalidate: true, submit: send, keydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && cancel?.() },
    el("div", { class: "details" },
      field(words.name, name),
      field(words.price, input("price", price && plain(price.price), { inputmode: "decimal" })),
      field(words.currency, input("currency", price?.currency, { maxlength: 3, autocapitalize: "characters", placeholder: "EUR" })),
      field(words.unit, input("unit", price?.unit, { maxlength: 32 }))),
    message,
    el("div", { class: "actions" }, el("button", { class: "primary" }, price ? text.save : text.add), cancel && el("button", { type: "button", class: "plain", click: cancel }, text.cancel)));

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    const { name: called, price: cost, currency, unit } = Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value).trim()]));
    message.textContent = "";
    wrong(form, {});
    try {
      await save({ name: called, price: cost.replace(",", "."), currency: currency.toUpperCase() || null, unit: unit || null });
      if (!price) form.reset();
    } catch (error) {
      if (error instanceof Moved) message.textContent = error.message;
      else if (!(error instanceof Refused)) message.textContent = words.network;
      else if (error.status === 404) message.textContent = words.gone;
      else message.textContent = [error.message, ...wrong(form, error.errors)].join(" ");
    }
  }

  return { form, focus: () => name.focus() };
}

/** @param {number} number */
const plain = (number) => number.toLocaleString("en-US", { useGrouping: false, maximumFractionDigits: 4 });
