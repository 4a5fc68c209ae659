"""The short form of each drill; `make drill` runs the full one."""

import os

import pytest
from faults import modules
from faults.rig import CannotRun, Rig

DRILLS = [
    (name, on)
    for name, module in modules().items()
    for on in getattr(module, "SHORT_ON", module.ON)
]


@pytest.mark.parametrize(("name", "on"), DRILLS)
def test_nothing_is_lost_and_no_promise_broken(name, on):
    rig, module = Rig(on), modules()[name]
    try:
        outcome = module.drill(rig, **module.SHORT)
        assert (outcome.lost, outcome.broken) == (0, 0), outcome
    except CannotRun:
        if "CI" in os.environ:
            raise
    finally:
        rig.close()
