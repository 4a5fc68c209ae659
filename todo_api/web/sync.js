// The two ways: unsent writes go out in order, what changed elsewhere comes in.

import { Gateway, Refused, Unreachable, accountPath, call } from "./api.js";

/** @typedef {"live" | "polling" | "offline" | "gateway" | "connecting"} Status */

const SLOWEST = 30; // Seconds between two attempts to send.

/** Whether the server's task already says all that a write wants to say.
 * @param {Fields} fields
 * @param {Task} task
 */
const says = (fields, task) =>
  Object.entries(fields).every(([name, value]) => task[/** @type {keyof Task} */ (name)] === value);

export class Sync extends EventTarget {
  /** @type {Status} */
  status = "connecting";
  #pushing = false;
  #again = false;
  #attempts = 0;
  #stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Promise<unknown>} */
  #creating = Promise.resolve();
  /** @type {Set<number> | null} */
  #named = null;

  /**
   * @param {import("./store.js").Store} store
   * @param {Session} session
   */
  constructor(store, session) {
    super();
    this.store = store;
    this.token = session.token;
    this.path = accountPath(session.username);
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** @param {Status} status */
  set(status) {
    if (status === this.status) return;
    this.status = status;
    this.dispatchEvent(new Event("status"));
  }

  /** Whether the server is out of reach, as far as is known. */
  get isAway() {
    return this.status === "offline" || this.status === "gateway";
  }

  /**
   * Say why the server was not reached.
   * @param {unknown} error
   */
  lost(error) {
    this.set(error instanceof Gateway ? "gateway" : "offline");
  }

  /** Take over what has changed since the last time. */
  async pull() {
    let more = true;
    while (more && !this.#stopped) {
      const since = this.store.meta.get("token");
      const query = since ? `&since=${encodeURIComponent(since)}` : "";
      const { data } = await call("GET", `${this.path}/changes?limit=200${query}`, { token: this.token });
      await this.take(data);
      more = data.more;
    }
  }

  /** @param {ChangesPage} page */
  async take(page) {
    // The news of what this tab is creating would come before its own answer.
    await this.#creating;
    if (this.#stopped) return;
    if (page.reset || !this.store.meta.get("token")) this.#named = new Set();
    await this.store.takeOver(page, this.#named);
    if (!page.more) this.#named = null;
  }

  /** Send what is unsent, in order, until nothing is left or the server is out of reach. */
  async push() {
    if (this.#pushing) {
      this.#again = true;
      return;
    }
    // Without a network there is nothing to try; when it is back, the browser says so.
    if (!navigator.onLine) return this.set("offline");
    this.#pushing = true;
    clearTimeout(this.#timer);
    try {
      do {
        this.#again = false;
        let op;
        while (!this.#stopped && (op = await this.store.claim())) {
          await this.#send(op);
          if (this.isAway) this.set("live");
        }
      } while (this.#again && !this.#stopped);
      this.#attempts = 0;
      // Another tab may have died while it was sending.
      if (this.store.ops.some((op) => !op.held)) this.#later(5);
    } catch (error) {
      if (error instanceof Gateway || !(error instanceof Refused)) this.lost(error);
      const asked = error instanceof Refused ? error.retryAfter : 0;
      this.#attempts += 1;
      this.#later(Math.max(asked, Math.min(SLOWEST, 2 ** this.#attempts)));
    } finally {
      this.#pushing = false;
    }
  }

  /** @param {number} seconds */
  #later(seconds) {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.push(), seconds * 1000);
  }

  /** @param {Op} op */
  async #send(op) {
    const sending = this.#request(op);
    if (op.kind === "create") this.#creating = sending.catch(() => {}).then(() => this.#settled);
    try {
      const { data, etag } = await sending;
      this.#settled = this.store.confirm(op, data && taskOf(data), etag);
      await this.#settled;
    } catch (error) {
      if (error instanceof Unreachable) await this.store.release(op);
      else if (!(error instanceof Refused)) throw error;
      else if (error.passes || error.status === 401) await this.store.release(op);
      else return await this.#refused(op, error);
      throw error;
    }
  }

  /** @param {Op} op */
  #id(op) {
    return this.store.entries.get(op.task)?.id ?? op.base?.id;
  }

  /** @type {Promise<unknown>} */
  #settled = Promise.resolve();

  /** @param {Op} op */
  #request(op) {
    const path = `${this.path}/tasks`;
    const one = `${path}/${this.#id(op)}`;
    /** @type {Record<string, string>} */
    // An older page kept what a proxy had weakened; the tag itself is right.
    const guard = op.etag ? { "If-Match": op.etag.replace(/^W\//, "") } : {};
    const token = this.token;
    const key = { "Idempotency-Key": op.id };
    if (op.kind === "create") return call("POST", path, { token, headers: key, body: op.fields });
    if (op.kind === "change") return call("PATCH", one, { token, headers: guard, body: op.fields });
    if (op.kind === "delete") return call("DELETE", one, { token, headers: guard });
    return call("POST", `${one}/restore`, { token });
  }

  /**
   * A write that came twice, since its first answer was lost, is no conflict; any other is one.
   * @param {Op} op
   * @param {Refused} error
   */
  async #refused(op, error) {
    const missing = error.status === 404;
    if (op.kind === "delete" && missing) return this.store.confirm(op, null, null);
    const conflict = error.status === 412 || (missing && op.kind === "change");
    if (!conflict) return this.store.hold(op, { why: "refused", theirs: null, etag: null, message: error.message, errors: error.errors });
    const theirs = /** @type {Task | null} */ (error.current);
    const etag = theirs && theirs.etag;
    if (theirs && op.kind === "change" && says(op.fields, theirs)) return this.store.confirm(op, theirs, etag);
    if (!theirs && op.kind === "delete") return this.store.confirm(op, null, null);
    return this.store.hold(op, { why: "conflict", theirs, etag, message: error.message, errors: {} });
  }
}

/**
 * @param {Task & { msg?: string }} data
 * @returns {Task}
 */
function taskOf({ msg, ...task }) {
  return task;
}
