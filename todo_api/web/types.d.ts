// The shapes that the modules share. For the type checker only: no browser loads this.

interface Money {
  amount: number;
  currency: string;
}

/** A task as the server shows it. */
interface Task {
  id: number;
  name: string;
  note: string | null;
  creation_date: string;
  due_date: string | null;
  completed: boolean;
  completed_date: string | null;
  item: string | null;
  quantity: number;
  paid: Money | null;
  revision: number;
  /** What guards a change of this very version. */
  etag: string;
}

/** What somebody may write into a task. */
interface Fields {
  name?: string;
  note?: string | null;
  due_date?: string | null;
  completed?: boolean;
  item?: string | null;
  quantity?: number;
}

interface Account {
  username: string;
  email: string;
  date_joined: string;
  timezone: string;
  pets: string[];
  listed: boolean;
  is_admin: boolean;
}

interface Price {
  name: string;
  price: number;
  currency: string;
  unit: string | null;
  updated_date: string;
}

/** One task as this device knows it from the server. A `gone` one was deleted there. */
interface Entry {
  key: string;
  id: number | null;
  server: Task | null;
  etag: string | null;
  gone: boolean;
}

/** Why a write waits for its author: the server's version is another one, or it said no. */
interface Held {
  why: "conflict" | "refused";
  theirs: Task | null;
  etag: string | null;
  message: string;
  errors: Record<string, string[]>;
}

/** A write that has not been confirmed yet. Its id is its Idempotency-Key, and sorts by time. */
interface Op {
  id: string;
  at: string;
  task: string;
  kind: "create" | "change" | "delete" | "restore";
  fields: Fields;
  /** The version that its author saw; null: what the write before it, on the same task, makes. */
  etag: string | null;
  /** What its author saw. */
  base: Shown | null;
  /** Until when some tab is sending it, in milliseconds since 1970. */
  until: number;
  held: Held | null;
}

/** A task as it is shown: the server's version with what has not been sent yet upon it. */
interface Shown extends Omit<Task, "id" | "revision" | "etag"> {
  key: string;
  id: number | null;
  pending: boolean;
  held: Held | null;
}

/** What an editor starts from, so that its save can say which version its author saw. */
interface Seen {
  etag: string | null;
  after: string | null;
  base: Shown | null;
}

interface Draft {
  fields: Record<string, string>;
  seen: Seen | null;
}

type Table = "tasks" | "ops" | "meta";

interface Write {
  table: Table;
  key: string;
  /** Absent: it is deleted. */
  value?: unknown;
}

type Tables = Record<Table, Map<string, any>>;

/** Where the local copy is kept. */
interface Keeper {
  kind: "indexeddb" | "local" | "memory";
  read(): Promise<Tables>;
  /** Hand the unsent writes, in order, to `work`, and do what it returns, all in one step. */
  transact(work: (ops: Op[]) => Write[]): Promise<Write[]>;
  wipe(): Promise<void>;
}

interface ChangesPage {
  changes: (Task | { id: number; deleted: true; revision: number })[];
  account?: Account;
  next: string;
  more: boolean;
  reset: boolean;
}

interface Session {
  token: string;
  username: string;
}

/** A view: its element, and what is to be done when something changes or it is left. */
interface View {
  node: HTMLElement;
  title: string;
  update?(): void;
  /** Whether it has to be made anew; it must not be while somebody can have typed into it. */
  stale?(): boolean;
  leave?(): void;
  shortcut?(key: string): boolean;
}

/** What every view is handed. */
interface App {
  session: Session;
  store: import("./store.js").Store;
  sync: import("./sync.js").Sync;
  account: Account;
  toast(message: string, action?: { label: string; run: () => void }): void;
  say(message: string): void;
  logout(everywhere: boolean): Promise<void>;
}
