"""Passwords: Argon2id hashes, a bound on how many are computed at once, and equal time for all."""

from threading import BoundedSemaphore

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
            right = _hasher.verify(password_hash or _NOBODYS_HASH, password)
        except (VerificationError, InvalidHashError):
            return False
    return right and password_hash is not None
