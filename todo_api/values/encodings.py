"""Encodings: what a text seems to be in that is not UTF-8."""

import re

MARK = b"\xef\xbb\xbf"
"""The byte order mark with which some programs begin a text in UTF-8."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_ESCAPED = re.compile("[\udc80-\udcff]")


def is_utf_16(raw: bytes) -> bool:
    """Return whether a text begins as one in UTF-16 does, with a mark or an ASCII character."""
    head = raw[:2]
    return head in _UTF_16 or (len(head) == len(b"a\0") and head.count(b"\0") == 1)


def from_windows_1252(raw: bytes) -> str | None:
    """Return a text as Windows-1252 has it, None if it is none or holds UTF-8 beside it."""
    if not _ESCAPED.sub("", raw.decode("utf-8", "surrogateescape")).isascii():
        return None
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return None
