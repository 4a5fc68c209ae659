"""The pytest plugin: a live server for tests, as the fixtures `todo_api` and `todo_server`.

Each run of pytest on a machine that has this package loads this module, whether it wants the
fixtures or not. So it loads nothing, until one of them is asked for.
"""

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from todo_api.testing import Server


@pytest.fixture(scope="session")
def todo_server() -> "Iterator[Server]":
    """Lend a live server of this test session's own, with what its tests have left in it."""
    testing = importlib.import_module("todo_api.testing")
    with testing.serving() as server:
        yield server


@pytest.fixture
def todo_api(todo_server: "Server") -> "Server":
    """Lend a live server of this test's own: empty, but for an admin."""
    todo_server.reset()
    return todo_server
