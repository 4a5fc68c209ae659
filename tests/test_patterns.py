"""No regular expression of the package takes longer than the length of the text that it meets."""

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_texts import hostile_texts
from test_values import least_seconds

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "todo_api"
MATCHERS = ("compile", "fullmatch", "match", "search", "sub", "split", "finditer", "findall")
NO_INPUT = ("openapi/", "postman/", "migrations/", "settings.py", "cli/", "client/")
"""Where patterns meet only what this project or its operator has written."""

UNRESOLVED = (
    "{} uses a pattern that this test cannot find. Give it a name in its module, as"
    " NAME = re.compile(...), so that hostile texts can be tried on it."
)


def module_of(file):
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return importlib.import_module(name)


def texts_of(value):
    """Return the patterns in a value of a module: itself, or those of a mapping."""
    if isinstance(value, re.Pattern):
        return [value.pattern]
    if isinstance(value, dict):
        return [each for each in value.values() if isinstance(each, str)]
    return [value] if isinstance(value, str) else []


def patterns_in(file):
    """Yield the text of each pattern that a module uses."""
    module = module_of(file)
    for node in ast.walk(ast.parse(file.read_text())):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_call and getattr(node.func.value, "id", "") == "re" and node.func.attr in MATCHERS:
            first, where = node.args[0], f"{file.relative_to(ROOT)}:{node.lineno}"
            if isinstance(first, ast.Constant):
                yield first.value
                continue
            if any(getattr(each, "attr", "") == "escape" for each in ast.walk(first)):
                continue  # It matches one text only.
            while isinstance(first, ast.Subscript | ast.Attribute):
                first = first.value
            found = texts_of(getattr(module, getattr(first, "id", ""), None))
            if not found:
                found = [
                    text
                    for value in vars(module).values()
                    if isinstance(value, re.Pattern)
                    for text in texts_of(value)
                ]
            assert found, UNRESOLVED.format(where)
            yield from found
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "regex":
            for value in vars(module).values():
                if isinstance(value, type) and isinstance(getattr(value, "regex", None), str):
                    yield value.regex


def all_patterns():
    found = set()
    for file in sorted(PACKAGE.rglob("*.py")):
        if "versions" not in file.parts and not str(file.relative_to(PACKAGE)).startswith(NO_INPUT):
            found |= set(patterns_in(file))
    return sorted(each.decode("latin-1") if isinstance(each, bytes) else each for each in found)


PATTERNS = all_patterns()


def nested_quantifiers(pattern):
    """Return the groups that repeat without bound and hold something that does so, too.

    Such a group can match one text in many ways, unless the inner repetition is possessive or
    begins and ends at characters of its own. What is possessive (`*+`) or atomic (`(?>`) cannot.
    """
    found, opened, index = [], [], 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            index += 2
            continue
        if character == "[":
            index = pattern.index("]", index + 2)
        elif character == "(":
            opened.append([index, False])
        elif character == ")" and opened:
            begin, repeats = opened.pop()
            rest = pattern[index + 1 : index + 3]
            grows = rest[:1] in ("*", "+") and rest[1:2] != "+"
            if grows and repeats:
                found.append(pattern[begin : index + 1])
            if opened and (grows or repeats):
                opened[-1][1] = True
        if character in "*+" and pattern[index - 1] not in "*+?(" and opened:
            possessive = pattern[index + 1 : index + 2] == "+"
            opened[-1][1] = opened[-1][1] or not possessive
        index += 1
    return found


SAFE = {
    "(?:&[A-Za-z0-9_.~=+:-]*)": "Each repetition begins with &, which none of its parts holds.",
}
"""Groups that repeat within a repetition, and why each text matches in one way only."""


def test_the_check_for_nested_quantifiers_finds_the_one_that_froze_a_server():
    old = r"(?:(?:limit|after|sort|since|itemname)=[^&]*&?)*"
    assert nested_quantifiers(old) == [old.removesuffix("*")]
    assert nested_quantifiers("(?:a++b)*") == []
    assert nested_quantifiers("(?:a+)+") == ["(?:a+)"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_repetition_stands_in_another_one(pattern):
    for group in nested_quantifiers(pattern):
        assert group in SAFE, (
            f"{group} repeats something that repeats. Split the text instead, or make the inner"
            " repetition possessive (`*+`); if each text matches in one way only, say why in SAFE."
        )


PROGRAM = """
import json, re, sys
from hostile_texts import hostile_texts

for pattern in json.load(sys.stdin):
    print(ascii(pattern), flush=True)
    compiled = re.compile(pattern, re.DOTALL)
    for text in hostile_texts(pattern, 60):
        for match in (compiled.match, compiled.fullmatch, compiled.search):
            match(text)
"""


def test_every_pattern_ends():
    """In a process of its own, since one whose time doubles with each repetition never ends."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(PATTERNS),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT / "tests",
    )
    assert process.stdout.splitlines() == list(map(ascii, PATTERNS))


def methods_of(pattern, compiled):
    """Return how the package uses a pattern. To search for one that repeats is to begin often."""
    searched = any(
        re.search(rf"{name}\.(search|sub|finditer|findall|split)\(", file.read_text())
        for file in PACKAGE.rglob("*.py")
        for name in names_of(pattern, file)
    )
    return (compiled.match, compiled.fullmatch, *([compiled.search] if searched else []))


def names_of(pattern, file):
    """Return what a pattern is called in a module: its constant, or `re` where it has no name."""
    source = file.read_text()
    if "re." not in source or str(file.relative_to(PACKAGE)).startswith(NO_INPUT):
        return []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            value = vars(module_of(file)).get(name)
            if isinstance(value, re.Pattern) and pattern in (value.pattern, _text(value.pattern)):
                return [rf"\b{name}"]
    return []


def _text(pattern):
    return pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_takes_no_longer_than_its_text_is_long(pattern):
    compiled = re.compile(pattern, re.DOTALL)
    for method in methods_of(pattern, compiled):
        pairs = zip(hostile_texts(pattern, 1_000), hostile_texts(pattern, 10_000), strict=True)
        for short, long in pairs:
            brief = least_seconds(lambda text=short, run=method: run(text), 2)
            whole = least_seconds(lambda text=long, run=method: run(text), 2)
            # Ten times the text; with the square of it, this is 100 times, of what can be measured.
            assert whole < 0.01 or whole < 40 * brief, (method.__name__, long[:40])
