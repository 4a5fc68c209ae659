"""`python -m todo_api` is the command `todo-api`."""

from todo_api.cli import main

if __name__ == "__main__":  # Worker processes import this module too.
    main()
