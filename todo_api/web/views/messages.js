// Messages, for an admin: what was left at /users.

import { Refused, call } from "../api.js";
import { momentText } from "../dates.js";
import { el, icon } from "../dom.js";
import { text } from "../text.js";

const words = text.messages;
const LIST = "/api/v1/messages";

/**
 * @param {App} app
 * @returns {View}
 */
export function create(app) {
  const { token } = app.session;
  /** @type {string | null} */
  let next = null;
  const rows = el("ul", { class: "tasks rows", "aria-label": text.views.messages, hidden: true });
  const notice = el("p", { class: "empty", role: "status" }, text.loading);
  const more = el("button", { type: "button", class: "plain wide", hidden: true, click: () => load(next) }, text.more);
  const node = el("section", {}, el("h2", {}, text.views.messages), el("p", { class: "quiet" }, words.about), rows, notice, more);

  /** @param {string | null} page */
  async function load(page) {
    try {
      const { data } = await call("GET", page ?? LIST, { token });
      rows.append(...data.messages.map(row));
      next = data.next;
      notice.textContent = rows.children.length ? "" : words.empty;
    } catch (error) {
      notice.textContent = error instanceof Refused ? error.message : words.network;
    }
    notice.hidden = !notice.textContent;
    rows.hidden = !rows.children.length;
    more.hidden = !next;
  }

  /** @param {{ id: number, text: string, created_date: string }} message */
  function row(message) {
    const node = el("li", { class: "task" },
      el("div", { class: "line" }, el("span", { class: "message", dir: "auto" }, message.text), el("span", { class: "about" }, momentText(message.created_date, app.account.timezone))),
      el("button", { type: "button", class: "icon-only", "aria-label": `${words.removing} “${message.text.slice(0, 40)}”`, click: remove }, icon("trash")));

    async function remove() {
      try {
        await call("DELETE", `${LIST}/${message.id}`, { token });
      } catch (error) {
        app.toast(error instanceof Refused ? error.message : words.network);
        return;
      }
      const after = /** @type {HTMLElement | null} */ ((node.nextElementSibling ?? node.previousElementSibling)?.querySelector("button") ?? document.getElementById("main"));
      node.remove();
      after?.focus();
      app.toast(words.deleted);
      rows.hidden = !rows.children.length;
      notice.textContent = rows.hidden ? words.empty : "";
      notice.hidden = !rows.hidden;
    }
    return node;
  }

  load(null);
  return { node, title: text.views.messages };
}
