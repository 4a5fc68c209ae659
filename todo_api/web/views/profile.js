// The profile: who one is, the password, tokens, logging out, and taking everything along.

import { Refused, accountPath, call, open } from "../api.js";
import { momentText } from "../dates.js";
import { el, field, wrong } from "../dom.js";
import { text } from "../text.js";
import { decline, deviceZone } from "../zone.js";
import { taskFileForm } from "./task_file.js";
import { tokens } from "./tokens.js";

const words = text.profile;

/**
 * @param {App} app
 * @returns {View}
 */
export function create(app) {
  const { store, session } = app;
  const { token } = session;
  const path = accountPath(session.username);
  const account = app.account;
  const joined = el("p", { class: "quiet" });
  /** @type {string | null} */
  let etag = null;

  const email = el("input", { name: "email", type: "email", autocomplete: "email", value: account.email });
  const zones = el("datalist", { id: "zones" }, ...Intl.supportedValuesOf("timeZone").map((zone) => el("option", { value: zone })));
  /** @type {HTMLInputElement} */
  const zone = el("input", { name: "timezone", list: "zones", autocomplete: "off", value: account.timezone });
  const pets = el("textarea", { name: "pets", rows: 3, dir: "auto", value: account.pets.join("\n") });
  const listed = el("input", { name: "listed", type: "checkbox" });
  listed.checked = account.listed;
  const here = deviceZone();
  const message = el("p", { class: "error", role: "alert" });
  const about = el("form", { class: "card", novalidate: true, submit: save },
    el("h3", {}, words.about),
    joined,
    field(words.email, email), field(words.timezone, zone, words.timezoneHint), zones,
    here && here !== account.timezone && el("button", { type: "button", class: "plain", click: () => (touched.add(zone), (zone.value = here)) }, `${words.here}: ${here}`),
    field(words.pets, pets, words.petsHint),
    el("label", { class: "choice" }, listed, words.listed),
    message,
    el("div", { class: "actions" }, el("button", { class: "primary" }, text.save)));

  /** @type {Set<EventTarget | null>} */
  const touched = new Set();
  about.addEventListener("input", (event) => touched.add(event.target));

  /** @param {SubmitEvent} event */
  async function save(event) {
    event.preventDefault();
    const lines = pets.value.split("\n").map((pet) => pet.trim()).filter(Boolean);
    const values = { email: email.value.trim(), timezone: zone.value.trim(), pets: lines, listed: listed.checked };
    if (!(await change(about, message, values, etag ? { "If-Match": etag } : {}, words.saved))) return;
    // Somebody who has chosen another zone than this device's is not asked about that.
    if (touched.has(zone) && values.timezone !== here) decline(here);
    touched.clear();
  }

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLElement} place
   * @param {object} body
   * @param {Record<string, string>} headers
   * @param {string} success
   */
  async function change(form, place, body, headers, success) {
    place.textContent = "";
    wrong(form, {});
    try {
      const answer = await call("PATCH", path, { token, body, headers });
      etag = answer.etag;
      await store.remember("account", answer.data);
      app.toast(success);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) place.textContent = words.network;
      else if (error.status === 412) {
        await load();
        place.textContent = words.moved;
      } else place.textContent = [error.message, ...wrong(form, error.errors)].join(" ");
      return false;
    }
  }

  /** Show the profile as the server has it, for the version that a save then is held against. */
  async function load() {
    const answer = await call("GET", path, { token });
    etag = answer.etag;
    const now = /** @type {Account} */ (answer.data);
    await store.remember("account", now);
    joined.textContent = words.joined(momentText(now.date_joined, now.timezone));
    // What somebody has typed meanwhile stays as it is.
    if (!touched.has(email)) email.value = now.email;
    if (!touched.has(zone)) zone.value = now.timezone;
    if (!touched.has(pets)) pets.value = now.pets.join("\n");
    if (!touched.has(listed)) listed.checked = now.listed;
  }

  const secret = (/** @type {string} */ name, /** @type {string} */ autocomplete) => el("input", { name, type: "password", autocomplete });
  const complaint = el("p", { class: "error", role: "alert" });
  /** @type {HTMLFormElement} */
  const password = el("form", { class: "card", novalidate: true, submit: async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (await change(password, complaint, Object.fromEntries(new FormData(password)), {}, words.changed)) password.reset();
  } },
    el("h3", {}, words.password),
    // A password manager looks for whose password this is.
    el("input", { type: "text", autocomplete: "username", value: account.username, hidden: true, "aria-label": text.welcome.username }),
    field(words.current, secret("current_password", "current-password")),
    field(words.next, secret("password", "new-password"), text.welcome.passwordHint),
    complaint,
    el("div", { class: "actions" }, el("button", { class: "primary" }, words.change)));
  password.querySelector("input")?.removeAttribute("name");

  /** @param {string} format */
  async function saveAs(format) {
    try {
      const answer = await open("GET", `${path}/export?format=${format}`, { token, headers: { Accept: "*/*" } }, AbortSignal.timeout(120_000));
      const url = URL.createObjectURL(await answer.blob());
      const link = el("a", { href: url, download: `${account.username}-tasks.${format}` });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (error) {
      app.toast(error instanceof Refused ? error.message : words.network);
    }
  }

  const leave = el("section", { class: "card" },
    el("h3", {}, words.session),
    el("div", { class: "actions" },
      el("button", { type: "button", click: () => app.logout(false) }, words.logout),
      el("button", { type: "button", class: "danger", click: () => app.logout(true) }, words.everywhere)));
  const along = el("section", { class: "card" },
    el("h3", {}, words.export), el("p", { class: "quiet" }, words.exportHint),
    el("div", { class: "actions" }, ...["json", "csv", "ics"].map((format) => el("button", { type: "button", click: () => saveAs(format) }, format.toUpperCase()))));
  const bring = el("section", { class: "card" }, el("h3", {}, text.taskFile.title), taskFileForm(token, path));
  const node = el("section", { class: "cards" }, el("h2", {}, text.views.profile), about, password, tokens(app), along, bring, leave);
  load().catch(() => {});
  return { node, title: text.views.profile };
}
