"""Passwords: Argon2id hashes, a bound on how many are computed at once, and equal time for all."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Hashes computed at a time in one process; each takes 19 MiB and some 15 ms of one core."""

# OWASP's first choice for Argon2id. The library's own default costs six times as much, which under
# load is paid by every other request.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODYS_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$Ktpemhf3w+MusEazyY+5mA$cNv6pQ"
    "vuL9/NSvS54WAfl+yS1MrTWvSdJPdAHwn42HE"
)


@cache
def _threads(_process: int) -> ThreadPoolExecutor:
    """Return the threads of a process; one that is forked has none of its parent's."""
    return ThreadPoolExecutor(AT_ONCE, "password")


def hashed(password: str) -> str:
    """Return the Argon2id hash of `password`."""
    return _threads(os.getpid()).submit(_hasher.hash, password).result()


def matches(password: str, password_hash: str | None) -> bool:
    """Return whether `password` is the one that was hashed.

    Without a hash (an unknown account, or one that nobody logs in to) the answer is False and takes
    the same time.
    """
    verifying = _threads(os.getpid()).submit(
        _hasher.verify, password_hash or _NOBODYS_HASH, password
    )
    try:
        right = verifying.result()
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None
