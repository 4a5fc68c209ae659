// Requests to the server, and what can come of them.

import { text } from "./text.js";

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

/** A gateway in front of the server asks for a login of its own; the server was not reached. */
export class Gateway extends Refused {
  constructor() {
    super(511, { message: text.gateway.login }, 0);
  }
}

/** Where the gateway can ask for that, past the page that this device keeps. */
export const GATEWAY = "/?gateway";

/** The statuses by which a gateway asks for a login. */
const LOGINS = [401, 403, 407, 511];

/**
 * Return what an answer says that is no success of the server's own, or null if it is one.
 * @param {number} status 0 is a redirect, which the API never sends
 * @param {(name: string) => string | null} header
 * @param {string} body of an answer that is no success
 */
export function problemIn(status, header, body) {
  const type = header("Content-Type") ?? "";
  if (status >= 200 && status < 300) return type.startsWith("text/html") ? new Gateway() : null;
  const told = type.startsWith("application/json") ? parsed(body) : null;
  const retryAfter = Number(header("Retry-After") ?? 0);
  const isChallenge = status !== 401 || /^bearer/i.test(header("WWW-Authenticate") ?? "");
  if (told?.status === status && isChallenge) return new Refused(status, told, retryAfter);
  if (status < 400 || LOGINS.includes(status)) return new Gateway();
  return new Refused(status, { message: text.gateway.refused(status) }, retryAfter);
}

/** @param {string} body */
function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
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
    const content = await response.text();
    const data = content ? JSON.parse(content) : null;
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
  // Behind HTTP Basic the browser puts something else into Authorization.
  if (token) sent["X-Auth-Token"] = token;
  if (body !== undefined) sent["Content-Type"] ??= "application/json";
  let response;
  try {
    const raw = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
    response = await fetch(path, { method, headers: sent, body: raw, signal, credentials: "same-origin", redirect: "manual" });
  } catch (error) {
    throw new Unreachable(String(error));
  }
  const said = response.ok ? "" : await response.text().catch(() => "");
  const problem = problemIn(response.status, (name) => response.headers.get(name), said);
  if (!problem) return response;
  if (problem.status === 401 && token) ended(token);
  throw problem;
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
