"""Quotes: how a message shows what a client has sent."""

LONGEST = 60
"""Characters of a text that a message shows."""


def quoted(text: str) -> str:
    """Return `text` in backticks, cut to LONGEST characters, on one line."""
    shown = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    if not shown.isprintable():
        shown = "".join(map(_visible, shown))
    return f"`{shown}`"


def _visible(character: str) -> str:
    printable = character.isprintable()
    return character if printable else character.encode("unicode_escape").decode()
