// Where the local copy is kept: IndexedDB, else localStorage, else memory.
// One account's copy never mixes with another's: each has a database of its own.

/** @type {Table[]} */
const TABLES = ["tasks", "ops", "meta"];

/**
 * Open the copy of `username` in the best place that this browser has.
 * @param {string} username
 * @returns {Promise<Keeper>}
 */
export async function openStorage(username) {
  const name = `todo_api:${username.toLowerCase()}`;
  try {
    return inDatabase(await openDatabase(name), name);
  } catch {
    return inPairs(name, usableLocalStorage());
  }
}

/** @returns {Tables} */
const emptyTables = () => ({ tasks: new Map(), ops: new Map(), meta: new Map() });

/**
 * @param {string} name
 * @returns {Promise<IDBDatabase>}
 */
function openDatabase(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      for (const table of TABLES) request.result.createObjectStore(table);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/**
 * @param {IDBDatabase} database
 * @param {string} name
 * @returns {Keeper}
 */
function inDatabase(database, name) {
  // Another tab that logs out deletes the database, and must not wait for this one.
  database.onversionchange = () => database.close();
  return {
    kind: "indexeddb",
    read() {
      return new Promise((resolve, reject) => {
        const tables = emptyTables();
        const transaction = database.transaction(TABLES, "readonly");
        for (const table of TABLES) {
          const cursor = transaction.objectStore(table).openCursor();
          cursor.onsuccess = () => {
            const row = cursor.result;
            if (!row) return;
            tables[table].set(String(row.key), row.value);
            row.continue();
          };
        }
        transaction.oncomplete = () => resolve(tables);
        transaction.onabort = () => reject(transaction.error);
      });
    },
    transact(work) {
      return new Promise((resolve, reject) => {
        const transaction = database.transaction(TABLES, "readwrite");
        /** @type {Write[]} */
        let writes = [];
        const ops = transaction.objectStore("ops").getAll();
        ops.onsuccess = () => {
          try {
            writes = work(ops.result);
            for (const { table, key, value } of writes) {
              const store = transaction.objectStore(table);
              if (value === undefined) store.delete(key);
              else store.put(value, key);
            }
          } catch (error) {
            transaction.abort();
            reject(error);
          }
        };
        transaction.oncomplete = () => resolve(writes);
        transaction.onabort = () => reject(transaction.error);
      });
    },
    wipe() {
      database.close();
      return new Promise((resolve) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = request.onerror = request.onblocked = () => resolve();
      });
    },
  };
}

/** @returns {Storage | null} */
function usableLocalStorage() {
  try {
    localStorage.setItem("todo_api:probe", "1");
    localStorage.removeItem("todo_api:probe");
    return localStorage;
  } catch {
    return null;
  }
}

/**
 * Keep each row as a pair of texts, so that two tabs do not overwrite each other's rows.
 * @param {string} name
 * @param {Storage | null} pairs
 * @returns {Keeper}
 */
function inPairs(name, pairs) {
  const tables = emptyTables();
  const full = (/** @type {string} */ table, /** @type {string} */ key) => `${name}/${table}/${key}`;
  const load = () => {
    for (const path of pairs ? Object.keys(pairs) : []) {
      const [base, table, ...key] = path.split("/");
      if (base === name && TABLES.includes(/** @type {Table} */ (table))) {
        tables[/** @type {Table} */ (table)].set(key.join("/"), JSON.parse(pairs?.getItem(path) ?? "null"));
      }
    }
  };
  load();
  return {
    kind: pairs ? "local" : "memory",
    async read() {
      return tables;
    },
    async transact(work) {
      const ops = [...tables.ops.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
      const writes = work(ops);
      for (const { table, key, value } of writes) {
        if (value === undefined) {
          tables[table].delete(key);
          pairs?.removeItem(full(table, key));
        } else {
          tables[table].set(key, value);
          pairs?.setItem(full(table, key), JSON.stringify(value));
        }
      }
      return writes;
    },
    async wipe() {
      for (const path of pairs ? Object.keys(pairs) : []) {
        if (path.startsWith(`${name}/`)) pairs?.removeItem(path);
      }
      for (const table of TABLES) tables[table].clear();
    },
  };
}
