"""The answer that a process rendered last for one URL, to be given again while it is true."""

from collections.abc import Callable
from typing import Any

from todo_api.resources import json_text


class LastRendered:
    """Keeps one body of at most `room` bytes, with the version of what it shows."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._last: tuple[str, bytes] | None = None

    def body(self, version: str, data: Callable[[], Any]) -> bytes:
        """Return the body for `version`; render what `data` returns unless it is kept."""
        last = self._last
        if last is not None and last[0] == version:
            return last[1]
        body = json_text.render(data())
        if len(body) <= self._room:
            self._last = version, body
        return body
