// What happens elsewhere, as it happens: server-sent events read with fetch, since EventSource
// cannot send a token; where no stream can be had, the changes are asked for every few seconds.

import { Refused, Unreachable, open } from "./api.js";

const SILENCE = 40_000; // Milliseconds after which a stream counts as dead; it beats every 15 s.
const ASK_EVERY = 4_000;
const SLOWEST = 30_000;

/**
 * Read events until the stream ends; raise when it has been silent for too long.
 * @param {ReadableStream<any>} stream
 * @param {() => void} heard is called for whatever comes, so that silence is noticed
 * @returns {AsyncGenerator<string>} the data of each event
 */
export async function* events(stream, heard) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    text += value.replaceAll("\r\n", "\n");
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n").filter((line) => line.startsWith("data:"));
      if (lines.length) yield lines.map((line) => line.slice(5).replace(/^ /, "")).join("\n");
    }
  }
}

export class Live {
  #stopped = new AbortController();
  /** @type {AbortController} */
  #current = new AbortController();
  /** @type {() => void} */
  #wake = () => {};
  #attempts = 0;

  /** @param {import("./sync.js").Sync} sync */
  constructor(sync) {
    this.sync = sync;
  }

  /**
   * Follow until stopped. Of several tabs one holds the stream, where the browser has locks for it,
   * and tells the others.
   * @param {string} username
   */
  async start(username) {
    window.addEventListener("online", this.#online);
    window.addEventListener("offline", this.#offline);
    document.addEventListener("visibilitychange", this.#online);
    const signal = this.#stopped.signal;
    if (!navigator.locks) return this.#follow();
    setTimeout(this.#online, 300);
    await navigator.locks.request(`todo_api:${username.toLowerCase()}`, { signal }, () => this.#follow()).catch(() => {});
  }

  #lead = false;

  stop() {
    window.removeEventListener("online", this.#online);
    window.removeEventListener("offline", this.#offline);
    document.removeEventListener("visibilitychange", this.#online);
    this.#stopped.abort();
    this.#current.abort();
    this.#wake();
  }

  #online = () => {
    if (document.hidden || !navigator.onLine) return;
    this.#attempts = 0;
    this.#wake();
    this.sync.push();
    if (!this.#lead && !this.#stopped.signal.aborted) this.sync.pull().then(() => this.sync.set("live"), (error) => this.sync.lost(error));
  };

  #offline = () => {
    this.sync.set("offline");
    this.#current.abort();
  };

  async #follow() {
    this.#lead = true;
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#stream();
        await this.#pause(200);
      } catch (error) {
        if (error instanceof Refused && error.status === 401) return;
        const full = error instanceof Refused && error.status === 503;
        const lost = full ? await this.#poll(Math.max(20, error.retryAfter)).catch((why) => why) : error;
        if (lost) await this.#fail(lost);
      }
    }
  }

  /** @param {unknown} error */
  async #fail(error) {
    this.sync.lost(error);
    const wait = Math.min(SLOWEST, 500 * 2 ** this.#attempts);
    this.#attempts += 1;
    await this.#pause(wait * (0.75 + Math.random() / 2));
  }

  async #stream() {
    if (!navigator.onLine) throw new Unreachable();
    this.#current = new AbortController();
    let silence = setTimeout(() => {}, 0);
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => this.#current.abort(), SILENCE);
    };
    heard();
    const { token, path, store } = this.sync;
    const since = store.meta.get("token");
    /** @type {Record<string, string>} */
    const headers = { Accept: "text/event-stream" };
    if (since) headers["Last-Event-ID"] = since;
    try {
      const response = await open("GET", `${path}/events`, { token, headers }, this.#current.signal);
      this.#attempts = 0;
      this.sync.set("live");
      this.sync.push();
      if (!response.body) return;
      for await (const data of events(response.body, heard)) await this.sync.take(JSON.parse(data));
    } finally {
      clearTimeout(silence);
    }
  }

  /** @param {number} seconds until a stream is tried again */
  async #poll(seconds) {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end && !this.#stopped.signal.aborted) {
      await this.sync.pull();
      this.sync.set("polling");
      this.sync.push();
      await this.#pause(ASK_EVERY);
    }
  }

  /** @param {number} milliseconds */
  async #pause(milliseconds) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }
}
