// The local copy: what the server is known to hold, and the writes that it has not confirmed yet.
// Every change of it is one step of the storage, told to the other tabs, and then shown.

import { newKey } from "./api.js";
import { Drafts } from "./drafts.js";

/** @typedef {(item: string | null, quantity: number) => Money | null} Quote */

const CLAIM = 25_000; // Milliseconds for which a write belongs to the tab that sends it.

/**
 * Return the write that is to be sent next: in order, but past those that wait for their author.
 * @param {Op[]} ops
 * @param {number} now
 */
export function nextOp(ops, now) {
  const blocked = new Set();
  for (const op of ops) {
    if (op.held) blocked.add(op.task);
    else if (!blocked.has(op.task)) return op.until > now ? null : op;
  }
  return null;
}

/** @param {Op} op */
const put = (op) => /** @type {Write} */ ({ table: "ops", key: op.id, value: op });
/** @param {Op} op */
const drop = (op) => /** @type {Write} */ ({ table: "ops", key: op.id });
/** @param {Entry} entry */
const keep = (entry) => /** @type {Write} */ ({ table: "tasks", key: entry.key, value: entry });
/** @param {string} key */
const forget = (key) => /** @type {Write} */ ({ table: "tasks", key });

export class Store extends EventTarget {
  /** @type {Map<string, Entry>} */
  entries = new Map();
  /** @type {Map<string, Op>} */
  byOp = new Map();
  /** @type {Map<string, any>} */
  meta = new Map();
  /** Whether a write to the storage has failed, so that this tab alone has what was typed. */
  unsafe = false;
  /** @type {Quote} */
  quote = () => null;
  /** @type {Map<number, string>} */
  #keys = new Map();
  /** @type {Map<string, string>} What this device's own writes have made of a version. */
  #made = new Map();
  /** @type {BroadcastChannel | null} */
  #channel = null;

  /**
   * @param {Keeper} keeper
   * @param {string} username
   */
  constructor(keeper, username) {
    super();
    this.keeper = keeper;
    this.drafts = new Drafts(username);
    if ("BroadcastChannel" in globalThis) {
      this.#channel = new BroadcastChannel(`todo_api:${username.toLowerCase()}`);
      this.#channel.onmessage = ({ data }) =>
        data === "wiped" ? this.dispatchEvent(new Event("wiped")) : this.#apply(data);
    }
  }

  async load() {
    const tables = await this.keeper.read();
    for (const [table, rows] of Object.entries(tables)) {
      this.#apply([...rows].map(([key, value]) => ({ table: /** @type {Table} */ (table), key, value })), true);
    }
  }

  /** The unsent writes in order. */
  get ops() {
    return [...this.byOp.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** The unsent writes that wait for a decision. */
  get held() {
    return this.ops.filter((op) => op.held);
  }

  /** @param {string} key */
  opsOf(key) {
    return this.ops.filter((op) => op.task === key);
  }

  /** The tasks as they are shown, in no order. */
  tasks() {
    /** @type {Map<string, Op[]>} */
    const pending = new Map();
    for (const op of this.ops) {
      const before = pending.get(op.task);
      if (before) before.push(op);
      else pending.set(op.task, [op]);
    }
    const keys = new Set([...this.entries.keys(), ...pending.keys()]);
    const shown = [];
    for (const key of keys) {
      const task = this.#shown(key, pending.get(key) ?? []);
      if (task) shown.push(task);
    }
    return shown;
  }

  /** @param {string} key */
  task(key) {
    return this.#shown(key, this.opsOf(key));
  }

  /**
   * @param {string} key
   * @param {Op[]} ops
   * @returns {Shown | null}
   */
  #shown(key, ops) {
    const entry = this.entries.get(key);
    const server = entry?.server && (!entry.gone || ops.length) ? entry.server : null;
    /** @type {Shown | null} */
    let task = server && { ...server, key, pending: false, held: null };
    for (const op of ops) {
      if (op.kind === "create" || op.kind === "restore" || !task) task = op.base && { ...op.base, key };
      if (op.kind === "delete" && !op.held) task = null;
      if (task && (op.kind === "create" || op.kind === "change")) task = this.#changed(task, op);
      if (task) Object.assign(task, { pending: true, held: op.held ?? task.held, id: entry?.id ?? op.base?.id ?? null });
    }
    return task;
  }

  /**
   * @param {Shown} task
   * @param {Op} op
   * @returns {Shown}
   */
  #changed(task, { fields, at }) {
    const after = { ...task, ...fields };
    if (after.completed && !task.completed) {
      after.completed_date = at;
      after.paid = this.quote(after.item, after.quantity);
    } else if (!after.completed) {
      after.completed_date = after.paid = null;
    }
    return after;
  }

  /**
   * Note which version an author sees, before they change it.
   * @param {string} key
   * @returns {Seen}
   */
  seen(key) {
    const last = this.opsOf(key).at(-1);
    const etag = last ? null : (this.entries.get(key)?.etag ?? null);
    return { etag, after: last?.id ?? null, base: this.task(key) };
  }

  /**
   * Return the version that an author saw or, where they have changed it themselves since, made.
   * @param {Seen} seen
   */
  version({ etag, after }) {
    let version = this.#made.get(after ?? "") ?? etag;
    while (version && this.#made.has(version)) version = this.#made.get(version) ?? null;
    return version;
  }

  /** @param {Fields} fields */
  async add(fields) {
    const key = newKey();
    /** @type {Shown} */
    const base = {
      key, id: null, name: "", note: null, creation_date: now(), due_date: null, completed: false,
      completed_date: null, item: null, quantity: 1, paid: null, pending: true, held: null,
    };
    await this.#write(() => [put(this.#op("create", key, fields, null, base))]);
    return key;
  }

  /**
   * @param {string} key
   * @param {Fields} fields
   * @param {Seen} [seen]
   */
  async change(key, fields, seen = this.seen(key)) {
    if (!Object.keys(fields).length) return;
    await this.#write((ops) => {
      const version = this.version(seen);
      const waits = ops.some((op) => op.task === key && (op.id === seen.after || op.etag === version));
      const etag = waits ? null : (version ?? this.entries.get(key)?.etag ?? null);
      return [put(this.#op("change", key, fields, etag, seen.base))];
    });
  }

  /**
   * Delete a task; return what takes that back.
   * @param {string} key
   */
  async remove(key) {
    const seen = this.seen(key);
    const op = this.#op("delete", key, {}, seen.etag, seen.base);
    await this.#write(() => [put(op)]);
    return () =>
      this.#write((ops) => {
        const unsent = ops.find((each) => each.id === op.id && each.until < Date.now());
        return [unsent ? drop(unsent) : put(this.#op("restore", key, {}, null, seen.base))];
      });
  }

  /**
   * Put other writes into the place of all those that wait on this task; false if one is under way.
   * @param {string} key
   * @param {{ kind: Op["kind"], fields: Fields, etag: string | null, base: Shown | null }[]} instead
   * @param {Entry | null} [entry] what the server has now; null: nothing any more
   */
  async replace(key, instead, entry) {
    let done = false;
    await this.#write((ops) => {
      const own = ops.filter((op) => op.task === key);
      if (own.some((op) => op.until > Date.now() && !op.held)) return [];
      done = true;
      const writes = own.map(drop);
      for (const { kind, fields, etag, base } of instead) writes.push(put(this.#op(kind, key, fields, etag, base)));
      if (entry) writes.push(keep(entry));
      else if (entry === null) writes.push(forget(key));
      return writes;
    });
    return done;
  }

  /**
   * @param {Op["kind"]} kind
   * @param {string} task
   * @param {Fields} fields
   * @param {string | null} etag
   * @param {Shown | null} base
   * @returns {Op}
   */
  #op(kind, task, fields, etag, base) {
    return { id: newKey(), at: now(), task, kind, fields, etag, base, until: 0, held: null };
  }

  /** Take the next write for this tab to send, or null. */
  async claim() {
    /** @type {Op | null} */
    let claimed = null;
    await this.#write((ops) => {
      const next = nextOp(ops, Date.now());
      claimed = next && { ...next, until: Date.now() + CLAIM };
      return claimed ? [put(claimed)] : [];
    });
    return /** @type {Op | null} */ (claimed);
  }

  /**
   * Let a claimed write go, to be tried again.
   * @param {Op} op
   */
  release(op) {
    return this.#write(() => [put({ ...op, until: 0 })]);
  }

  /**
   * @param {Op} op
   * @param {Held} held
   */
  hold(op, held) {
    return this.#write(() => [put({ ...op, until: 0, held })]);
  }

  /**
   * Note that the server has done the write; the next one on the same task stands on its result.
   * @param {Op} op
   * @param {Task | null} task
   * @param {string | null} etag
   */
  confirm(op, task, etag) {
    if (etag) this.#made.set(op.id, etag);
    if (etag && op.etag && op.etag !== etag) this.#made.set(op.etag, etag);
    return this.#write((ops) => {
      const writes = [drop(op)];
      const old = this.entries.get(op.task);
      if (task) writes.push(keep({ key: op.task, id: task.id, server: task, etag, gone: false }));
      else if (old) writes.push(keep({ ...old, gone: true }));
      const next = ops.find((other) => other.task === op.task && other.id > op.id);
      if (next && !next.etag && etag) writes.push(put({ ...next, etag }));
      return writes;
    });
  }

  /**
   * Take over a page of changes. After a reset, what it does not name is gone.
   * @param {ChangesPage} page
   * @param {Set<number> | null} named collects, over the pages of a first sync, what there is
   */
  takeOver(page, named) {
    const era = page.next.split(".")[0];
    const same = String(this.meta.get("token") ?? "").startsWith(`${era}.`);
    return this.#write((ops) => {
      const drafts = this.drafts.keys().map((key) => key.replace(/^edit:/, ""));
      const busy = new Set([...ops.map((op) => op.task), ...drafts]);
      /** @type {Write[]} */
      const writes = [{ table: "meta", key: "token", value: page.next }];
      if (page.account) writes.push({ table: "meta", key: "account", value: page.account });
      const away = (/** @type {Entry} */ entry) => (busy.has(entry.key) ? keep({ ...entry, gone: true }) : forget(entry.key));
      for (const change of page.changes) {
        named?.add(change.id);
        const key = this.#keys.get(change.id) ?? String(change.id);
        const old = this.entries.get(key);
        if (same && old?.server && old.server.revision > change.revision) continue;
        if ("deleted" in change) {
          if (old) writes.push(away(old));
        } else if (!(same && old?.server?.revision === change.revision)) {
          writes.push(keep({ key, id: change.id, server: change, etag: change.etag, gone: false }));
        }
      }
      if (named && !page.more) {
        for (const entry of this.entries.values()) {
          if (entry.id !== null && !named.has(entry.id)) writes.push(away(entry));
        }
      }
      return writes;
    });
  }

  /**
   * @param {string} key
   * @param {unknown} [value]
   */
  remember(key, value) {
    return this.#write(() => [{ table: "meta", key, value }]);
  }

  /** Forget everything, in all tabs. */
  async wipe() {
    this.#channel?.postMessage("wiped");
    this.close();
    this.drafts.clear();
    await this.keeper.wipe();
  }

  close() {
    this.#channel?.close();
    this.#channel = null;
  }

  /** @param {(ops: Op[]) => Write[]} work */
  async #write(work) {
    /** @type {Write[]} */
    let writes = [];
    try {
      writes = await this.keeper.transact(work);
    } catch {
      this.unsafe = true;
      writes = work(this.ops);
    }
    this.#apply(writes);
    if (writes.length) this.#channel?.postMessage(writes);
  }

  /**
   * @param {Write[]} writes
   * @param {boolean} [quietly]
   */
  #apply(writes, quietly = false) {
    /** @type {string[]} */
    const twins = [];
    for (const { table, key, value } of writes) {
      const rows = { tasks: this.entries, ops: this.byOp, meta: this.meta }[table];
      if (value === undefined) rows.delete(key);
      else rows.set(key, /** @type {any} */ (value));
      if (table === "tasks" && value !== undefined) {
        const id = /** @type {Entry} */ (value).id;
        const known = id === null ? undefined : this.#keys.get(id);
        // What this device created may come back, as news, before the answer that names its id.
        if (known && known !== key && this.entries.has(known)) twins.push(known === String(id) ? known : key);
        if (id !== null && (!known || known === String(id))) this.#keys.set(id, key);
      }
    }
    const spare = twins.filter((key) => !this.opsOf(key).length);
    if (spare.length) this.#write(() => spare.map(forget));
    if (!quietly && writes.length) this.dispatchEvent(new Event("change"));
  }
}

function now() {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
