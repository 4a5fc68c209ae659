"""The same server with a commit for each request: its writers queue as ever, but share none."""

import sys

from todo_api import part
from todo_api.cli import main

# A worker that is forked has it from here, one that is spawned runs this line again.
part.MOST = 1

if __name__ == "__main__":
    sys.exit(main())
