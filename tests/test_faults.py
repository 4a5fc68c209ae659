"""The short form of each drill; `make drill` runs the full one."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial

import pytest
from faults import login_time, modules
from faults.rig import CannotRun, Rig
from nacl.pwhash import argon2id

from todo_api.services import passwords


def groups(module):
    """Return on which databases a drill runs, those together on which it runs at once."""
    short = getattr(module, "SHORT_ON", module.ON)
    return [short] if getattr(module, "TOGETHER", False) else [(on,) for on in short]


DRILLS = [(name, group) for name, module in modules().items() for group in groups(module)]


def test_a_stranger_would_be_told_apart_by_a_cheaper_hash(monkeypatch):
    cheaper = argon2id.str(b"x", 1, 4 * 1024 * 1024).decode()
    monkeypatch.setattr(passwords, "_NOBODYS_HASH", cheaper)
    with closing(Rig("sqlite")) as rig:
        assert login_time.drill(rig, **login_time.SHORT).broken == 2


@pytest.mark.parametrize(("name", "group"), DRILLS, ids=str)
def test_nothing_is_lost_and_no_promise_broken(name, group):
    module = modules()[name]
    with ExitStack() as end, ThreadPoolExecutor() as pool:
        rigs = [end.enter_context(closing(Rig(on))) for on in group]
        # What runs at once is to begin at once.
        urls = [rig.url for rig in rigs if len(group) > 1]
        assert len(set(urls)) == len(urls)
        try:
            for outcome in pool.map(partial(module.drill, **module.SHORT), rigs):
                assert (outcome.lost, outcome.broken) == (0, 0), outcome
        except CannotRun:
            if "CI" in os.environ:
                raise
