"""Bad rows of a file, told in few words: the rows that have an error in common are one line."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from todo_api.errors import Invalid
from todo_api.values.quotes import quoted

MOST_NAMED = 20
"""How many errors an answer names."""

MOST_BAD = 1_000
"""After so many bad rows, the rest is not looked at."""

_MOST_PLACES = 5
_WORDS = {True: "true", False: "false", None: "null"}


class BadRow(NamedTuple):
    """Something that stands where a row should, and what is wrong with it."""

    place: str
    reasons: list[str]


def reasons(error: Invalid, sent: Mapping[str, Any]) -> list[str]:
    """Return the sentences that say what is wrong in what was `sent`, each with the value."""
    errors = error.errors or {}
    texts = [_with_value(name, text, sent) for name, many in errors.items() for text in many]
    return texts or [error.message]


def together(bad: Iterable[BadRow], most: int | None = None) -> dict[str, list[str]]:
    """Return the first reasons, at most `most`, by the places of all rows that have them."""
    places: dict[str, list[str]] = {}
    for row in bad:
        for reason in row.reasons:
            places.setdefault(reason, []).append(row.place)
    told: dict[str, list[str]] = {}
    for reason, where in islice(places.items(), most):
        told.setdefault(_first_of(where), []).append(reason)
    return told


def refusal(bad: Sequence[BadRow], what: str = "row") -> Invalid:
    """Return the error that names the first of the bad rows and says how many there are.

    More than MOST_BAD are not counted, since a caller stops there.
    """
    if len(bad) > MOST_BAD:
        count = f"More than {MOST_BAD:,} {what}s are"
    else:
        count = f"1 {what} is" if len(bad) == 1 else f"{len(bad):,} {what}s are"
    return Invalid(f"{count} wrong; nothing was imported.", errors=together(bad, MOST_NAMED))


def _first_of(places: Sequence[str]) -> str:
    named, more = ", ".join(places[:_MOST_PLACES]), len(places) - _MOST_PLACES
    return f"{named} and {more:,} more" if more > 0 else named


def _with_value(name: str, text: str, sent: Mapping[str, Any]) -> str:
    value = sent.get(name, sent)
    if isinstance(value, Mapping):
        value = value.get(text.partition(":")[0], value)
    if isinstance(value, Mapping | list):
        return f"{name}: {text}"
    shown = _WORDS[value] if value is None or isinstance(value, bool) else str(value)
    return f"{name}: {text.removesuffix('.')}: {quoted(shown)}."
