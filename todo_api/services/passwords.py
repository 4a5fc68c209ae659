"""Passwords: Argon2id hashes, a bound on how many are computed at once, and equal time for all."""

import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from nacl.exceptions import InvalidkeyError
from nacl.pwhash import argon2id

AT_ONCE = 2
"""Hashes computed at a time in one process; each takes 7 MiB and some 10 ms of one core."""

# Of the choices that OWASP's Password Storage Cheat Sheet calls equally strong the one that leaves
# the most to other requests: it fits into the caches of a processor. One of 19 MiB and two passes
# takes up to twice as long.
_MEMORY, _PASSES = 7 * 1024 * 1024, 5
_AS_NOW = f"$argon2id$v=19$m={_MEMORY // 1024},t={_PASSES},p=1$"
_NOBODYS_HASH = _AS_NOW + "ck075VqNeGsUwvVbamiXIQ$UYKo4lqH+ctBiY5n6u+vZ7cYxRhN8WR9XLdIf5ddQcE"


@cache
def _threads(_process: int) -> ThreadPoolExecutor:
    """Return the threads of a process; one that is forked has none of its parent's."""
    return ThreadPoolExecutor(AT_ONCE, "password")


def hashed(password: str) -> str:
    """Return the Argon2id hash of `password`, in Unicode's normal form NFC."""
    text = unicodedata.normalize("NFC", password)
    return _threads(os.getpid()).submit(_hash, text.encode()).result().decode()


def matches(password: str, password_hash: str | None) -> bool:
    """Return whether `password` is the one that was hashed, in whatever normal form.

    Devices type the same letter in different forms. Without a hash (an unknown account, or one that
    nobody logs in to) the answer is False and takes the same time.
    """
    stored = (password_hash or _NOBODYS_HASH).encode()
    right = any(
        _threads(os.getpid()).submit(_verify, stored, each.encode()).result()
        for each in _forms(password)
    )
    return right and password_hash is not None


def still_matches(password: str, password_hash: str | None, known: str | None) -> bool:
    """Return whether `password`, which is that of the hash `known`, is that of another one, too.

    A hash is computed only if it is another one.
    """
    return password_hash == known or matches(password, password_hash)


def renewed(password: str, known: str) -> str:
    """Return `known`, the hash of `password`, or one as they are made now if it was made before."""
    return known if known.startswith(_AS_NOW) else hashed(password)


def _forms(password: str) -> list[str]:
    """Return the password as it is hashed now, and as earlier versions may have hashed it."""
    composed, decomposed = (unicodedata.normalize(form, password) for form in ("NFC", "NFD"))
    return list(dict.fromkeys((composed, password, decomposed)))


def _hash(password: bytes) -> bytes:
    return argon2id.str(password, _PASSES, _MEMORY)


def _verify(password_hash: bytes, password: bytes) -> bool:
    try:
        return argon2id.verify(password_hash, password)
    except (InvalidkeyError, ValueError):
        return False
