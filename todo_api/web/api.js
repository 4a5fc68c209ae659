// Requests to the server, and what can come of them.

const PATIENCE = 15_000; // Milliseconds, less than a write is claimed for.

/** The server said no. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {{ message?: string, errors?: Record<string, string[]>, current?: any } | null} body
   * @param {number} retryAfter seconds
   */
  constructor(status, body, retryAfter) {
    super(body?.message ?? `${status}`);
    this.status = status;
    this.errors = body?.errors ?? {};
    /** What the server has, where it is another version than the one that was to be changed. */
    this.current = body?.current ?? null;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may be taken later on. */
  get passes() {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** The server was not reached, or did not answer in time. */
export class Unreachable extends Error {}

/**
 * @typedef {object} Options
 * @property {string | null} [token]
 * @property {unknown} [body] a Blob is sent as it is, anything else as JSON
 * @property {Record<string, string>} [headers]
 */

/** @type {(session: string) => void} */
let ended = () => {};

/** @param {(token: string) => void} heard is called when a token has died */
export function onEnd(heard) {
  ended = heard;
}

/**
 * Send a request; raise Refused for an error status, Unreachable if there is no answer.
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 */
export async function call(method, path, options = {}) {
  const response = await open(method, path, options, AbortSignal.timeout(PATIENCE));
  try {
    const text = await response.text();
    const data = text ? JSON.parse(text) : null;
    // A proxy that compresses weakens the ETag in the header, and a weak one guards nothing.
    return { status: response.status, etag: /** @type {string | null} */ (data?.etag ?? null), data };
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

/**
 * Send a request and return its answer as soon as that begins.
 * @param {string} method
 * @param {string} path
 * @param {Options} options
 * @param {AbortSignal} signal
 */
export async function open(method, path, { token, body, headers = {} }, signal) {
  /** @type {Record<string, string>} */
  const sent = { Accept: "application/json", ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  if (body !== undefined) sent["Content-Type"] ??= "application/json";
  let response;
  try {
    const raw = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
    response = await fetch(path, { method, headers: sent, body: raw, signal, credentials: "omit" });
  } catch (error) {
    throw new Unreachable(String(error));
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => null);
  if (response.status === 401 && token) ended(token);
  throw new Refused(response.status, told, Number(response.headers.get("Retry-After") ?? 0));
}

let count = 0;

/** Return a new key, which sorts after those made before; randomUUID is missing on plain http. */
export function newKey() {
  const random = crypto.getRandomValues(new Uint32Array(2));
  const parts = [Date.now(), (count += 1), ...random].map((number) => number.toString(36));
  return `${parts[0].padStart(9, "0")}-${parts[1].padStart(4, "0")}-${parts[2]}${parts[3]}`;
}

const SESSION = "todo_api:session";
/** @type {Session | null} */
let inMemory = null;

/**
 * The token stands in localStorage, which no other origin can read, or in memory if there is none.
 * @returns {Session | null}
 */
export function session() {
  try {
    const text = localStorage.getItem(SESSION);
    return text ? JSON.parse(text) : inMemory;
  } catch {
    return inMemory;
  }
}

/** @param {Session | null} next */
export function keepSession(next) {
  inMemory = next;
  try {
    if (next) localStorage.setItem(SESSION, JSON.stringify(next));
    else localStorage.removeItem(SESSION);
  } catch {
    // It lasts as long as the tab does.
  }
}

/** @param {string} username */
export const accountPath = (username) => `/api/v1/accounts/${encodeURIComponent(username)}`;
