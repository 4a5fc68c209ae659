"""What an import left out or took otherwise than it stands: counted, and told by kind."""

from dataclasses import dataclass, field
from typing import Any

from marshmallow import fields

from todo_api.schemas.fields import Text
from todo_api.schemas.numbers import Integer
from todo_api.schemas.wire import Wire

MOST_KINDS = 100
MOST_LINES = 20
LONGEST_REASON = 1_000
"""Characters of a reason that are told; it may say what stands in the file."""

CANCELLED = "It is cancelled."
ONLY_A_DAY = "It names no time: it is taken as the start of the day in the account's zone."
THE_IMPORT = "the time of the import"


def no_state(*, done: bool) -> str:
    """Return why what a file says of the state of a task is not kept."""
    return f"A task is open or completed, and this one is {'completed' if done else 'open'}."


def not_when(source: str) -> str:
    """Return from what the time is when a task was done, of which a file does not say it."""
    return f"It does not say when: {source} is taken."


def unknown_zone(name: str) -> str:
    """Return what becomes of a time in a zone that is not known."""
    return f"The time zone {name[:100]!r} is not known: this is a time in the account's."


class SkippedSchema(Wire):
    """Something in another program's file that was skipped or changed, why, and its lines.

    In JSON these are the numbers of the tasks.
    """

    what = Text(most=100)
    reason = Text(most=1_000)
    count = Integer(least=1)
    lines = fields.List(Integer(least=1))

    example = {
        "what": "VALARM",
        "reason": "Tasks have nothing like it here.",
        "count": 2,
        "lines": [14, 30],
    }


@dataclass
class Skipped:
    """What was skipped or changed, by what it is and why; of each the first lines are told."""

    kinds: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    @property
    def told(self) -> list[dict[str, Any]]:
        """What is told of it, in the order of the lines."""
        return sorted(self.kinds.values(), key=lambda kind: kind["lines"])

    def note(self, line: int, what: str, reason: str) -> None:
        """Note that `what` in `line` was skipped or changed."""
        kind = what[:100], reason[:LONGEST_REASON]
        if kind not in self.kinds and len(self.kinds) >= MOST_KINDS:
            kind = "More", "There are too many kinds of things here to name each."
        told = self.kinds.setdefault(
            kind, {"what": kind[0], "reason": kind[1], "count": 0, "lines": []}
        )
        told["count"] += 1
        if len(told["lines"]) < MOST_LINES:
            told["lines"].append(line)
