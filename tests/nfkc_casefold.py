"""NFKC_Casefold by its definition, one character after the other.

The mapping of a character is defined in DerivedNormalizationProps.txt, that of a text, and how
texts are compared by it, in The Unicode Standard, section 3.13 (R5 and D147).
"""

import unicodedata
from functools import lru_cache

from node_names import ignorables


@lru_cache(20_000)
def mapped(character):
    """Return the property NFKC_CF of a character."""
    while True:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
        folded = "".join(each for each in folded if each not in ignorables())
        if folded == character:
            return folded
        character = folded


def nfkc_casefold(text):
    """Return the form in which a text is compared as an identifier, without regard to case."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(map(mapped, decomposed)))


def name_key(name):
    """Return the form in which a name is compared: surrounding white space does not count."""
    return nfkc_casefold(name).strip()
