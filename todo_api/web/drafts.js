// What is being typed, kept at every keystroke: localStorage takes it at once, even from a page
// that is just being closed, where IndexedDB would come too late.

export class Drafts {
  /** @type {Map<string, string>} Where there is no localStorage they last as long as the tab. */
  #memory = new Map();

  /** @param {string} username */
  constructor(username) {
    this.prefix = `todo_api:${username.toLowerCase()}/draft/`;
  }

  /**
   * @param {string} key
   * @returns {Draft | null}
   */
  get(key) {
    const text = this.text(key);
    return text === null ? null : JSON.parse(text);
  }

  /** @param {string} key */
  text(key) {
    try {
      return localStorage.getItem(this.prefix + key) ?? this.#memory.get(key) ?? null;
    } catch {
      return this.#memory.get(key) ?? null;
    }
  }

  /**
   * @param {string} key
   * @param {Draft} draft
   */
  set(key, draft) {
    const text = JSON.stringify(draft);
    try {
      localStorage.setItem(this.prefix + key, text);
    } catch {
      this.#memory.set(key, text);
    }
  }

  /** @param {string} key */
  remove(key) {
    this.#memory.delete(key);
    try {
      localStorage.removeItem(this.prefix + key);
    } catch {
      // Then it was in memory only.
    }
  }

  keys() {
    const keys = [...this.#memory.keys()];
    try {
      const own = Object.keys(localStorage).filter((path) => path.startsWith(this.prefix));
      keys.push(...own.map((path) => path.slice(this.prefix.length)));
    } catch {
      // Then they are in memory only.
    }
    return keys;
  }

  clear() {
    for (const key of this.keys()) this.remove(key);
  }
}
