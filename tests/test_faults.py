"""The short form of each drill; `make drill` runs the full one."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from faults import login_time, modules
from faults.rig import CannotRun, Rig
from nacl.pwhash import argon2id

from todo_api.services import passwords


def groups(module):
    """Return on which databases a drill runs, those together on which it runs at once."""
    short = getattr(module, "SHORT_ON", module.ON)
    return [short] if getattr(module, "TOGETHER", False) else [(on,) for on in short]


def alone():
    """Return each drill that runs by itself, with the databases of one run."""
    return [
        (name, group)
        for name, module in modules().items()
        for group in groups(module)
        if not getattr(module, "WAITS", False)
    ]


def waiting():
    """Return the drills that mostly wait until the server gives something up, with a database."""
    found = {name: module for name, module in modules().items() if getattr(module, "WAITS", False)}
    return [(name, on) for name, module in found.items() for (on,) in groups(module)]


def test_a_stranger_would_be_told_apart_by_a_cheaper_hash(monkeypatch):
    cheaper = argon2id.str(b"x", 1, 4 * 1024 * 1024).decode()
    monkeypatch.setattr(passwords, "_NOBODYS_HASH", cheaper)
    with closing(Rig("sqlite")) as rig:
        assert login_time.drill(rig, **login_time.SHORT).broken == 2


def hold(*drills):
    """Run drills at once, each on a database, and see that each has kept all promises."""
    with ExitStack() as end, ThreadPoolExecutor() as pool:
        rigs = [end.enter_context(closing(Rig(on))) for _, on in drills]
        # What runs at once is to begin at once.
        urls = [rig.url for rig in rigs if len(drills) > 1]
        assert len(set(urls)) == len(urls)

        def run(name, rig):
            module = modules()[name]
            return name, module.drill(rig, **module.SHORT)

        try:
            for name, outcome in pool.map(run, [name for name, _ in drills], rigs):
                assert (outcome.lost, outcome.broken) == (0, 0), (name, outcome)
        except CannotRun:
            if "CI" in os.environ:
                raise


@pytest.mark.parametrize(("name", "group"), alone(), ids=str)
def test_nothing_is_lost_and_no_promise_broken(name, group):
    hold(*((name, on) for on in group))


def test_no_promise_is_broken_to_others_until_what_stalls_is_given_up():
    """The server waits for 20 seconds in each of these drills, which therefore run at once."""
    hold(*waiting())


def test_every_drill_is_in_the_suite():
    assert {name for name, _ in (*alone(), *waiting())} == set(modules())
