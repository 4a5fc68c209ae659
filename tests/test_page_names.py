"""The page compares and sorts names as the server does: the same texts are given to both."""

import random
import sys
import unicodedata

from naughty import KINDS
from node_names import keys_in_the_page
from test_values import HOSTILE, ODD

from todo_api.values import names

CHARACTERS = [
    chr(code)
    for code in range(sys.maxunicode + 1)
    # Of characters that are newer than this Python, it knows no case and no normal form.
    if unicodedata.category(chr(code)) not in ("Cs", "Cn", "Co")
]
WORDS = [
    "ὈΔΥΣΣΕΎΣ ὀδυσσεύς",
    "ΣΑΣ Σ. ΑΣ-Σ",
    "Straße STRASSE STRAẞE",
    "İstanbul ISTANBUL ıstanbul istanbul",
    "ｆｕｌｌ　ｗｉｄｔｈ ﾊﾟ",
    "soft\u00adhyphen zero\u200bwidth \ufeffmark",
    "❤️ ❤ 1️⃣ 👨‍👩‍👧",
    " \x1c\x85\u2028 x \u00a0\u3000\x1f",
    "ᏣᎳᎩ ꮳꮃꭹ ᏸ",
    "\u037a\u0301 \u03b1\u0345\u0301 \u1fb3\u0301",
    "a\u0301\u034f\u0316" * 40,
]


def in_contexts(text):
    """Return a text at the beginning, in the middle and at the end of a word, and by itself."""
    return [text, f"a{text}", f"{text}a", f"Α{text}Α", f"a\u0301{text}\u0316", f" {text} "]


def mixed(number):
    chance = random.Random(1)
    letters = [*ODD, *HOSTILE, *random.Random(2).sample(CHARACTERS, 2_000)]
    return ["".join(chance.choices(letters, k=chance.randint(1, 12))) for _ in range(number)]


TEXTS = [
    *CHARACTERS,
    *(context for text in [*ODD, *HOSTILE] for context in in_contexts(text)),
    *(text for texts in KINDS.values() for text in texts if names.why_lone(text) is None),
    *WORDS,
    *mixed(20_000),
]


def test_the_page_and_the_server_give_each_text_one_key_and_sort_names_alike():
    expected = [names.key(text) for text in TEXTS]
    keys, order = keys_in_the_page(TEXTS)
    differing = [
        ascii((text, key, other))
        for text, key, other in zip(TEXTS, expected, keys, strict=True)
        if key != other
    ]
    assert differing[:20] == []
    assert order == sorted(range(len(TEXTS)), key=lambda place: expected[place])
