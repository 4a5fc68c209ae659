// Why a file was refused, by row.

import { el } from "../dom.js";

/**
 * Return what says why nothing of a file was imported.
 * @param {string} heading above the rows
 * @param {string} message says it all where no row is named
 * @param {Record<string, string[]>} errors by row or column
 */
export function refusal(heading, message, errors) {
  const lines = Object.entries(errors).map(([place, texts]) => el("li", {}, el("strong", {}, place), `: ${[texts].flat().join(" ")}`));
  if (!lines.length) return [el("p", { class: "error" }, message)];
  return [el("p", { class: "error" }, heading), el("ul", { class: "bad" }, ...lines)];
}
