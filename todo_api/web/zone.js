// The time zone of this device, and the offer to make it the account's.

import { Refused, accountPath, call } from "./api.js";
import { el } from "./dom.js";
import { text } from "./text.js";

const words = text.zone;
const DECLINED = "todo_api:zones-declined";

/** Return the IANA name of this device's time zone, an empty text if the browser does not know it. */
export const deviceZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

/**
 * Return the name that the browser prefers for a zone, since some zones have several.
 * @param {string} zone
 */
function canonical(zone) {
  try {
    return new Intl.DateTimeFormat(undefined, { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return zone;
  }
}

/** @type {Set<string>} the zones declined since this page was opened, where nothing can be stored */
const declinedHere = new Set();

/** @returns {string[]} */
function declined() {
  try {
    return JSON.parse(localStorage.getItem(DECLINED) ?? "[]");
  } catch {
    return [];
  }
}

/**
 * Never offer a zone on this device again.
 * @param {string} zone
 */
export function decline(zone) {
  declinedHere.add(zone);
  try {
    localStorage.setItem(DECLINED, JSON.stringify([...new Set([...declined(), zone])]));
  } catch {
    // It holds as long as the page is open.
  }
}

/** Offers to change the account's zone to this device's, while the server can be reached. */
export class ZoneOffer {
  /** @type {HTMLElement | null} */
  #shown = null;
  #look = "";

  /**
   * @param {App} app
   * @param {HTMLElement} main the offer stands before it, and hands it the focus at its end
   */
  constructor(app, main) {
    this.app = app;
    this.main = main;
  }

  /** Make the offer, or take it back, as the zones and the network are now. */
  update() {
    const { store, sync } = this.app;
    const known = /** @type {Account | undefined} */ (store.meta.get("account"));
    const zone = deviceZone();
    const differs = known && zone && canonical(known.timezone) !== canonical(zone);
    const isReachable = sync.status === "live" || sync.status === "polling";
    if (!differs || !isReachable || declinedHere.has(zone) || declined().includes(zone)) this.remove();
    else this.#show(zone, known.timezone);
  }

  /** Take the offer back. */
  remove() {
    if (this.#shown?.contains(document.activeElement)) this.main.focus();
    this.#shown?.remove();
    this.#shown = null;
    this.#look = "";
  }

  /**
   * @param {string} zone
   * @param {string} current
   */
  #show(zone, current) {
    const look = `${zone} ${current}`;
    if (look === this.#look) return;
    this.remove();
    this.#look = look;
    /** @type {HTMLButtonElement} */
    const use = el("button", { type: "button", class: "primary", click: () => this.#change(zone, use) }, words.use(zone));
    this.#shown = el("aside", { class: "notice offer", "aria-label": words.title },
      el("p", {}, words.differs(zone, current)),
      el("div", { class: "actions" },
        use,
        el("button", { type: "button", click: () => (decline(zone), this.remove()) }, words.keep(current))));
    this.main.before(this.#shown);
    this.app.say(words.differs(zone, current));
  }

  /**
   * @param {string} zone
   * @param {HTMLButtonElement} button
   */
  async #change(zone, button) {
    const { session, store, toast } = this.app;
    button.disabled = true;
    try {
      const { data } = await call("PATCH", accountPath(session.username), { token: session.token, body: { timezone: zone } });
      await store.remember("account", data);
      toast(words.changed(zone));
    } catch (error) {
      if (!(error instanceof Refused)) toast(text.profile.network);
      else if (error.errors.timezone) {
        decline(zone);
        toast(words.unknown(zone, store.meta.get("account").timezone));
      } else toast(error.message);
    }
    button.disabled = false;
    this.update();
  }
}
