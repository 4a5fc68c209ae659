// Tokens for programs: made here, shown once, ended here.

import { Refused, accountPath, call } from "../api.js";
import { momentText } from "../dates.js";
import { el, field, icon, wrong } from "../dom.js";
import { text } from "../text.js";

const words = text.tokens;

/** @typedef {{ id: number, name: string, scope: string, origin: string, expires_at: string, last_used_date: string | null, token?: string }} Token */

/** @param {App} app */
export function tokens(app) {
  const { token } = app.session;
  const path = `${accountPath(app.session.username)}/tokens`;
  const rows = el("ul", { class: "rows plain-list", "aria-label": words.title });
  const message = el("p", { class: "error", role: "alert" });
  const shown = el("div", { role: "status" });
  const form = el("form", { novalidate: true, submit: make },
    el("div", { class: "details" },
      field(words.name, el("input", { name: "name", maxlength: 255, autocomplete: "off", dir: "auto" })),
      field(words.scope, el("select", { name: "scope" }, el("option", { value: "write" }, words.write), el("option", { value: "read" }, words.read))),
      field(words.expires, el("input", { name: "expires_at", type: "date" }))),
    message,
    el("div", { class: "actions" }, el("button", { class: "primary" }, words.make)));

  /** @param {SubmitEvent} event */
  async function make(event) {
    event.preventDefault();
    const { name, scope, expires_at: until } = Object.fromEntries(new FormData(form));
    message.textContent = "";
    wrong(form, {});
    try {
      const { data } = await call("POST", path, { token, body: { name: String(name).trim(), scope, expires_at: until || null } });
      form.reset();
      show(data.token);
      await load();
    } catch (error) {
      message.textContent = error instanceof Refused ? [error.message, ...wrong(form, error.errors)].join(" ") : words.network;
    }
  }

  /** @param {string} secret */
  function show(secret) {
    const told = el("span", { role: "status" });
    const place = el("input", { readonly: true, value: secret, "aria-label": words.secret, spellcheck: "false" });
    const copy = el("button", { type: "button", click: async () => {
      try {
        await navigator.clipboard.writeText(secret);
        told.textContent = words.copied;
      } catch {
        // On plain http a browser has no clipboard for a page; the person has.
        place.select();
        told.textContent = words.select;
      }
    } }, words.copy);
    shown.replaceChildren(el("div", { class: "notice" }, el("p", {}, words.secret), el("div", { class: "secret" }, place, copy), told));
    copy.focus();
  }

  /** @param {Token} each */
  function row(each) {
    const when = (/** @type {string} */ moment) => momentText(moment, app.account.timezone);
    const name = each.origin === "login" ? words.login : each.name;
    const about = [each.scope === "read" ? words.read : words.write, each.last_used_date ? words.used(when(each.last_used_date)) : words.never, words.until(when(each.expires_at))];
    const node = el("li", { class: "task" },
      el("div", { class: "line" }, el("span", { class: "title", dir: "auto" }, name), el("span", { class: "about" }, ...about.map((part) => el("span", {}, part)))),
      el("button", { type: "button", class: "icon-only", "aria-label": words.end(name), click: end }, icon("trash")));

    async function end() {
      try {
        await call("DELETE", `${path}/${each.id}`, { token });
        app.toast(words.ended);
        await load();
      } catch (error) {
        app.toast(error instanceof Refused ? error.message : words.network);
      }
    }
    return node;
  }

  async function load() {
    const { data } = await call("GET", `${path}?limit=200`, { token });
    rows.replaceChildren(...data.tokens.map(row));
  }

  load().catch((error) => (message.textContent = error instanceof Refused ? error.message : words.network));
  return el("section", { class: "card" }, el("h3", {}, words.title), el("p", { class: "quiet" }, words.about), rows, shown, form);
}
