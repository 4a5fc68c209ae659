"""Tries: how often something is tried, and how long is waited in between."""

import random
import time

from todo_api.client.errors import ApiError

_FIRST_PAUSE = 0.1


class Tries:
    """How often something is tried: so many times at most, and for so many seconds."""

    def __init__(self, most: int, patience: float) -> None:
        self._left = most - 1
        self._end = time.monotonic() + patience
        self._pause = _FIRST_PAUSE

    def again(self, problem: ApiError) -> None:
        """Wait for the next try; raise `problem` if there is none, or it came too late.

        Each pause is twice the one before, on top of what the server asks for, and is cut at
        random, so that all who were refused at once do not come back at once.
        """
        pause = random.uniform(self._pause / 2, self._pause)  # noqa: S311 - It hides nothing.
        pause += problem.retry_after or 0
        if self._left <= 0 or time.monotonic() + pause > self._end:
            raise problem
        self._left -= 1
        self._pause *= 2
        time.sleep(pause)
