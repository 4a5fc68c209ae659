"""The texts of a calendar: their escapes, and the encodings of vCalendar 1.0."""

import binascii
import quopri
import re

from icalendar.parser import unescape_backslash

_PLAIN = ("", "8BIT", "7BIT")
_CHARSET = re.compile(
    r"utf-?8|(us-)?ascii|iso-8859-([1-9]|1[0-6])|windows-125[0-8]|koi8-[ru]|shift_jis|euc-(jp|kr)"
    r"|gb2312|gbk|gb18030|big5|iso-2022-jp",
    re.IGNORECASE | re.ASCII,
)
"""The character sets that are read. Python knows more, some of which take long to decode."""


def unescaped(text: str) -> str:
    """Return what a text of iCalendar means (RFC 5545, 3.3.11)."""
    meant: str = unescape_backslash(text)
    return meant


def unescaped_of_old(text: str) -> str:
    """Return what a text of vCalendar 1.0 means, where only a semicolon is escaped."""
    return text.replace(r"\;", ";")


def decoded(value: str, parameters: dict[str, str]) -> str:
    """Return a value without its ENCODING; raise ValueError if it cannot be decoded.

    A line break in what was encoded is one LF, as one in a text of iCalendar is.
    """
    encoding = parameters.get("ENCODING", "").upper()
    if encoding in _PLAIN:
        return value
    if encoding not in ("QUOTED-PRINTABLE", "BASE64", "B"):
        raise ValueError("Its encoding is not known.")
    charset = parameters.get("CHARSET", "utf-8")
    if not _CHARSET.fullmatch(charset):
        raise ValueError("Its character set is not known.")
    raw = value.encode()
    try:
        raw = quopri.decodestring(raw) if encoding[0] == "Q" else binascii.a2b_base64(raw)
        return raw.decode(charset).replace("\r\n", "\n")
    except (ValueError, binascii.Error):
        raise ValueError("It cannot be decoded.") from None
