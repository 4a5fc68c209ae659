"""The same server with a commit for each request: writes queue as ever, but share no commit."""

import sys

from todo_api.cli import main
from todo_api.server import executors

# A worker that is spawned runs this line again.
executors.LARGEST_BATCH = 1

if __name__ == "__main__":
    sys.exit(main())
