"""Names: how they are compared, and which texts can be one."""

import re
import secrets
import unicodedata
from collections.abc import Iterator

LONGEST_NAME = 255
"""Characters that a name may have, of whatever it is the name."""

LONGEST_KEY = 510
"""Code points a key may have: what every database's index takes (PostgreSQL's: 2,704 bytes)."""

LONGEST_RUN = 30
"""Combining marks in a row that are put into their order together."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"


def key(name: str) -> str:
    """Return the form in which `name` is unique, looked up, sorted and searched.

    This is Unicode's NFKC_Casefold (The Unicode Standard, section 3.13) without surrounding space.
    Two names are the same if and only if their keys are equal. In a text that is longer than any
    name, a run of more than LONGEST_RUN combining marks is normalised in pieces.
    """
    if name.isascii():
        return name.casefold().strip()
    return _nfkc(_nfkc(name).casefold()).strip()


def _nfkc(text: str) -> str:
    """Return the text in NFKC, in time that grows with its length and no faster.

    To put a run of combining marks into its order takes time that grows with the square of the run.
    Unicode's stream-safe text format (UAX #15, section 13) bounds runs for that reason.
    """
    if len(text) <= LONGEST_NAME:
        return unicodedata.normalize("NFKC", text)
    return "".join(unicodedata.normalize("NFKC", piece) for piece in _stream_safe(text))


def _stream_safe(text: str) -> Iterator[str]:
    """Yield the text in pieces, none of which has a longer run of combining marks."""
    begin = run = 0
    for end, character in enumerate(text):
        run = run + 1 if unicodedata.combining(character) else 0
        if run > LONGEST_RUN:
            yield text[begin:end]
            begin, run = end, 1
    yield text[begin:]


def sought_key(name: str) -> str | None:
    """Return the key to look up for a name that somebody asks for, None if nothing can have it.

    Longer texts than any stored name are not even normalised.
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
