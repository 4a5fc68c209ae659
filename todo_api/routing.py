"""Routing: what the placeholders of a path match, and rules for just the methods they name."""

from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.routing import BaseConverter, Rule

from todo_api.schemas.account import RESERVED


class Username(BaseConverter):
    """Any one segment but those that are routes of their own."""

    regex = "(?!(?:" + "|".join(sorted(RESERVED)) + ")(?:/|$))[^/]+"


class Id(BaseConverter):
    """A number in ASCII, without leading zeros, of at most 18 digits."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)


class Rest(BaseConverter):
    """All the rest of the path, slashes and newlines included."""

    regex = "(?s:.+)"
    part_isolating = False


class RestButSlash(Rest):
    """All the rest of the path but for one trailing slash."""

    def to_python(self, value: str) -> str:
        """Return the rest of the path, as it names something."""
        return value.removesuffix("/")


class Asset(BaseConverter):
    """A file, perhaps in a folder."""

    regex = "[^/]+(?:/[^/]+)?"
    part_isolating = False


CONVERTERS: Mapping[str, type[BaseConverter]] = {
    "username": Username,
    "id": Id,
    "text": Rest,
    "name": RestButSlash,
    "asset": Asset,
}


class ExactRule(Rule):
    """A rule with just the methods that are given; werkzeug would add HEAD wherever GET is."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.methods = set(options["methods"])

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """Return what builds no URL.

        None is ever built from a rule here, and to compile the builders of all of them would take
        most of the time in which an application is made.
        """
        return _build_no_url


def _build_no_url(*_arguments: Any, **_values: Any) -> tuple[str, str]:
    raise NotImplementedError("URLs are written out, not built from rules.")


def rules(path: str) -> list[str]:
    """Return the path in werkzeug's own notation, with and without a trailing slash.

    Where a placeholder takes all the rest of the path, the slash is among what it takes.
    """
    rule = path
    for placeholder in CONVERTERS:
        rule = rule.replace(f"<{placeholder}>", f"<{placeholder}:{placeholder}>")
    takes_the_rest = path == "/" or path.endswith(("<text>", "<name>"))
    return [rule] if takes_the_rest else [rule, rule + "/"]
