"""Parts: what writes of many are when they share one transaction, and so one wait for the disk."""

from enum import Enum, auto
from typing import Any

MOST = 32
"""Writers that share a commit at most."""

LONGEST = 0.02
"""Seconds after which no other one joins in."""


class Part(Enum):
    """What a transaction of SQLAlchemy is: all of one, or a part of one that writers share."""

    ALL = auto()
    FIRST = auto()
    NEXT = auto()


class InParts:
    """A driver's connection on which a transaction of SQLAlchemy may be a part of a larger one."""

    part = Part.ALL
    is_kept = False
    """Whether the part was committed, which makes it no more than a piece of the whole."""

    held: Any = None
    """The rows that this transaction holds, as it leaves them; a next one may go by that."""

    def take(self, part: Part, held: Any = None) -> None:
        """Let the next transaction be `part`, after one that has left what is `held`."""
        self.part = part
        self.held = held
        self.is_kept = False


class Work:
    """Transactions of one thread that are parts of one; what they are answered has to wait for it.

    `since` says, in time.monotonic(), since when the one waits that is next. It is `sent_away` when
    it has to be done by itself, since it would have to wait while others are held up.
    """

    since: float = 0
    sent_away: bool = False
    is_unknown: bool = False
    """Whether nobody knows what has become of it: the connection ended during the commit."""

    held: Any = None
    """What the last part held, and has left; None where that has failed."""

    @property
    def is_lost(self) -> bool:
        """Whether something of it was done, and is not on the disk, nor ever will be."""
        raise NotImplementedError
