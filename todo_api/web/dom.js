// Elements, built from data as text only: nothing that anybody has written is read as HTML.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => unknown)>} Props */

/**
 * Build an element. A function is a listener, `true` an empty attribute, null or false none.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "value" && "value" in node) node.value = /** @type {never} */ (String(value ?? ""));
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

const PATHS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  trash: "M4 7h16M9 7V4h6v3m-9 0l1 13h10l1-13M10 11v6m4-6v6",
  list: "M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01",
  cart: "M3 4h2l2.5 11h10L20 7H6M9 20h.01M17 20h.01",
  tag: "M3 12V4h8l10 10-8 8zM7.5 8.5h.01",
  person: "M12 12a4 4 0 100-8 4 4 0 000 8zm-8 9c0-4 4-6 8-6s8 2 8 6",
  mail: "M3 6h18v12H3zm0 1l9 7 9-7",
  plus: "M12 5v14M5 12h14",
  clock: "M12 21a9 9 0 100-18 9 9 0 000 18zm0-14v5l3 2",
  close: "M6 6l12 12M18 6L6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
};

/**
 * Draw an icon, which says nothing to a screen reader.
 * @param {keyof typeof PATHS} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" })) svg.setAttribute(key, value);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

let fields = 0;

/**
 * Build a labelled field; its error, if `wrong` names one, is read out with it.
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} [hint]
 */
export function field(label, input, hint) {
  fields += 1;
  const id = `field-${fields}`;
  input.id = id;
  const about = el("span", { class: "hint", id: `${id}-about` }, hint);
  if (hint) input.setAttribute("aria-describedby", about.id);
  return el("div", { class: "field" }, el("label", { for: id }, label), input, about);
}

/**
 * Show the server's words beside the fields they are about; return those about no field there is.
 * @param {HTMLFormElement} form
 * @param {Record<string, string[]>} errors
 */
export function wrong(form, errors) {
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  /** @type {string[]} */
  const rest = [];
  for (const [name, texts] of Object.entries(errors)) {
    const input = form.elements.namedItem(name);
    const about = input instanceof HTMLElement && document.getElementById(`${input.id}-about`);
    if (!(input instanceof HTMLElement) || !about) {
      rest.push(`${name}: ${texts.join(" ")}`);
      continue;
    }
    about.textContent = texts.join(" ");
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", about.id);
  }
  /** @type {HTMLElement | null} */ (form.querySelector("[aria-invalid]"))?.focus();
  return rest;
}

/** @type {WeakMap<Element, { key: string, look: string }>} */
const drawn = new WeakMap();

/**
 * Have a row built anew the next time that its list is shown.
 * @param {Element} row
 */
export function forgetLook(row) {
  drawn.set(row, { key: drawn.get(row)?.key ?? "", look: "" });
}

/**
 * Make a list show these rows, each by its key, and touch only what has changed. What has the
 * focus keeps it; when its row goes, the next row gets it.
 * @template T
 * @param {HTMLElement} list
 * @param {T[]} rows
 * @param {(row: T) => string} keyOf
 * @param {(row: T) => string} lookOf what a row shows; a row that looks the same stays
 * @param {(row: T) => HTMLElement} build
 */
export function reconcile(list, rows, keyOf, lookOf, build) {
  const focused = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  const focusedRow = focused && [...list.children].find((row) => row.contains(focused));
  const place = focusedRow ? [...list.children].indexOf(focusedRow) : -1;
  const key = focusedRow && drawn.get(focusedRow)?.key;
  const role = focused?.dataset.role;
  const old = new Map([...list.children].map((row) => [drawn.get(row)?.key, /** @type {HTMLElement} */ (row)]));
  const next = rows.map((row) => {
    const [rowKey, look] = [keyOf(row), lookOf(row)];
    const known = old.get(rowKey);
    if (known && (drawn.get(known)?.look === look || known.dataset.busy !== undefined)) return known;
    const made = build(row);
    drawn.set(made, { key: rowKey, look });
    return made;
  });
  const stay = new Set(next);
  for (const row of [...list.children]) if (!stay.has(/** @type {HTMLElement} */ (row))) row.remove();
  next.forEach((row, index) => {
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  });
  if (focused && document.activeElement !== focused) {
    const row = next.find((each) => drawn.get(each)?.key === key) ?? next[Math.min(place, next.length - 1)];
    const again = row?.contains(focused) ? focused : row?.querySelector(`[data-role="${role}"]`);
    if (again instanceof HTMLElement) again.focus();
  }
}
