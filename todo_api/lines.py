"""Lines of work: each is for one worker at a time, and who has waited longest is next."""

import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lines(Generic[Item]):
    """Items in lines, which are there as long as something is in them or somebody works on them."""

    def __init__(self) -> None:
        self.length = 0
        """How many items wait in all lines."""
        self._changing = threading.Lock()
        self._lines: dict[str, deque[Item]] = {}
        self._free = deque[str]()

    @property
    def has_free(self) -> bool:
        """Whether there is a line with something in it on which nobody works."""
        return bool(self._free)

    def put(self, name: str, item: Item) -> None:
        """Put an item at the end of the line of that name."""
        with self._changing:
            self.length += 1
            line = self._lines.get(name)
            if line is None:
                self._lines[name] = deque([item])
                self._free.append(name)
            else:
                line.append(item)

    def take(self) -> str | None:
        """Begin to work on a line, and return its name; None if there is none for that."""
        with self._changing:
            return self._free.popleft() if self._free else None

    def next(self, name: str) -> Item | None:
        """Take the first item out of a line, None if there is none any more."""
        with self._changing:
            line = self._lines[name]
            if not line:
                return None
            self.length -= 1
            return line.popleft()

    def leave(self, name: str) -> None:
        """End to work on a line."""
        with self._changing:
            if self._lines[name]:
                self._free.append(name)
            else:
                del self._lines[name]
