"""Names: how they are compared, and which texts can be one."""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby

LONGEST_NAME = 255
"""Characters that a name may have, of whatever it is the name."""

LONGEST_KEY = 510
"""Code points a key may have: what every database's index takes (PostgreSQL's: 2,704 bytes)."""

LONGEST_SEARCHED = 30_000
"""Characters of the key of a text that is searched, three times as many as a note may have."""

_LONGEST_RUN = 30
"""Marks that follow one another in any text that means something (UAX #15, section 13)."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"


def key(name: str) -> str:
    """Return the form in which `name` is unique, looked up, sorted and searched.

    This is Unicode's NFKC_Casefold (The Unicode Standard, section 3.13) without surrounding space.
    Two names are the same if and only if their keys are equal.
    """
    if name.isascii():
        return name.casefold().strip()
    # Casefolding keeps the marks in their order, so that this takes linear time, too.
    return unicodedata.normalize("NFKC", nfkc(name).casefold()).strip()


def search_key(text: str) -> str:
    """Return the key of a text of any length, of which no more is kept than is searched.

    A few characters are eighteen of another form in NFKC. A text of nothing else is searched as far
    as LONGEST_SEARCHED only.
    """
    return key(text)[:LONGEST_SEARCHED]


def nfkc(text: str) -> str:
    """Return `text` in Unicode's NFKC (UAX #15), in time that is proportional to its length.

    `unicodedata` sorts the combining marks behind a letter by insertion, which takes quadratic time
    for a long run of them. So it gets such a run in order; the normal form is the same.
    """
    # A longer run has a character in at least one of these places.
    if any(map(_is_mark, text[::_LONGEST_RUN])):
        text = "".join(_ordered(run) for run in groupby(text, _is_mark))
    return unicodedata.normalize("NFKC", text)


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


def _ordered(run: tuple[bool, Iterable[str]]) -> str:
    """Return the characters of a run; if they are many marks, decomposed and in canonical order."""
    are_marks, characters = run
    text = "".join(characters)
    if not are_marks or len(text) <= _LONGEST_RUN:
        return text
    marks = "".join(unicodedata.normalize("NFKD", mark) for mark in text)
    return "".join(sorted(marks, key=unicodedata.combining))


@lru_cache(2_048)
def _is_mark(character: str) -> bool:
    """Return whether all that a character decomposes into are combining marks."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0
