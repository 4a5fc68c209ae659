// The keys, and whether single ones act.

import { el } from "../dom.js";
import { text } from "../text.js";

const SETTING = "todo_api:keys";

export function open() {
  const words = text.help;
  /** @type {HTMLInputElement} */
  const act = el("input", { type: "checkbox", change: () => keep(act.checked) });
  act.checked = isOn();
  /** @type {HTMLDialogElement} */
  const dialog = el("dialog", { "aria-labelledby": "help-title", close: () => dialog.remove() },
    el("h2", { id: "help-title" }, words.title),
    el("dl", { class: "keys" }, ...words.keys.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])),
    el("label", { class: "choice" }, act, words.on),
    el("div", { class: "actions" }, el("button", { type: "button", class: "primary", click: () => dialog.close() }, text.close)));
  document.body.append(dialog);
  dialog.showModal();
}

function isOn() {
  try {
    return localStorage.getItem(SETTING) !== "off";
  } catch {
    return true;
  }
}

/** @param {boolean} on */
function keep(on) {
  try {
    localStorage.setItem(SETTING, on ? "on" : "off");
  } catch {
    // Then it holds until the next visit.
  }
}
