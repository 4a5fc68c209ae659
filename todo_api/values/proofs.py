"""Proofs: the secret of a token, whose it says it is, and what is stored of it."""

import base64
import binascii
import hashlib
import secrets

Proof = tuple[int, bytes]
"""The account that a token says it is of, and the token's digest."""

_OWNER_BYTES = 8
_SECRET_BYTES = 25


def new_secret(owner: int) -> str:
    """Return a secret of 200 random bits, and the account's id, by which its row is found."""
    raw = owner.to_bytes(_OWNER_BYTES, "big") + secrets.token_bytes(_SECRET_BYTES)
    return base64.urlsafe_b64encode(raw).decode()


def digest(secret: str) -> bytes:
    """Return the SHA-256 of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def owner_of(secret: str) -> int | None:
    """Return the id of the account that a secret says it is of, None if it is no secret."""
    try:
        raw = base64.b64decode(secret.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    owner = int.from_bytes(raw[:_OWNER_BYTES], "big")
    right_size = len(raw) == _OWNER_BYTES + _SECRET_BYTES
    return owner if right_size and 0 < owner < 2**63 else None


def proof_of(secret: str) -> Proof | None:
    """Return by what the token `secret` is found, None if it is none."""
    owner = owner_of(secret)
    return None if owner is None else (owner, digest(secret))
