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
