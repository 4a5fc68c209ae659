// Money, exactly: integers of ten-thousandths, rounded half up once, at the end.

const DECIMALS = 4;

/**
 * Return a decimal number in ten-thousandths, or null if it is none or has a fifth decimal.
 * @param {string | number} value
 */
export function scaled(value) {
  const match = /^(\d{1,15})(?:[.,](\d{1,4}))?$/.exec(String(value).trim());
  return match ? BigInt(match[1] + (match[2] ?? "").padEnd(DECIMALS, "0")) : null;
}

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {string} currency */
function format(currency) {
  let made = formats.get(currency);
  if (!made) {
    made = new Intl.NumberFormat(undefined, { style: "currency", currency });
    formats.set(currency, made);
  }
  return made;
}

/**
 * Return a sum of products of two scaled numbers (in 10^-8) as a decimal in the currency's unit.
 * @param {bigint} sum
 * @param {string} currency
 */
export function rounded(sum, currency) {
  const digits = format(currency).resolvedOptions().maximumFractionDigits ?? 2;
  const step = 10n ** BigInt(2 * DECIMALS - digits);
  const units = String((sum + step / 2n) / step).padStart(digits + 1, "0");
  return digits ? `${units.slice(0, -digits)}.${units.slice(-digits)}` : units;
}

/**
 * Write an amount for people.
 * @param {string | number} amount
 * @param {string} currency
 */
export const written = (amount, currency) =>
  format(currency).format(/** @type {any} */ (String(amount)));

/**
 * Write a price, which may have more decimals than its currency's coins.
 * @param {number} price
 * @param {string} currency
 */
export const writtenPrice = (price, currency) =>
  new Intl.NumberFormat(undefined, { style: "currency", currency, maximumFractionDigits: DECIMALS }).format(price);
