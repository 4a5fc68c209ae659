"""Names as JavaScript knows them: an independent view of Unicode, and the page's own key."""

import json
import subprocess
from functools import cache

from conftest import ROOT
from node_packages import NODE

PAGE_MODULE = (ROOT / "todo_api/web/names.js").as_uri()

IGNORABLES = r"""
const found = [];
for (let code = 0; code <= 0x10ffff; code += 1) {
  if (/\p{Default_Ignorable_Code_Point}/u.test(String.fromCodePoint(code))) found.push(code);
}
console.log(JSON.stringify(found));
"""

KEYS = f"""
import {{ compareKeys, nameKey }} from "{PAGE_MODULE}";
import {{ readFileSync }} from "node:fs";
const keys = JSON.parse(readFileSync(0, "utf8")).map(nameKey);
const places = keys.map((_, place) => place);
const order = places.sort((one, other) => compareKeys(keys[one], keys[other]));
console.log(JSON.stringify({{ keys, order }}));
"""


def in_node(program, sent=""):
    """Return what a module of JavaScript prints as JSON; it reads `sent` from its input."""
    run = [NODE, "--no-warnings", "--input-type=module", "--eval", program]
    done = subprocess.run(run, input=sent, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


@cache
def ignorables():
    """Return the Default_Ignorable_Code_Points of the Unicode that node has, as characters."""
    return frozenset(map(chr, in_node(IGNORABLES)))


def keys_in_the_page(texts):
    """Return the key that the page's JavaScript makes of each text, and how it sorts the keys.

    The order is a list of places in `texts`.
    """
    answer = in_node(KEYS, json.dumps(texts))
    return answer["keys"], answer["order"]
