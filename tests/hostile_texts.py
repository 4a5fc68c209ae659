"""Texts that are made to keep a regular expression busy."""

import re


def hostile_texts(pattern, length):
    """Yield texts made of what a pattern matches, with an end that it does not match."""
    literals = re.findall(r"[A-Za-z]{2,}=?|[0-9]", re.sub(r"\\.|\[[^]]*\]", " ", pattern))
    classes = [part[1:2] for part in re.findall(r"\[\^?\\?[^\]]*\]", pattern)]
    units = {
        *literals,
        *classes,
        *"a0 \t.,;:&=/-+\"'\\%<>(){}[]\u00e9",
        "a=",
        "a&",
        "=&",
        '"a',
        "a.",
    }
    for unit in sorted(unit for unit in units if unit):
        for end in ("", "\0", "!"):
            yield (unit * (length // len(unit) + 1))[:length] + end
