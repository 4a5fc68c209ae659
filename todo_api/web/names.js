// Names: how they are compared. The server's todo_api/values/names.py has the same rule.

/**
 * Fold case as Unicode does. JavaScript has no function for that. To upper and back to lower case
 * is the same, except for these letters, and for the sigma at the end of a word.
 * @param {string} text
 */
const folded = (text) =>
  text
    .replace(/[^ıẞ\u13a0-\u13fd\uab70-\uabbf]+/gu, (most) => most.toUpperCase().toLowerCase())
    .replace(/[ẞς\u13f8-\u13fd\uab70-\uabbf]/gu, (letter) => (letter === "ẞ" ? "ss" : letter === "ς" ? "σ" : letter.toUpperCase()));

/**
 * Return the form in which a name is compared: Unicode's NFKC_Casefold without surrounding space.
 * @param {string} name
 */
export const nameKey = (name) =>
  folded(folded(name.normalize("NFD").replaceAll("\u037a", " ι")).normalize("NFKD"))
    .replace(/\p{Default_Ignorable_Code_Point}+/gu, "")
    .normalize("NFC")
    .replace(/^[\s\x1c-\x1f\x85]+|[\s\x1c-\x1f\x85]+$/g, "");

/** @param {string} text @param {number} at */
const isSurrogate = (text, at) => /[\ud800-\udfff]/.test(text.charAt(at));

/**
 * Compare keys of names by code point, as the server sorts them. The operator `<` compares UTF-16: it
 * puts emoji before some letters, because of their surrogates.
 * @param {string} one
 * @param {string} other
 */
export function compareKeys(one, other) {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  if (at === one.length || at === other.length) return one.length - other.length;
  return Number(isSurrogate(one, at)) - Number(isSurrogate(other, at)) || one.charCodeAt(at) - other.charCodeAt(at);
}
