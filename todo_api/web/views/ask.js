// A question that has to be answered before anything is lost.

import { el } from "../dom.js";

/**
 * @param {string} title
 * @param {string} about
 * @param {string} no
 * @param {string} yes
 * @returns {Promise<boolean>}
 */
export function ask(title, about, no, yes) {
  return new Promise((resolve) => {
    /** @type {HTMLDialogElement} */
    const dialog = el("dialog", { "aria-labelledby": "ask-title", close: () => { dialog.remove(); resolve(dialog.returnValue === "yes"); } },
      el("h2", { id: "ask-title" }, title),
      el("p", {}, about),
      el("div", { class: "actions" },
        el("button", { type: "button", class: "primary", click: () => dialog.close("no") }, no),
        el("button", { type: "button", class: "danger", click: () => dialog.close("yes") }, yes)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
