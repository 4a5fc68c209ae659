"""Entity tags (RFC 9110, 8.8.3), made of versions."""

import re

ONE = re.compile(r'(?:W/)?"[^"]*"')
"""One tag, a weak one among them."""

ADVICE = 'An ETag is sent as it came, with its quotes: "x1y2.17".'


def strong(version: str) -> str:
    """Return the strong tag of a version."""
    return f'"{version}"'
