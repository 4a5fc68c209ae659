"""Passwords: Argon2id hashes, a bound on how many are computed at once, and equal time for all."""

import secrets
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Hashes computed at a time in one process; each takes 19 MiB and some 15 ms of one core."""

# OWASP's first choice for Argon2id. The library's own default costs six times as much, which under
# load is paid by every other request.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_places = BoundedSemaphore(AT_ONCE)


def hashed(password: str) -> str:
    """Return the Argon2id hash of `password`."""
    with _places:
        return _hasher.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Return whether `password` is the one that was hashed.

    Without a hash (an unknown account, or one that nobody logs in to) the answer is False and takes
    the same time.
    """
    with _places:
        try:
            return _hasher.verify(password_hash or _nobodys_hash(), password)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())
