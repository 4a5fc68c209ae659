// Tasks from a file: first a look at what the server makes of it, then the import.

import { Refused, newKey, open } from "../api.js";
import { el, field } from "../dom.js";
import { text } from "../text.js";
import { refusal } from "./refusal.js";

const words = text.taskFile;
const PATIENCE = 120_000; // Milliseconds.

/** @type {Record<string, string>} */
const MEDIA = { json: "application/json", csv: "text/csv", tsv: "text/csv", ics: "text/calendar", vcs: "text/calendar" };

/** @typedef {{ imported: number, skipped: { what: string, reason: string, count: number, lines: number[] }[] }} Answer */

/**
 * @param {string} token
 * @param {string} path of the account
 * @returns {HTMLFormElement}
 */
export function taskFileForm(token, path) {
  const outcome = el("div", { role: "status" });
  const send = el("button", { class: "primary", disabled: true }, words.upload);
  const accept = Object.keys(MEDIA).map((ending) => `.${ending}`).join();
  /** @type {HTMLInputElement} */
  const choose = el("input", { type: "file", name: "file", accept, change: look });
  const choices = Object.entries(words.choices).map(([name, { label, options }]) => {
    const input = el("select", { name, change: look }, ...Object.entries(options).map(([value, shown]) => el("option", { value }, shown)));
    return { name, input, row: field(label, input) };
  });
  const ofCsv = el("div", { class: "choices", hidden: true }, ...choices.map(({ row }) => row));
  /** @type {HTMLFormElement} */
  const form = el("form", { class: "edit", submit: upload }, field(words.choose, choose, words.hint), ofCsv, outcome, el("div", { class: "actions" }, send));
  let looking = new AbortController();

  /** @param {File} file */
  const mediaOf = (file) => MEDIA[file.name.split(".").pop()?.toLowerCase() ?? ""];

  async function look() {
    looking.abort();
    const mine = (looking = new AbortController());
    const file = choose.files?.[0];
    send.disabled = true;
    outcome.replaceChildren();
    ofCsv.hidden = !file || mediaOf(file) !== MEDIA.csv;
    if (!file) return;
    if (!mediaOf(file)) return outcome.replaceChildren(el("p", { class: "error" }, words.unknown));
    outcome.replaceChildren(el("p", {}, words.checking));
    const answer = await post(file, { Prefer: "dry-run" }, mine.signal);
    if (!answer) return;
    outcome.replaceChildren(el("p", { class: "notice" }, words.checked(answer.imported)), ...told(answer));
    send.disabled = answer.imported === 0;
  }

  /** @param {SubmitEvent} event */
  async function upload(event) {
    event.preventDefault();
    const file = choose.files?.[0];
    if (!file) return;
    send.disabled = true;
    const answer = await post(file, { "Idempotency-Key": newKey() }, AbortSignal.timeout(PATIENCE));
    if (!answer) return;
    form.reset();
    ofCsv.hidden = true;
    outcome.replaceChildren(el("p", { class: "notice" }, words.imported(answer.imported)), ...told(answer));
  }

  /**
   * Send the file; say why it is refused, and return null, or return the answer.
   * @param {File} file
   * @param {Record<string, string>} headers
   * @param {AbortSignal} signal
   * @returns {Promise<Answer | null>}
   */
  async function post(file, headers, signal) {
    const asked = new URLSearchParams();
    if (!ofCsv.hidden) for (const { name, input } of choices) if (input.value) asked.set(name, input.value);
    const query = asked.size ? `?${asked}` : "";
    const sent = { ...headers, "Content-Type": /** @type {string} */ (mediaOf(file)) };
    try {
      const answer = await open("POST", `${path}/import${query}`, { token, body: file, headers: sent }, signal);
      return await answer.json();
    } catch (error) {
      if (signal.reason?.name === "AbortError") return null; // Another file, or choice, came.
      const isRefused = error instanceof Refused;
      outcome.replaceChildren(...refusal(words.refused, isRefused ? error.message : words.failed, isRefused ? error.errors : {}));
      send.disabled = isRefused && !error.passes;
      return null;
    }
  }

  return form;
}

/**
 * Return a list of what was skipped or changed.
 * @param {Answer} answer
 */
function told({ skipped }) {
  if (!skipped.length) return [];
  const lines = skipped.map(({ what, reason, count, lines: places }) => el("li", { dir: "auto" }, el("strong", {}, what), ` (${words.places(count, places)}): ${reason}`));
  return [el("p", {}, words.skipped), el("ul", { class: "bad" }, ...lines)];
}
