// The price list as far as this device needs it, kept for when there is no network.

import { Refused, call } from "./api.js";
import { rounded, scaled } from "./money.js";
import { nameKey } from "./names.js";

const PAGES = 5; // Of 200 prices each; a longer list is asked for item by item.

/** @type {WeakMap<import("./store.js").Store, Prices>} */
const made = new WeakMap();

/**
 * Return the one price list of a store.
 * @param {import("./store.js").Store} store
 */
export function pricesOf(store) {
  const prices = made.get(store) ?? new Prices(store);
  made.set(store, prices);
  return prices;
}

export class Prices {
  /** @type {Map<string, Price>} */
  #known = new Map();
  /** @type {string | null} */
  #version = null;

  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.#learn();
    store.quote = (item, quantity) => {
      const cost = this.cost(item, quantity);
      return cost && { amount: Number(rounded(cost.exact, cost.currency)), currency: cost.currency };
    };
  }

  #learn() {
    const list = /** @type {Price[]} */ (this.store.meta.get("prices") ?? []);
    this.#known = new Map(list.map((price) => [nameKey(price.name), price]));
  }

  get list() {
    return [...this.#known.values()];
  }

  /** @param {string | null} item */
  of(item) {
    return item === null ? null : (this.#known.get(nameKey(item)) ?? null);
  }

  /**
   * Return what a quantity of an item costs today, in 10^-8, or null if it has no price.
   * @param {string | null} item
   * @param {number} quantity
   */
  cost(item, quantity) {
    const price = this.of(item);
    const [one, many] = [scaled(price?.price ?? ""), scaled(quantity)];
    return price && one !== null && many !== null ? { exact: one * many, currency: price.currency } : null;
  }

  /**
   * Ask for the prices again, if any has changed; return whether one has.
   * @param {(string | null)[]} items
   */
  async refresh(items) {
    const wanted = new Set(items.filter((item) => item !== null).map(nameKey));
    const { etag, data } = await call("GET", "/api/v1/prices?limit=200");
    const version = `${etag} ${data.next ? [...wanted].sort().join("\n") : ""}`;
    if (version === this.#version) return false;
    /** @type {Price[]} */
    const list = data.prices;
    let { next } = data;
    for (let page = 1; next && page < PAGES; page += 1) {
      const more = (await call("GET", next)).data;
      list.push(...more.prices);
      next = more.next;
    }
    const known = new Set(list.map((price) => nameKey(price.name)));
    for (const item of next ? wanted : []) if (!known.has(item)) list.push(...(await one(item)));
    this.#version = version;
    if (JSON.stringify(list) === JSON.stringify(this.store.meta.get("prices"))) return false;
    await this.store.remember("prices", list);
    this.#learn();
    return true;
  }
}

/**
 * The path of a price. Slashes are written in their full-width form, and so are the dots of a name
 * that would be a folder: that makes an equal name, and nobody takes it for another path.
 * @param {string} name
 */
export function pricePath(name) {
  const sent = /^\.\.?$/.test(name) ? name.replaceAll(".", "\uff0e") : name;
  return `/api/v1/prices/${encodeURIComponent(sent.replaceAll("/", "\uff0f"))}`;
}

/**
 * @param {string} item
 * @returns {Promise<Price[]>}
 */
async function one(item) {
  try {
    return [(await call("GET", pricePath(item))).data];
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return [];
    throw error;
  }
}
