"""Names: how they are compared, and which texts can be one."""

import re
import secrets
import unicodedata
from functools import lru_cache, partial
from itertools import groupby
from typing import Literal

LONGEST_NAME = 255
"""Characters that a name may have, of whatever it is the name."""

LONGEST_KEY = 510
"""Code points a key may have: what every database's index takes (PostgreSQL's: 2,704 bytes)."""

LONGEST_SEARCHED = 30_000
"""Characters of the key of a text that is searched, three times as many as a note may have."""

_LONGEST_RUN = 30
"""Marks that follow one another in any text that means something (UAX #15, section 13)."""

IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
"""Default_Ignorable_Code_Point: soft hyphens, zero-width spaces, variation selectors and the like.

These are the ranges of DerivedCoreProperties.txt in Unicode 14 to 17. They hold code points that no
character has yet, so that new versions of Unicode leave them as they are.
"""

_Form = Literal["NFC", "NFD", "NFKD"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"


def key(name: str) -> str:
    """Return the form in which `name` is unique, looked up, sorted and searched.

    Two names are the same if and only if their keys are equal. The key is Unicode's NFKC_Casefold
    of the canonically decomposed name (The Unicode Standard, section 3.13, D147), without
    surrounding white space. Unicode promises that it stays for characters that it has; what this
    Python does not know yet stays as it is. The time is proportional to the length of the name.
    """
    if name.isascii():
        return name.casefold().strip()
    # The standard maps each character by itself. A whole text comes out the same, except that
    # U+037A, once it is decomposed, would let an iota change places with the marks behind it.
    text = _normalized("NFD", name).replace("\u037a", " \u03b9").casefold()
    # Compatibility characters decompose into capital letters, too.
    text = _normalized("NFKD", text).casefold()
    return _normalized("NFC", IGNORABLE.sub("", text)).strip()


def search_key(text: str) -> str:
    """Return the key of a text of any length, of which no more is kept than is searched.

    A few characters are eighteen of another form in NFKC. A text of nothing else is searched as far
    as LONGEST_SEARCHED only.
    """
    return key(text)[:LONGEST_SEARCHED]


def sought_key(name: str) -> str | None:
    """Return the key to look up for a name that somebody asks for, None if nothing can have it.

    Texts that are longer than any stored name are not normalised.
    """
    if len(name) > LONGEST_NAME or why_not_text(name):
        return None
    return key(name)


def why_not_text(text: str) -> str | None:
    """Return why `text` cannot be stored byte for byte in every database, or None if it can."""
    if "\0" in text:
        return "Must not hold a NUL character."
    return why_lone(text)


def why_lone(text: str) -> str | None:
    """Return why `text` cannot be written in UTF-8, or None if it can."""
    return "Must not hold a lone surrogate." if _SURROGATE.search(text) else None


def random_text(length: int) -> str:
    """Return `length` random letters and digits, none of which looks like another."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _normalized(form: _Form, text: str) -> str:
    """Return `text` in a normal form (UAX #15), in time that is proportional to its length.

    `unicodedata` sorts the combining marks behind a letter by insertion, which takes quadratic time
    for a long run of them. This function sorts such a run first; the normal form is the same.
    """
    decomposed: _Form = "NFKD" if form == "NFKD" else "NFD"
    is_mark = partial(_is_mark, decomposed)
    # A longer run has a character in at least one of these places.
    if len(text) > _LONGEST_RUN and any(map(is_mark, text[::_LONGEST_RUN])):
        runs = ((are_marks, "".join(run)) for are_marks, run in groupby(text, is_mark))
        text = "".join(
            _ordered(decomposed, run) if are_marks and len(run) > _LONGEST_RUN else run
            for are_marks, run in runs
        )
    return unicodedata.normalize(form, text)


def _ordered(form: _Form, marks: str) -> str:
    """Return combining marks decomposed and in canonical order."""
    decomposed = "".join(unicodedata.normalize(form, mark) for mark in marks)
    return "".join(sorted(decomposed, key=unicodedata.combining))


@lru_cache(2_048)
def _is_mark(form: _Form, character: str) -> bool:
    """Return whether all that a character decomposes into are combining marks."""
    return unicodedata.combining(unicodedata.normalize(form, character)[0]) > 0
