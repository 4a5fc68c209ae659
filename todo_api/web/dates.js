// Due dates: a bare day, or a moment, each seen from the account's time zone.

/**
 * Return the wall clock of `zone` at a moment, as if it were UTC, in milliseconds.
 * @param {number} moment
 * @param {string} zone
 */
function wall(moment, zone) {
  const parts = formatter(zone).formatToParts(moment);
  const [year, month, day, hour, minute, second] = ["year", "month", "day", "hour", "minute", "second"].map((type) =>
    Number(parts.find((part) => part.type === type)?.value),
  );
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formatters = new Map();

/** @param {string} zone */
function formatter(zone) {
  let made = formatters.get(zone);
  if (!made) {
    made = new Intl.DateTimeFormat("en-US", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "numeric", minute: "numeric", second: "numeric",
    });
    formatters.set(zone, made);
  }
  return made;
}

const HOURS = 3_600_000;

/**
 * Return the moment of a wall time in `zone`. One in a DST gap moves forward, an ambiguous one is
 * the first, as on the server.
 * @param {string} day `2026-11-20`
 * @param {string} time `18:00`
 * @param {string} zone
 */
export function momentOf(day, time, zone) {
  const asUtc = Date.parse(`${day}T${time}Z`);
  const [before, after] = [-24, 24].map((hours) => {
    const near = asUtc + hours * HOURS;
    return asUtc - (wall(near, zone) - near);
  });
  return wall(before, zone) === asUtc || wall(after, zone) !== asUtc ? before : after;
}

/**
 * Return what goes to the server for what was typed: a day, or a day and a time.
 * @param {string} day
 * @param {string} time
 * @param {string} zone
 */
export function dueOf(day, time, zone) {
  if (!day) return null;
  if (!time) return day;
  return new Date(momentOf(day, time, zone)).toISOString().replace(/\.\d+Z$/, "Z");
}

/** @param {string} due */
const isDay = (due) => due.length === 10;

/**
 * Return the day and the time of a due date as inputs want them.
 * @param {string | null} due
 * @param {string} zone
 */
export function inputsOf(due, zone) {
  if (!due) return { day: "", time: "" };
  if (isDay(due)) return { day: due, time: "" };
  const text = new Date(wall(Date.parse(due), zone)).toISOString();
  return { day: text.slice(0, 10), time: text.slice(11, 16) };
}

/**
 * @param {string} zone
 * @param {number} [now]
 */
export const today = (zone, now = Date.now()) => new Date(wall(now, zone)).toISOString().slice(0, 10);

/**
 * Whether an open task is overdue: a moment when it is past, a day when it is over in `zone`.
 * @param {{ due_date: string | null, completed: boolean }} task
 * @param {string} zone
 * @param {number} [now]
 */
export function isOverdue({ due_date: due, completed }, zone, now = Date.now()) {
  if (!due || completed) return false;
  return isDay(due) ? due < today(zone, now) : Date.parse(due) < now;
}

/**
 * Return the number by which due dates sort: a day before the times on it, nothing last.
 * @param {string | null} due
 * @param {string} zone
 */
export function dueOrder(due, zone) {
  if (!due) return null;
  return isDay(due) ? 2 * momentOf(due, "00:00", zone) : 2 * Date.parse(due) + 1;
}

/**
 * @param {string} due
 * @param {string} zone
 * @param {{ today: string, tomorrow: string, yesterday: string }} words
 */
export function dueText(due, zone, words) {
  const { day, time } = inputsOf(due, zone);
  const now = today(zone);
  const away = Math.round((Date.parse(day) - Date.parse(now)) / (24 * HOURS));
  const near = { 0: words.today, 1: words.tomorrow, [-1]: words.yesterday }[away];
  /** @type {Intl.DateTimeFormatOptions} */
  const style = { day: "numeric", month: "short", timeZone: "UTC" };
  if (Math.abs(away) < 7) style.weekday = "short";
  if (day.slice(0, 4) !== now.slice(0, 4)) style.year = "numeric";
  const date = near ?? new Intl.DateTimeFormat(undefined, style).format(Date.parse(day));
  return time ? `${date}, ${new Intl.DateTimeFormat(undefined, { timeStyle: "short", timeZone: zone }).format(Date.parse(due))}` : date;
}

/**
 * @param {string} moment
 * @param {string} zone
 */
export const momentText = (moment, zone) =>
  new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(Date.parse(moment));
