// Prices from a CSV file: how it is to be read, a look at its first rows and at what the server makes
// of all of it, and then the import of all rows or, if one is bad, of none.

import { Refused, open, problemIn } from "../api.js";
import { el, field } from "../dom.js";
import { nameKey } from "../names.js";
import { text } from "../text.js";
import { refusal } from "./refusal.js";

const words = text.prices;
const PREVIEW = 5;

const IMPORT = "/api/v1/prices/import";
const CSV = "text/csv";
const LARGE = 4 * 1024 * 1024; // Bytes; the server reads one larger file at a time.
const LONGEST_ROW = 100_000; // Characters.

const FIELDS = ["name", "price", "currency", "unit"];
const MORE = "more"; // The second column of which a name is made up.

const DELIMITERS = [",", ";", "\t", "|"];

/**
 * Read CSV as the server does: quoted fields may hold delimiters, quotes and line breaks.
 * @param {string} content
 * @param {string} [delimiter] found in the header unless it is given
 * @returns {{ delimiter: string, rows: string[][] }}
 */
export function parseCsv(content, delimiter) {
  const body = content.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const told = /^"?sep=(.)"?\n/i.exec(body);
  const table = told ? body.slice(told[0].length) : body.replace(/^[,;\t| \n]+\n/, "");
  const header = table.split("\n", 1)[0] ?? "";
  const chosen = delimiter || told?.[1] || DELIMITERS.reduce((best, each) => (fitness(header, each) > fitness(header, best) ? each : best));
  return { delimiter: chosen, rows: split(table, chosen) };
}

/**
 * Return how well a delimiter splits a header: into columns that are known, else into many.
 * @param {string} header
 * @param {string} delimiter
 */
function fitness(header, delimiter) {
  const columns = split(header, delimiter)[0] ?? [];
  return columns.filter((column) => FIELDS.includes(nameKey(column))).length * LONGEST_ROW + columns.length;
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
  const delimiter = select("delimiter", Object.entries(words.delimiters));
  const decimal = select("decimal", Object.entries(words.decimals));
  const round = el("input", { type: "checkbox", name: "round", change: look });
  const leaveOut = el("input", { type: "checkbox", name: "leave_out", change: look });
  const columns = Object.fromEntries([...FIELDS, MORE].map((name) => [name, select(name, [])]));
  const choices = el("div", { class: "choices", hidden: true },
    field(words.delimiter, delimiter), field(words.decimal, decimal),
    ...[FIELDS[0], MORE, ...FIELDS.slice(1)].map((name) => field(words.columns[/** @type {keyof typeof words.columns} */ (name)], columns[name])),
    el("label", { class: "choice" }, round, words.round),
    el("label", { class: "choice" }, leaveOut, words.leaveOut));
  const form = el("form", { class: "edit", submit: upload }, field(words.choose, choose, words.fileHint), choices, preview, outcome, bar, el("div", { class: "actions" }, send));
  let query = "";
  let checking = new AbortController();

  /**
   * @param {string} name
   * @param {[string, string][]} options
   * @returns {HTMLSelectElement}
   */
  function select(name, options) {
    return el("select", { name, change: look }, ...options.map(([value, shown]) => el("option", { value }, shown)));
  }

  async function look() {
    checking.abort();
    const mine = (checking = new AbortController());
    const file = choose.files?.[0];
    outcome.replaceChildren();
    preview.replaceChildren();
    send.disabled = true;
    choices.hidden = !file;
    if (!file) return;
    const read = parseCsv(await file.text(), delimiter.value === "\\t" ? "\t" : delimiter.value);
    if (mine.signal.aborted) return;
    const [header = [], ...rows] = read.rows;
    const names = header.map((name) => name.trim());
    if (!names.some(Boolean)) {
      outcome.replaceChildren(el("p", { class: "error" }, words.unreadable));
      return;
    }
    offerColumns([...new Set(names.filter(Boolean))]);
    const chosen = [...FIELDS, MORE].map((name) => columns[name].value);
    const cells = (/** @type {string[]} */ row) => el("tr", {}, ...row.map((cell) => el("td", { dir: "auto" }, cell)));
    const unused = names.filter((name) => name && !chosen.includes(name));
    preview.replaceChildren(el("p", {}, words.preview(rows.length)), el("div", { class: "wide-table", tabindex: 0, role: "group", "aria-label": words.file },
      el("table", {}, el("thead", {}, el("tr", {}, ...header.map((name) => el("th", { scope: "col", dir: "auto" }, name)))), el("tbody", {}, ...rows.slice(0, PREVIEW).map(cells)))),
      ...(unused.length && isChosen() ? [el("p", { class: "quiet" }, words.leftOut(unused))] : []));
    if (!columns.name.value || !columns.price.value) {
      outcome.replaceChildren(el("p", { class: "error" }, words.chooseColumns));
      return;
    }
    query = queryOf(read.delimiter);
    await check(file, mine);
  }

  /**
   * Let each field be in any of the file's columns. One that is called like the field is chosen,
   * unless another one was chosen before.
   * @param {string[]} names
   */
  function offerColumns(names) {
    for (const [name, input] of Object.entries(columns)) {
      const same = name === MORE ? undefined : names.find((column) => nameKey(column) === name);
      // The server takes a currency or a unit from the column of that name if no other is chosen.
      const offered = same ? names : ["", ...names];
      const before = input.value;
      const none = name === "name" || name === "price" ? words.chooseColumn : words.noColumn;
      input.replaceChildren(...offered.map((column) => el("option", { value: column }, column || none)));
      input.value = before && names.includes(before) ? before : (same ?? "");
    }
  }

  /** Return whether the columns are chosen here; the server leaves out the others only then. */
  function isChosen() {
    const differs = Object.entries(columns).some(([name, { value }]) => value && nameKey(value) !== name);
    return differs || leaveOut.checked;
  }

  /**
   * Return the query that says how the file is to be read, an empty text if it says so itself.
   * @param {string} found the delimiter
   */
  function queryOf(found) {
    const asked = new URLSearchParams();
    if (isChosen()) {
      for (const [name, { value }] of Object.entries(columns)) {
        if (value) asked.append("columns", `${name === MORE ? "name" : name}:${value}`);
      }
      asked.set("delimiter", found === "\t" ? "\\t" : found);
    } else if (delimiter.value) asked.set("delimiter", delimiter.value);
    if (decimal.value) asked.set("decimal", decimal.value);
    if (round.checked) asked.set("round", "true");
    return asked.size ? `?${asked}` : "";
  }

  /**
   * Ask the server what the import would do.
   * @param {File} file
   * @param {AbortController} mine
   */
  async function check(file, mine) {
    if (file.size > LARGE) {
      send.disabled = false;
      outcome.replaceChildren(el("p", {}, words.unchecked));
      return;
    }
    outcome.replaceChildren(el("p", {}, words.checking));
    const headers = { "Content-Type": CSV, Prefer: "dry-run" };
    try {
      const answer = await open("POST", IMPORT + query, { token, body: file, headers }, mine.signal);
      const merged = await answer.json();
      if (mine.signal.aborted) return;
      outcome.replaceChildren(el("p", { class: "notice" }, words.checked(merged)));
      send.disabled = false;
    } catch (error) {
      if (mine.signal.aborted) return;
      if (error instanceof Refused && !error.passes) refuse(error.message, error.errors);
      else {
        outcome.replaceChildren(el("p", {}, words.notChecked));
        send.disabled = false;
      }
    }
  }

  /** @param {SubmitEvent} event */
  function upload(event) {
    event.preventDefault();
    const file = choose.files?.[0];
    if (!file) return;
    checking.abort();
    send.disabled = true;
    bar.hidden = false;
    bar.value = 0;
    // fetch does not tell how far an upload is.
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) => (bar.value = total ? loaded / total : 0);
    request.onloadend = () => {
      bar.hidden = true;
      if (!request.status) return failed(words.failed);
      const problem = problemIn(request.status, (name) => request.getResponseHeader(name), request.responseText);
      if (!problem) return done(JSON.parse(request.responseText));
      refuse(problem.message, problem.errors);
      send.disabled = Object.keys(problem.errors).length > 0;
    };
    request.open("POST", IMPORT + query);
    request.setRequestHeader("X-Auth-Token", token);
    request.setRequestHeader("Content-Type", CSV);
    request.send(file);
  }

  /** @param {{ new: number, changed: number, unchanged: number }} answer */
  function done(answer) {
    outcome.replaceChildren(el("p", { class: "notice" }, words.imported(answer)));
    form.reset();
    for (const input of Object.values(columns)) input.replaceChildren(); // Else the first is chosen.
    choices.hidden = true;
    preview.replaceChildren();
    imported();
  }

  /** @param {string} message */
  function failed(message) {
    send.disabled = false;
    outcome.replaceChildren(el("p", { class: "error" }, message));
  }

  /**
   * Say why nothing is imported.
   * @param {string} message
   * @param {Record<string, string[]>} errors by row or column
   */
  function refuse(message, errors) {
    const readable = (/** @type {string} */ told) => told.replace("Set `decimal` to `.` or `,`.", words.ambiguous);
    const told = Object.fromEntries(Object.entries(errors).map(([place, texts]) => [place, [texts].flat().map(readable)]));
    outcome.replaceChildren(...refusal(words.refused, readable(message), told));
  }

  return form;
}
