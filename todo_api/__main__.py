"""The command `todo-api`, and `python -m todo_api`."""

import gc

# All that is loaded here stays: to look for garbage in it meanwhile would take a seventh of the
# start, and to look again later would copy what worker processes share.
gc.disable()
from todo_api.cli import main  # noqa: E402 - After the line above, which is what that is for.

gc.freeze()
gc.enable()

__all__ = ["main"]

if __name__ == "__main__":  # Worker processes import this module too.
    main()
