// Prices from a CSV file: a look at its first rows, then all of it or, if a row is bad, nothing.

import { el, field } from "../dom.js";
import { text } from "../text.js";

const words = text.prices;
const PREVIEW = 5;

const DELIMITERS = [",", ";", "\t", "|"];

/**
 * Read CSV as the server does: quoted fields may hold delimiters, quotes and line breaks.
 * @param {string} content
 * @returns {string[][]}
 */
export function parseCsv(content) {
  const body = content.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const told = /^"?sep=(.)"?\n/i.exec(body);
  if (told) return split(body.slice(told[0].length), told[1] ?? ",");
  const table = body.replace(/^[,;\t| \n]+\n/, "");
  const header = table.split("\n", 1)[0] ?? "";
  const width = (/** @type {string} */ delimiter) => split(header, delimiter)[0]?.length ?? 0;
  return split(table, DELIMITERS.reduce((best, each) => (width(each) > width(best) ? each : best)));
}

/** @param {string} body @param {string} delimiter */
function split(body, delimiter) {
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < body.length; at += 1) {
    const letter = body[at];
    const row = rows[rows.length - 1];
    if (quoted && letter === '"' && body[at + 1] === '"') row[row.length - 1] += body[(at += 1)];
    else if (letter === '"') quoted = !quoted;
    else if (quoted) row[row.length - 1] += letter;
    else if (letter === delimiter) row.push("");
    else if (letter === "\n") rows.push([""]);
    else row[row.length - 1] += letter;
  }
  return rows.filter((row) => row.some((cell) => cell.trim()));
}

/**
 * @param {string} token
 * @param {() => void} imported
 */
export function fileForm(token, imported) {
  const preview = el("div");
  const outcome = el("div", { role: "status" });
  const bar = el("progress", { max: 1, "aria-label": words.progress, hidden: true });
  const send = el("button", { class: "primary", disabled: true }, words.upload);
  /** @type {HTMLInputElement} */
  const choose = el("input", { type: "file", name: "file", accept: ".csv,text/csv", change: look });
  const decimal = el("select", { name: "decimal", change: look },
    ...Object.entries(words.decimals).map(([value, name]) => el("option", { value }, name)));
  const form = el("form", { class: "edit", submit: upload }, field(words.choose, choose, words.fileHint), field(words.decimal, decimal), preview, outcome, bar, el("div", { class: "actions" }, send));

  async function look() {
    const file = choose.files?.[0];
    outcome.replaceChildren();
    preview.replaceChildren();
    send.disabled = true;
    if (!file) return;
    const [header = [], ...rows] = parseCsv(await file.text());
    const names = header.map((name) => name.trim().toLowerCase());
    if (!names.includes("name") || !names.includes("price")) {
      outcome.replaceChildren(el("p", { class: "error" }, words.unreadable));
      return;
    }
    send.disabled = false;
    const cells = (/** @type {string[]} */ row) => el("tr", {}, ...row.map((cell) => el("td", { dir: "auto" }, cell)));
    preview.replaceChildren(el("p", {}, words.preview(rows.length)), el("div", { class: "wide-table", tabindex: 0, role: "group", "aria-label": words.file },
      el("table", {}, el("thead", {}, el("tr", {}, ...header.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...rows.slice(0, PREVIEW).map(cells)))));
  }

  /** @param {SubmitEvent} event */
  function upload(event) {
    event.preventDefault();
    const file = choose.files?.[0];
    if (!file) return;
    send.disabled = true;
    bar.hidden = false;
    bar.value = 0;
    // fetch does not tell how far an upload is.
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) => (bar.value = total ? loaded / total : 0);
    request.onloadend = () => {
      bar.hidden = true;
      done(request.status, request.responseText);
    };
    const query = decimal.value ? `?decimal=${encodeURIComponent(decimal.value)}` : "";
    request.open("POST", `/api/v1/prices/import${query}`);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.setRequestHeader("Content-Type", "text/csv");
    request.send(file);
  }

  /** @param {number} status @param {string} body */
  function done(status, body) {
    const answer = status ? JSON.parse(body) : null;
    if (status >= 200 && status < 300) {
      outcome.replaceChildren(el("p", { class: "notice" }, words.imported(answer)));
      form.reset();
      preview.replaceChildren();
      imported();
      return;
    }
    send.disabled = Boolean(status);
    if (!answer) outcome.replaceChildren(el("p", { class: "error" }, words.failed));
    else if (!answer.errors) outcome.replaceChildren(el("p", { class: "error" }, answer.message));
    else {
      const lines = Object.entries(answer.errors).map(([line, texts]) => el("li", {}, el("strong", {}, line), `: ${[texts].flat().join(" ")}`));
      outcome.replaceChildren(el("p", { class: "error" }, words.refused), el("ul", { class: "bad" }, ...lines));
    }
  }

  return form;
}
